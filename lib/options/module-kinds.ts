import { ClientNames } from '../model/client-names.js';
import { isJsonObject } from '../model/json.js';
import { normalizeTokenType } from '../model/token-type.js';
import { atOnce } from './at-once.js';
import type { IssuerOptions, IssuerSource } from './issuer-options.js';
import { claimSource, isStringList, option, refused, textList } from './kinds.js';
import { expected } from './option-issues.js';
import type { ClaimSource } from './options.types.js';
import type { Option } from './schema.js';

type GivenIssuers = readonly IssuerOptions[] | IssuerSource;
type UnreadIssuers = readonly unknown[] | IssuerSource;

/** The list itself; its members are read over the options at the top. */
export function issuers(): Option<GivenIssuers, UnreadIssuers | undefined> {
  return option<GivenIssuers, UnreadIssuers | undefined>(undefined, (given) => {
    if (typeof given === 'function') return { value: given as IssuerSource };
    if (Array.isArray(given) && given.length > 0) return { value: given };
    return refused(expected('a non-empty list of issuer options, or a function', given));
  });
}

type IssuerPredicate = (unverifiedIssuer: string) => boolean;

/** What `issuers()` may be asked for must be said, because tokens say who is asked for. */
export function allowedIssuers(): Option<readonly string[] | IssuerPredicate, IssuerPredicate | undefined> {
  return option<readonly string[] | IssuerPredicate, IssuerPredicate | undefined>(undefined, (given) => {
    if (typeof given === 'function') {
      const predicate = given as (unverifiedIssuer: string) => unknown;
      return {
        value: (unverifiedIssuer) => atOnce(predicate(unverifiedIssuer), '"allowedIssuers"') === true,
      };
    }
    if (!isStringList(given)) return refused(expected('a non-empty list of strings, or a function', given));
    const names = new Set(given);
    return { value: (unverifiedIssuer) => names.has(unverifiedIssuer) };
  });
}

type TokenTypes = readonly (string | null)[];

/** `typ` without `application/` and in lower case (RFC 7515 section 4.1.9), null for an absent one. */
export function tokenTypes(fallback: TokenTypes): Option<TokenTypes, TokenTypes> {
  const normalize = (types: TokenTypes): TokenTypes =>
    Object.freeze(types.map((type) => (type === null ? null : normalizeTokenType(type))));
  return option<TokenTypes, TokenTypes>(normalize(fallback), (given) =>
    isTokenTypes(given)
      ? { value: normalize(given) }
      : refused(expected("a non-empty list of 'typ' values, null for an absent one", given)),
  );
}

function isTokenTypes(value: unknown): value is TokenTypes {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((type) => type === null || (typeof type === 'string' && type.trim() !== ''))
  );
}

/** Those of the application come on top: a token without `exp` would be good for ever. */
export function requiredClaims(fallback: readonly string[]): Option<readonly string[], readonly string[]> {
  const list = textList(Object.freeze(fallback));
  return option<readonly string[], readonly string[]>(list.default, (given, inherited) => {
    const { value, issues } = list.read(given, inherited);
    return { value: Object.freeze([...new Set([...fallback, ...value])]), issues };
  });
}

/** The one that the application names takes the place of all those of the default. */
export function scopeClaim(fallback: readonly ClaimSource[]): Option<ClaimSource, readonly ClaimSource[]> {
  return option<ClaimSource, readonly ClaimSource[]>(Object.freeze(fallback), (given, inherited) => {
    const { value, issues } = claimSource().read(given, undefined);
    return { value: value === undefined ? inherited : Object.freeze([value]), issues };
  });
}

type GivenNames = Readonly<Record<string, string>>;

export function clientNames(): Option<GivenNames, ClientNames> {
  return option<GivenNames, ClientNames>(ClientNames.NONE, (given) => {
    if (!isJsonObject(given)) return refused(expected('an object of names by client id', given));
    const read = ClientNames.from(given);
    return read instanceof ClientNames ? { value: read } : { issues: read.map((message) => ({ message })) };
  });
}
