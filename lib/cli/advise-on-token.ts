import type { ErrorCode } from '../errors/error-codes.js';
import type { JsonObject } from '../model/json.js';
import { quoted } from '../model/printable.js';

/** What advice about a token is made of. */
export interface TokenCircumstances {
  readonly issuer: string;
  /** Accepted audiences; null accepts any. */
  readonly audience: readonly string[] | null;
  readonly kid: string | undefined;
  /** Name of the claim that decides, where one does. */
  readonly claim: string | undefined;
  /** Whether it has the form of a signed token, however broken: the message says what other forms are. */
  readonly hasThreeSegments: boolean;
  /** Not verified. Of these only `exp`, `nbf`, `iat`, `aud` and `iss` are shown. */
  readonly claims: JsonObject;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/**
 * What to do about a token that would be refused, beside what its message says; undefined if that says it all. Its
 * reader has the token: what it says of itself may be shown.
 */
export function adviseOnToken(code: ErrorCode, circumstances: TokenCircumstances): string | undefined {
  const advice = ADVICE[code];
  return advice === undefined
    ? 'see what is said of the provider above, and try again'
    : advice(circumstances);
}

/** By the claim that is missing. */
function fillIn({ claim, audience }: TokenCircumstances): string {
  if (claim === 'exp') {
    return 'let the provider give its access tokens an end; no option accepts tokens without one';
  }
  if (claim === 'aud') {
    return `let the provider put this API (${listOf(audience)}) into "aud"; many ask for it by "audience" or "resource" in the token request`;
  }
  return `let the provider put ${named(claim)} into the access tokens of this API`;
}

function named(claim: string | undefined): string {
  return claim === undefined ? 'the claim' : quoted(claim);
}

/** By the codes that the steps of a validation can give. */
const ADVICE: Readonly<
  Partial<Record<ErrorCode, (circumstances: TokenCircumstances) => string | undefined>>
> = {
  token_malformed: ({ hasThreeSegments }) =>
    hasThreeSegments ? 'was it changed, or cut, on its way? Copy it whole' : undefined,
  token_too_large: () => 'let the provider put less into it, groups for example; or raise maxTokenBytes',
  header_unsupported: () => 'let the provider leave "crit" and "b64" out of the header',
  issuer_unknown: ({ claims, issuer }) =>
    `its "iss" is ${listOf(claims['iss'])}, asked was for ${quoted(issuer)}: the option is that text to the letter`,
  algorithm_not_allowed: () =>
    'let the provider sign with an asymmetric algorithm, RS256 or ES256 for example',
  token_type_not_accepted: () =>
    'send the access token; if it is one, let tokenTypes in the options name its "typ"',
  not_an_access_token: () => 'send the access token that the provider issues for this API',
  claim_missing: fillIn,
  claim_invalid: ({ claim }) =>
    `let the provider write ${named(claim)} in that form; a mapper or rule of its own may fill it in`,
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
