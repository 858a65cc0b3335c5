import { isUrlAllowed, parseUrl } from '../http/url-policy.js';
import { findAlgorithm, isVerifiableHere, SIGNATURE_ALGORITHMS, withAliases } from '../model/algorithms.js';
import type { HttpSettings } from '../http/http-settings.js';
import { deepFreeze, isJsonObject } from '../model/json.js';
import { readClaimSource } from './read-claim-source.js';
import { isStringList, type OptionReader } from './option-reader.js';
import type { ClaimSource, Profile, ValidateHook } from './options.types.js';
import { bindCredentials, resolveHttp } from './resolve-http.js';
import type { ResolvedIssuer } from './resolved-options.js';

/** What may stand at the top and in each issuer. */
export const SHARED_NAMES = [
  'audience',
  'audienceClaim',
  'algorithms',
  'profile',
  'http',
  'validate',
  'rolesClaim',
] as const;
/** What belongs to one issuer. */
export const ONE_ISSUER_NAMES = ['issuer', 'metadataIssuer', 'discoveryUrl', 'jwksUri'] as const;

/** The shared members at the top, which are the defaults of each issuer. */
export interface IssuerDefaults {
  /** undefined where the top names none. */
  readonly audience: readonly string[] | null | undefined;
  readonly audienceClaim: string;
  readonly algorithms: readonly string[];
  readonly profile: Profile;
  readonly http: HttpSettings;
  readonly validate: readonly ValidateHook[];
  readonly rolesClaim: ClaimSource | undefined;
}

const VERIFIABLE: readonly string[] = Object.freeze(
  SIGNATURE_ALGORITHMS.filter(isVerifiableHere).map((row) => row.name),
);

export function readIssuerDefaults(reader: OptionReader, baseHttp: HttpSettings): IssuerDefaults {
  return readShared(reader, {
    audience: undefined,
    audienceClaim: 'aud',
    algorithms: VERIFIABLE,
    profile: 'any',
    http: baseHttp,
    validate: [],
    rolesClaim: undefined,
  });
}

/** One issuer; undefined where it has no usable name. All of it is read in any case: one start shows all that is wrong. */
export function resolveIssuer(reader: OptionReader, defaults: IssuerDefaults): ResolvedIssuer | undefined {
  const issuer = reader.string('issuer');
  if (!reader.has('issuer')) {
    reader.problem('issuer', "is missing: the exact string that tokens carry in 'iss'");
  }
  const shared = reader.path === '' ? defaults : readShared(reader, defaults);
  if (shared.audience === undefined && (reader.raw('audience') ?? undefined) === undefined) {
    const advice = 'name the audience of your API, as the provider puts it into tokens; null accepts any';
    reader.problem('audience', `is missing: ${advice}`);
  }
  const { audience, audienceClaim, algorithms, profile, validate, rolesClaim } = shared;
  const discoveryUrl = readUrl(reader, 'discoveryUrl', shared.http);
  const jwksUri = readUrl(reader, 'jwksUri', shared.http);
  // Named one by one: an object that is made by spreading and frozen then has a hidden class of its own.
  const resolved: ResolvedIssuer = {
    issuer: issuer ?? '',
    audience: audience ?? null,
    audienceClaim,
    algorithms,
    profile,
    http: bindCredentials(shared.http, [issuer, discoveryUrl, jwksUri]),
    validate,
    rolesClaim,
    metadataIssuer: readMetadataIssuer(reader) ?? issuer ?? '',
    discoveryUrl,
    jwksUri,
    jwks: reader.path === '' ? undefined : readStaticKeySet(reader),
  };
  refuseContradictions(reader, resolved);
  if (issuer === undefined) return undefined;
  refuseWrongName(reader, resolved);
  return Object.freeze(resolved);
}

function readShared(reader: OptionReader, base: IssuerDefaults): IssuerDefaults {
  const hook = reader.function('validate') as ValidateHook | undefined;
  return {
    audience: readAudience(reader) ?? (reader.raw('audience') === null ? null : base.audience),
    audienceClaim: reader.string('audienceClaim') ?? base.audienceClaim,
    algorithms: readAlgorithms(reader) ?? base.algorithms,
    profile: reader.oneOf('profile', base.profile, ['any', 'rfc9068']),
    http: resolveHttp(reader, base.http),
    validate: Object.freeze(hook === undefined ? base.validate : [...base.validate, hook]),
    rolesClaim: readClaimSource(reader, 'rolesClaim') ?? base.rolesClaim,
  };
}

function readAudience(reader: OptionReader): readonly string[] | undefined {
  const value = reader.raw('audience');
  if (value === undefined || value === null) return undefined;
  const names: unknown = typeof value === 'string' ? [value] : value;
  if (isStringList(names) && names.every((name) => name.trim() === name)) {
    return Object.freeze([...new Set(names)]);
  }
  if (isStringList(names)) {
    reader.wrong('audience', 'names without spaces and line breaks around them');
    return undefined;
  }
  reader.wrong('audience', 'a non-empty string, a non-empty list of them, or null');
  return undefined;
}

function readAlgorithms(reader: OptionReader): readonly string[] | undefined {
  const names = reader.strings('algorithms');
  if (names === undefined) return undefined;
  for (const name of names) {
    const row = findAlgorithm(name);
    if (row === undefined) {
      const why =
        name === 'none' || /^HS\d/.test(name)
          ? 'is not allowed: an access token must be signed with an asymmetric key'
          : `is not known; known are ${SIGNATURE_ALGORITHMS.map((known) => known.name).join(', ')}`;
      reader.problem('algorithms', `'${name}' ${why}`);
    } else if (!isVerifiableHere(row)) {
      reader.problem(
        'algorithms',
        `'${name}' cannot be verified by Node.js ${process.version}; leave it out`,
      );
    }
  }
  return Object.freeze(withAliases(names));
}

function readUrl(
  reader: OptionReader,
  name: 'discoveryUrl' | 'jwksUri',
  http: HttpSettings,
): string | undefined {
  const value = reader.string(name);
  if (name === 'jwksUri' && value !== undefined && issuerOfMetadataUrl(value) !== undefined) {
    reader.problem(name, 'is the URL of a metadata document, not of a key set; name it "discoveryUrl"');
    return undefined;
  }
  if (value === undefined || isUrlAllowed(value, http.allowInsecureOrigins)) return value;
  reader.wrong(name, 'an https URL (http only on loopback, or with http.allowInsecureOrigins)');
  return undefined;
}

function readStaticKeySet(reader: OptionReader): ResolvedIssuer['jwks'] {
  if (!reader.has('jwks')) return undefined;
  const value = copyJson(reader.raw('jwks'));
  if (isJsonObject(value) && Array.isArray(value['keys']) && value['keys'].length > 0) {
    return deepFreeze(value);
  }
  reader.problem(
    'jwks',
    'expected a JWK Set, { keys: [ … ] }, with at least one key; cache settings of key sets stand at the top',
  );
  return undefined;
}

/** What JSON can say of a value; undefined where it cannot. */
function copyJson(value: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(value)) as unknown;
  } catch {
    return undefined;
  }
}

function readMetadataIssuer(reader: OptionReader): string | undefined {
  const value = reader.string('metadataIssuer');
  const named = value === undefined ? undefined : issuerOfMetadataUrl(value);
  if (named !== undefined) {
    reader.problem(
      'metadataIssuer',
      `is the URL of a metadata document; expected its "issuer", probably '${named}'`,
    );
  }
  return value;
}

const KEY_SOURCES = ['discoveryUrl', 'jwksUri', 'jwks'] as const;

function refuseContradictions(reader: OptionReader, issuer: ResolvedIssuer): void {
  const sources = KEY_SOURCES.filter((name) => issuer[name] !== undefined);
  if (sources.length > 1) {
    reader.problem(sources[1] ?? '', `contradicts "${sources[0] ?? ''}": the keys come from one place`);
  }
  if (reader.has('metadataIssuer') && (issuer.jwksUri !== undefined || issuer.jwks !== undefined)) {
    reader.problem('metadataIssuer', 'has no effect without discovery');
  }
  // RFC 9068 section 4: "aud" is what its tokens are judged by, whatever else is in them.
  if (issuer.profile === 'rfc9068' && issuer.audienceClaim !== 'aud') {
    reader.problem(
      'audienceClaim',
      `contradicts "profile": 'rfc9068', whose audience is the claim "aud"; leave one of them out`,
    );
  }
}

function refuseWrongName(reader: OptionReader, issuer: ResolvedIssuer): void {
  // At the top "jwks" is settings of the cache.
  if (KEY_SOURCES.some((name) => issuer[name] !== undefined || (name !== 'jwks' && reader.has(name)))) return;
  const named = issuerOfMetadataUrl(issuer.issuer);
  if (named !== undefined) {
    reader.problem(
      'issuer',
      `is the URL of a metadata document; expected the "issuer" in that document, probably '${named}'. ` +
        'If the document is elsewhere than that says, add "discoveryUrl"',
    );
    return;
  }
  const url = parseUrl(issuer.issuer);
  if (url !== undefined && url.search === '' && url.hash === '') {
    if (isUrlAllowed(issuer.issuer, issuer.http.allowInsecureOrigins)) return;
  }
  reader.wrong(
    'issuer',
    'an https URL without query and fragment (http only on loopback, or with http.allowInsecureOrigins); ' +
      'an issuer of another form needs "discoveryUrl", "jwksUri" or "jwks"',
  );
}

/** The issuer whose metadata is at a URL (OpenID Connect Discovery section 4, RFC 8414 section 3); undefined for any other URL. */
function issuerOfMetadataUrl(text: string): string | undefined {
  const match =
    /^([a-z]+:\/\/[^/]+)(.*)\/\.well-known\/(?:openid-configuration|oauth-authorization-server)(\/.*)?$/i.exec(
      text,
    );
  if (match === null) return undefined;
  const [, origin = '', before = '', behind = ''] = match;
  return origin + before + (behind === '/' ? '' : behind);
}
