import type { ErrorCode } from '../errors/error-codes.js';
import type { JsonObject } from '../model/json.js';
import { quoted } from '../model/printable.js';

/** What advice about a token is made of. */
export interface TokenCircumstances {
  readonly issuer: string;
  /** Accepted audiences; null accepts any. */
  readonly audience: readonly string[] | null;
  readonly kid: string | undefined;
  /** Not verified. Of these only `exp`, `nbf`, `iat`, `aud` and `iss` are shown. */
  readonly claims: JsonObject;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** What to do about a token that would be refused. Its reader has the token: what it says of itself may be shown. */
export function adviseOnToken(code: ErrorCode, circumstances: TokenCircumstances): string {
  return ADVICE[code]?.(circumstances) ?? 'see what is said of the provider above, and try again';
}

const anAccessToken = (): string =>
  'send the access token, not the ID token; tokenTypes and acceptIdTokens say what is accepted';
const putItIn = (): string => 'let the provider put it into the access tokens of this API';

/** By the codes that the steps of a validation can give. */
const ADVICE: Readonly<Partial<Record<ErrorCode, (circumstances: TokenCircumstances) => string>>> = {
  token_malformed: () =>
    'copy it whole; an opaque token is none: the provider must be told to issue JWTs for this API',
  token_too_large: () => 'let the provider put less into it, groups for example; or raise maxTokenBytes',
  header_unsupported: () => 'let the provider leave "crit" and "b64" out of the header',
  issuer_unknown: ({ claims, issuer }) =>
    `its "iss" is ${listOf(claims['iss'])}, asked was for ${quoted(issuer)}: the option is that text to the letter`,
  algorithm_not_allowed: () =>
    'let the provider sign with an asymmetric algorithm, RS256 or ES256 for example',
  token_type_not_accepted: anAccessToken,
  not_an_access_token: anAccessToken,
  claim_missing: putItIn,
  claim_invalid: putItIn,
  token_expired: ({ claims, nowMs }) =>
    `it expired at ${timeOf(claims['exp'], nowMs)}: ask the provider for a new one`,
  token_not_yet_valid: ({ claims, nowMs }) =>
    `it holds from ${timeOf(claims['nbf'], nowMs)}: is the clock of this machine, or of the provider, right?`,
  issued_in_future: ({ claims, nowMs }) =>
    `it says it was issued at ${timeOf(claims['iat'], nowMs)}: is the clock of this machine, or of the provider, right?`,
  audience_mismatch: ({ claims, audience }) =>
    `it is for ${listOf(claims['aud'])}, asked was for ${listOf(audience)}: request a token for this API, or name its audience`,
  sender_constrained: () => 'it is bound to a key (DPoP, mTLS): ask for a plain Bearer token',
  key_not_found: ({ kid }) =>
    kid === undefined
      ? 'it names no key, and none fits its algorithm: is it from another environment of the provider?'
      : `it names the key ${quoted(kid)}: is it from another environment of the provider?`,
  signature_invalid: () =>
    'was it changed, or cut, on its way? Or is it from another environment that calls its keys alike?',
};

/** A NumericDate for people; as checked already, except for what no calendar holds. */
function timeOf(seconds: unknown, nowMs: number): string {
  const ms = typeof seconds === 'number' ? seconds * 1000 : Number.NaN;
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return 'a time that no calendar has';
  return `${date.toISOString().replace(/\.\d+Z$/, 'Z')} (${distanceOf(ms - nowMs)})`;
}

function distanceOf(ms: number): string {
  const sec = Math.round(Math.abs(ms) / 1000);
  const [size, unit] = UNITS.find(([each]) => sec >= 2 * each) ?? [1, 's'];
  const count = `${String(Math.floor(sec / size))} ${unit}`;
  return ms < 0 ? `${count} ago` : `in ${count}`;
}

const UNITS = [
  [86_400, 'days'],
  [3_600, 'h'],
  [60, 'min'],
] as const;

const MOST_SHOWN = 5;

/** Strings in quotes, the first few; what is no string is not repeated. */
function listOf(value: unknown): string {
  const all: readonly unknown[] = Array.isArray(value) ? value : [value];
  const shown = all.slice(0, MOST_SHOWN).map((each) => (typeof each === 'string' ? quoted(each) : 'no text'));
  const more = all.length - shown.length;
  return [...shown, ...(more > 0 ? [`${String(more)} more`] : [])].join(', ') || 'nobody';
}
