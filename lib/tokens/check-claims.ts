import { refuse } from '../errors/identity-error.js';
import type { JsonObject } from '../model/json.js';
import { listOf } from '../model/printable.js';
import type { CommonRules, TokenRules } from './token-rules.js';

/** Claims that RFC 9068 section 2.2 demands, besides those that are always demanded. */
const RFC9068_CLAIMS = ['aud', 'sub', 'client_id', 'iat', 'jti'] as const;

/**
 * The claims of RFC 7519 section 4.1, each in the form "not provably valid is invalid": a missing or
 * mistyped value never compares its way through.
 *
 * An optional claim that is null counts as absent: some serializers write what was not set (RFC 7519 section
 * 4.1 makes `exp`, `nbf`, `iat`, `sub` and `aud` optional, and no type of theirs has null). `cnf` is no such
 * claim: nothing says that a confirmation of null binds to no key.
 *
 * @param nowMs - milliseconds since 1970.
 * @throws {IdentityError} `claim_missing`, `claim_invalid`, `issuer_unknown`, `audience_mismatch`,
 * `token_expired`, `token_not_yet_valid`, `issued_in_future`, `sender_constrained`.
 */
export function checkClaims(claims: JsonObject, rules: TokenRules, nowMs: number): void {
  if (claims['iss'] !== rules.issuer) throw refuse('issuer_unknown');
  checkRequired(claims, rules.requiredClaims);
  if (rules.profile === 'rfc9068') checkProfile(claims);
  checkTimes(claims, nowMs, rules.clockToleranceMs);
  checkAudience(claims, rules);
  checkSubject(claims);
}

/**
 * The part of {@link checkClaims} that is the same for all issuers: what can be decided before anybody is
 * asked who the issuer is.
 *
 * @param nowMs - milliseconds since 1970.
 * @throws {IdentityError} `claim_missing`, `claim_invalid`, `token_expired`, `token_not_yet_valid`,
 * `issued_in_future`, `sender_constrained`.
 */
export function checkCommonClaims(claims: JsonObject, rules: CommonRules, nowMs: number): void {
  checkRequired(claims, rules.requiredClaims);
  checkTimes(claims, nowMs, rules.clockToleranceMs);
  checkSubject(claims);
}

function checkRequired(claims: JsonObject, required: readonly string[]): void {
  for (const name of required) if (isAbsent(claims, name)) throw missing(name, REQUIRED_BY_OPTION);
}

function checkSubject({ sub, cnf }: JsonObject): void {
  if (sub !== undefined && sub !== null && (typeof sub !== 'string' || sub === '')) {
    throw invalid('sub', 'a non-empty string');
  }
  // RFC 7800: useless without a proof of the key, whatever the confirmation looks like.
  if (cnf !== undefined) throw refuse('sender_constrained');
}

const REQUIRED_BY_OPTION = '"requiredClaims" demands it';
const REQUIRED_BY_PROFILE = 'the option "profile" (rfc9068) demands it';

function checkProfile(claims: JsonObject): void {
  for (const name of RFC9068_CLAIMS) if (isAbsent(claims, name)) throw missing(name, REQUIRED_BY_PROFILE);
  for (const name of ['client_id', 'jti']) {
    if (typeof claims[name] !== 'string') throw invalid(name, 'a string');
  }
}

function isAbsent(claims: JsonObject, name: string): boolean {
  return !Object.hasOwn(claims, name) || claims[name] === null;
}

function checkTimes(claims: JsonObject, nowMs: number, toleranceMs: number): void {
  const { exp, nbf, iat } = claims;
  if (exp === undefined || exp === null) throw missing('exp', 'a token without an end is not accepted');
  if (!isNumericDate(exp)) throw invalid('exp', A_TIME);
  if (!(nowMs < exp * 1000 + toleranceMs)) {
    throw refuse('token_expired', `"exp" is in the past by more than ${tolerance(toleranceMs)}.`);
  }
  if (nbf !== undefined && nbf !== null) {
    if (!isNumericDate(nbf)) throw invalid('nbf', A_TIME);
    if (!(nbf * 1000 <= nowMs + toleranceMs)) {
      throw refuse('token_not_yet_valid', `"nbf" is in the future by more than ${tolerance(toleranceMs)}.`);
    }
  }
  if (iat !== undefined && iat !== null) {
    if (!isNumericDate(iat)) throw invalid('iat', A_TIME);
    if (!(iat * 1000 <= nowMs + toleranceMs)) {
      throw refuse('issued_in_future', `"iat" is in the future by more than ${tolerance(toleranceMs)}.`);
    }
  }
}

const A_TIME = 'a number of seconds since 1970';

function tolerance(toleranceMs: number): string {
  return `clockToleranceMs (${String(toleranceMs)})`;
}

/** RFC 7519 section 2 NumericDate. JSON has no NaN, but 1e999 parses to Infinity. */
function isNumericDate(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

/** RFC 7519 section 4.1.3: a string, or a list of strings that holds one of ours. */
function checkAudience(claims: JsonObject, rules: TokenRules): void {
  const { audience: accepted, audienceClaim } = rules;
  const value = Object.hasOwn(claims, audienceClaim) ? claims[audienceClaim] : undefined;
  if (value === undefined || value === null) {
    if (accepted === null) return;
    throw missing(audienceClaim, `the option "audience" expects ${listOf(accepted)} in it`);
  }
  const audiences: readonly unknown[] = Array.isArray(value) ? value : [value];
  let isMeant = accepted === null;
  for (const audience of audiences) {
    if (typeof audience !== 'string') throw invalid(audienceClaim, 'a string or a list of strings');
    isMeant ||= accepted?.includes(audience) === true;
  }
  if (isMeant) return;
  const expected = listOf(accepted ?? []);
  throw refuse(
    'audience_mismatch',
    `The claim "${audienceClaim}" has none of the option "audience": ${expected}.`,
  );
}

function missing(name: string, why: string): Error {
  return refuse('claim_missing', `The claim "${name}" is missing: ${why}.`, { claim: name });
}

function invalid(name: string, expected: string): Error {
  return refuse('claim_invalid', `The claim "${name}" has the wrong type or form: it must be ${expected}.`, {
    claim: name,
  });
}
