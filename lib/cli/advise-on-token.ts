import type { ErrorCode } from '../errors/error-codes.js';
import type { JsonObject } from '../model/json.js';
import { CLAIM_CHECKS, type ClaimCheck, type ShownClaim } from '../tokens/claim-table.js';
import { quoted } from '../model/printable.js';

/** What advice about a token is made of. */
export interface TokenCircumstances {
  readonly issuer: string;
  /** Accepted audiences; null accepts any. */
  readonly audience: readonly string[] | null;
  readonly kid: string | undefined;
  /** Name of the claim that decides, where one does. */
  readonly claim: string | undefined;
  /** What the step would have accepted, if it can be listed. */
  readonly expected?: readonly string[] | undefined;
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
  if (advice !== undefined) return advice(circumstances);
  const check = CLAIM_CHECKS.find((row) => row.code === code);
  return check === undefined
    ? 'see what is said of the provider above, and try again'
    : check.advice(showClaim(check, circumstances));
}

/** The value of the claim that a check looks at, for its advice. */
function showClaim({ claim, code }: ClaimCheck, circumstances: TokenCircumstances): ShownClaim {
  const { claims, nowMs, issuer, audience, expected } = circumstances;
  const accepted = code === 'issuer_unknown' ? [issuer] : (expected ?? audience);
  return { value: listOf(claims[claim]), time: timeOf(claims[claim], nowMs), accepted: listOf(accepted) };
}

/** By the claim that is missing. */
function fillIn({ claim, audience }: TokenCircumstances): string {
  const check = CLAIM_CHECKS.find((row) => row.claim === claim);
  return (
    check?.ifMissing?.({ accepted: listOf(audience) }) ??
    `let the provider put ${named(claim)} into the access tokens of this API`
  );
}

function named(claim: string | undefined): string {
  return claim === undefined ? 'the claim' : quoted(claim);
}

/** By the codes that the steps of a validation can give, but those of claims: their advice stands in CLAIM_CHECKS. */
const ADVICE: Readonly<
  Partial<Record<ErrorCode, (circumstances: TokenCircumstances) => string | undefined>>
> = {
  token_malformed: ({ hasThreeSegments }) =>
    hasThreeSegments ? 'was it changed, or cut, on its way? Copy it whole' : undefined,
  token_too_large: () => 'let the provider put less into it, groups for example; or raise maxTokenBytes',
  header_unsupported: () => 'let the provider leave "crit" and "b64" out of the header',
  algorithm_not_allowed: () =>
    'let the provider sign with an asymmetric algorithm, RS256 or ES256 for example',
  token_type_not_accepted: () =>
    'send the access token; if it is one, let tokenTypes in the options name its "typ"',
  not_an_access_token: () => 'send the access token that the provider issues for this API',
  claim_missing: fillIn,
  claim_invalid: ({ claim }) =>
    `let the provider write ${named(claim)} in that form; a mapper or rule of its own may fill it in`,
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
