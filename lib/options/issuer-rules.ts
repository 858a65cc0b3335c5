import { isUrlAllowed, parseUrl } from '../model/url-policy.js';
import type { IssuerValues } from './issuer-options.js';
import { issuerOfMetadataUrl } from './metadata-url.js';
import { expected } from './option-issues.js';
import type { Rule } from './schema.js';

type IssuerRule = Rule<IssuerValues>;

/** RFC 8725 section 3.8. There is nothing to derive it from: `iss` of a token is what has to be checked. */
const issuerIsNamed: IssuerRule = (_values, isGiven) =>
  isGiven('issuer')
    ? []
    : [{ path: 'issuer', message: "is missing: the exact string that tokens carry in 'iss'" }];

/** Without it tokens for any other API of the provider would be accepted (RFC 8725 section 3.9). */
const audienceIsNamed: IssuerRule = ({ audience }, isGiven) =>
  audience !== undefined || isGiven('audience')
    ? []
    : [
        {
          path: 'audience',
          message:
            'is missing: name the audience of your API, as the provider puts it into tokens; null accepts any',
        },
      ];

/** RFC 8414 section 3, OpenID Connect Discovery 1.0 section 4: over plain http anybody on the way could hand out keys. */
const urlsAreAllowed: IssuerRule = (values) =>
  (['discoveryUrl', 'jwksUri'] as const).flatMap((path) => {
    const url = values[path];
    if (url === undefined || isUrlAllowed(url, values.http.allowInsecureOrigins)) return [];
    const what = 'an https URL (http only on loopback, or with http.allowInsecureOrigins)';
    return [{ path, message: expected(what, url) }];
  });

/** Of two places one would be ignored, and a reader could not tell which. */
const keysComeFromOnePlace: IssuerRule = (values) => {
  const sources = (['discoveryUrl', 'jwksUri', 'jwks'] as const).filter((name) => values[name] !== undefined);
  const [first, second] = sources;
  if (first === undefined || second === undefined) return [];
  return [{ path: second, message: `contradicts "${first}": the keys come from one place` }];
};

/** An option without effect is a mistake of the person who wrote it: they expect a check that is not made. */
const metadataIssuerNeedsMetadata: IssuerRule = ({ jwksUri, jwks }, isGiven) =>
  isGiven('metadataIssuer') && (jwksUri !== undefined || jwks !== undefined)
    ? [{ path: 'metadataIssuer', message: 'has no effect without discovery' }]
    : [];

/** RFC 9068 section 4: "aud" is what its tokens are judged by, whatever else is in them. */
const profileJudgesAud: IssuerRule = ({ profile, audienceClaim }) =>
  profile === 'rfc9068' && audienceClaim !== 'aud'
    ? [
        {
          path: 'audienceClaim',
          message: `contradicts "profile": 'rfc9068', whose audience is the claim "aud"; leave one of them out`,
        },
      ]
    : [];

/** What is demanded of URLs, proofs and requirements belongs to no issuer. At the top it is gone by now: see applyProfile. */
const profileOfModuleIsAtTop: IssuerRule = ({ profile }) =>
  profile === 'fapi2'
    ? [{ path: 'profile', message: '\'fapi2\' is for the whole module: put it beside "issuers"' }]
    : [];

/** If nothing else says where the keys are, discovery goes from the issuer (OpenID Connect Discovery section 4). */
const issuerLeadsToMetadata: IssuerRule = ({ issuer, jwks, http }, isGiven) => {
  if (issuer === undefined || jwks !== undefined || isGiven('discoveryUrl') || isGiven('jwksUri')) return [];
  const named = issuerOfMetadataUrl(issuer);
  if (named !== undefined) {
    const message =
      `is the URL of a metadata document; expected the "issuer" in that document, probably '${named}'. ` +
      'If the document is elsewhere than that says, add "discoveryUrl"';
    return [{ path: 'issuer', message }];
  }
  const url = parseUrl(issuer);
  const isPlain = url !== undefined && url.search === '' && url.hash === '';
  if (isPlain && isUrlAllowed(issuer, http.allowInsecureOrigins)) return [];
  const what =
    'an https URL without query and fragment (http only on loopback, or with http.allowInsecureOrigins); ' +
    'an issuer of another form needs "discoveryUrl", "jwksUri" or "jwks"';
  return [{ path: 'issuer', message: expected(what, issuer) }];
};

/** What must hold between the options of one issuer, in the order in which it is reported. */
export const ISSUER_RULES: readonly IssuerRule[] = [
  issuerIsNamed,
  audienceIsNamed,
  urlsAreAllowed,
  keysComeFromOnePlace,
  metadataIssuerNeedsMetadata,
  profileJudgesAud,
  profileOfModuleIsAtTop,
  issuerLeadsToMetadata,
];
