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
  const { issuer, audience, kid, claims, nowMs } = circumstances;
  switch (code) {
    case 'token_expired':
      return `it expired at ${timeOf(claims['exp'], nowMs)}: ask the provider for a new one`;
    case 'token_not_yet_valid':
      return `it holds from ${timeOf(claims['nbf'], nowMs)}: is the clock of this machine, or of the provider, right?`;
    case 'issued_in_future':
      return `it says it was issued at ${timeOf(claims['iat'], nowMs)}: is the clock of this machine, or of the provider, right?`;
    case 'audience_mismatch':
      return `it is for ${listOf(claims['aud'])}, asked was for ${listOf(audience)}: request a token for this API, or name its audience`;
    case 'issuer_unknown':
      return `its "iss" is ${listOf(claims['iss'])}, asked was for ${quoted(issuer)}: the option is that text to the letter`;
    case 'key_not_found':
      return kid === undefined
        ? 'it names no key, and none fits its algorithm: is it from another environment of the provider?'
        : `it names the key ${quoted(kid)}: is it from another environment of the provider?`;
    case 'signature_invalid':
      return 'was it changed, or cut, on its way? Or is it from another environment that calls its keys alike?';
    case 'token_malformed':
      return 'copy it whole; an opaque token is none: the provider must be told to issue JWTs for this API';
    case 'token_type_not_accepted':
    case 'not_an_access_token':
      return 'send the access token, not the ID token; tokenTypes and acceptIdTokens say what is accepted';
    case 'algorithm_not_allowed':
      return 'let the provider sign with an asymmetric algorithm, RS256 or ES256 for example';
    case 'claim_missing':
    case 'claim_invalid':
      return 'let the provider put it into the access tokens of this API';
    case 'sender_constrained':
      return 'it is bound to a key (DPoP, mTLS): ask for a plain Bearer token';
    case 'token_too_large':
      return 'let the provider put less into it, groups for example; or raise maxTokenBytes';
    case 'header_unsupported':
      return 'let the provider leave "crit" and "b64" out of the header';
    default:
      return 'see what is said of the provider above, and try again';
  }
}

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
