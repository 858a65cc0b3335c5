import { ONE_ISSUER_OPTIONS, type SharedIssuerValues } from './issuer-options.js';
import type { SeveralIssuersValues } from './module-options.js';
import type { OptionIssue } from './option-issues.js';
import type { ResolvedResource } from './resource-options.js';
import type { ResolvedIssuer, ResolvedOptions } from './resolved-options.js';
import type { Rule } from './schema.js';

type SeveralIssuersRule = Rule<SeveralIssuersValues>;

/** Beside a list it would be unclear for which member a `jwksUri` at the top is meant. */
const issuersStandAlone: SeveralIssuersRule = (_values, isGiven) =>
  isGiven('issuers')
    ? Object.keys(ONE_ISSUER_OPTIONS)
        .filter(isGiven)
        .map((path) => ({ path, message: 'contradicts "issuers"; it belongs into one of its members' }))
    : [];

/** Tokens say who is asked for: without bounds a stranger would choose. */
const tenantsAreBounded: SeveralIssuersRule = ({ issuers }, isGiven) => {
  const path = 'allowedIssuers';
  if (typeof issuers === 'function') {
    const message = 'is missing: a list or a predicate of what "issuers" may be asked for';
    return isGiven(path) ? [] : [{ path, message }];
  }
  return isGiven(path) ? [{ path, message: 'has no effect: it belongs to a function "issuers"' }] : [];
};

export const SEVERAL_ISSUERS_RULES: readonly SeveralIssuersRule[] = [issuersStandAlone, tenantsAreBounded];

/** RFC 9068 section 4 accepts `at+jwt` only: a list without it would accept nothing of such an issuer. */
export function profileFitsTokenTypes(
  issuers: readonly Pick<SharedIssuerValues, 'profile'>[],
  tokenTypes: ResolvedOptions['tokenTypes'],
): readonly OptionIssue[] {
  const isProfiled = issuers.some(({ profile }) => profile === 'rfc9068');
  if (!isProfiled || tokenTypes.includes('at+jwt')) return [];
  return [
    {
      path: 'tokenTypes',
      message:
        "contradicts \"profile\": 'rfc9068', which accepts 'at+jwt' only; add it, or leave one of them out",
    },
  ];
}

/** A tenant is what its tokens name, exactly (RFC 7519 section 4.1.1). */
export function issuerIsAsked(issuer: string, asked: string): readonly OptionIssue[] {
  if (issuer === asked) return [];
  return [{ path: 'issuer', message: 'is not the string that was asked for; they are compared exactly' }];
}

/** Issuers of the configuration are never driven out. */
export function cacheHoldsAllIssuers(
  issuers: readonly unknown[],
  { maxEntries }: ResolvedOptions['cache'],
): readonly OptionIssue[] {
  if (issuers.length <= maxEntries) return [];
  const count = `${String(issuers.length)} issuers are configured`;
  return [{ path: 'cache.maxEntries', message: `${count}; all of them must fit, got ${String(maxEntries)}` }];
}

/** A resource whose audience no issuer's tokens may have would refuse every token. */
export function resourcesAreReachable(
  issuers: readonly Pick<ResolvedIssuer, 'audience'>[],
  resources: readonly ResolvedResource[],
): readonly OptionIssue[] {
  if (issuers.length === 0) return [];
  const unreachable = resources.filter(
    ({ audience }) =>
      audience !== null &&
      !issuers.some(
        (issuer) => issuer.audience === null || audience.some((name) => issuer.audience?.includes(name)),
      ),
  );
  return unreachable.map(({ url }) => ({
    path: 'audience',
    message: `accepts no token for the resource '${url}': leave "audience" out, or name the audience of each resource in it`,
  }));
}

type SenderRule = Rule<Pick<ResolvedOptions, 'senderConstrained' | 'publicUrl' | 'dpop' | 'mtls'>>;

/** RFC 9449 section 4.3 number 9: a proof names the URL that the client has called, and the Host header is the sender's own word. */
const proofsNeedPublicUrl: SenderRule = ({ senderConstrained, publicUrl, dpop }, isGiven) => {
  if (senderConstrained === 'reject' || dpop === undefined) return [];
  if (publicUrl !== undefined || isGiven('publicUrl')) return [];
  const message = `is missing: senderConstrained: '${senderConstrained}' compares the URL in DPoP proofs with it`;
  const withoutDpop = '; if tokens are bound to certificates only, set dpop: false';
  return [{ path: 'publicUrl', message: isGiven('mtls') ? message + withoutDpop : message }];
};

const bindingHasEffect: SenderRule = ({ senderConstrained }, isGiven) => {
  if (senderConstrained !== 'reject' || isGiven('senderConstrained')) return [];
  const message = "has no effect without senderConstrained: 'accept' or 'require'";
  return ['dpop', 'mtls'].filter(isGiven).map((path) => ({ path, message }));
};

/** A module that accepts bound tokens and no way to prove them would refuse all of them. */
const someProofIsAccepted: SenderRule = ({ senderConstrained, dpop }, isGiven) => {
  if (senderConstrained === 'reject' || dpop !== undefined || isGiven('mtls')) return [];
  const message = `is false, and "mtls" is missing: senderConstrained: '${senderConstrained}' needs one of them`;
  return [{ path: 'dpop', message }];
};

export const SENDER_RULES: readonly SenderRule[] = [
  proofsNeedPublicUrl,
  bindingHasEffect,
  someProofIsAccepted,
];
