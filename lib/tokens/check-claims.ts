import { refuse } from '../errors/identity-error.js';
import type { JsonObject } from '../model/json.js';
import type { TokenRules } from './token-rules.js';

/** Claims that RFC 9068 section 2.2 demands, besides those that are always demanded. */
const RFC9068_CLAIMS = ['sub', 'client_id', 'iat', 'jti'] as const;

/**
 * The claims of RFC 7519 section 4.1, each in the form "not provably valid is invalid": a missing or
 * mistyped value never compares its way through.
 *
 * @param nowMs - milliseconds since 1970.
 * @throws {IdentityError} `claim_missing`, `claim_invalid`, `issuer_unknown`, `audience_mismatch`,
 * `token_expired`, `token_not_yet_valid`, `issued_in_future`, `sender_constrained`.
 */
export function checkClaims(claims: JsonObject, rules: TokenRules, nowMs: number): void {
  if (claims['iss'] !== rules.issuer) throw refuse('issuer_unknown');
  checkPresence(claims, rules);
  checkTimes(claims, nowMs, rules.clockToleranceMs);
  checkAudience(claims, rules);
  const { sub, cnf } = claims;
  if (sub !== undefined && (typeof sub !== 'string' || sub === '')) throw invalid('sub');
  // RFC 7800: useless without a proof of the key, whatever the confirmation looks like.
  if (cnf !== undefined) throw refuse('sender_constrained');
}

function checkPresence(claims: JsonObject, rules: TokenRules): void {
  for (const name of rules.requiredClaims) requirePresent(claims, name);
  if (rules.profile !== 'rfc9068') return;
  requirePresent(claims, 'aud');
  for (const name of RFC9068_CLAIMS) requirePresent(claims, name);
  for (const name of ['client_id', 'jti']) if (typeof claims[name] !== 'string') throw invalid(name);
}

function requirePresent(claims: JsonObject, name: string): void {
  if (!Object.hasOwn(claims, name) || claims[name] === null) {
    throw refuse('claim_missing', `The claim "${name}" is missing.`);
  }
}

function checkTimes(claims: JsonObject, nowMs: number, toleranceMs: number): void {
  const { exp, nbf, iat } = claims;
  if (exp === undefined) throw refuse('claim_missing', 'The claim "exp" is missing.');
  if (!isNumericDate(exp)) throw invalid('exp');
  if (!(nowMs < exp * 1000 + toleranceMs)) throw refuse('token_expired');
  if (nbf !== undefined) {
    if (!isNumericDate(nbf)) throw invalid('nbf');
    if (!(nbf * 1000 <= nowMs + toleranceMs)) throw refuse('token_not_yet_valid');
  }
  if (iat !== undefined) {
    if (!isNumericDate(iat)) throw invalid('iat');
    if (!(iat * 1000 <= nowMs + toleranceMs)) throw refuse('issued_in_future');
  }
}

/** RFC 7519 section 2 NumericDate. JSON has no NaN, but 1e999 parses to Infinity. */
function isNumericDate(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

/** RFC 7519 section 4.1.3: a string, or a list of strings that holds one of ours. */
function checkAudience(claims: JsonObject, rules: TokenRules): void {
  const value = Object.hasOwn(claims, rules.audienceClaim) ? claims[rules.audienceClaim] : undefined;
  if (rules.audience === null && value === undefined) return;
  if (value === undefined) {
    throw refuse('claim_missing', `The claim "${rules.audienceClaim}" is missing.`);
  }
  const audiences: readonly unknown[] = Array.isArray(value) ? value : [value];
  let isMeant = rules.audience === null;
  for (const audience of audiences) {
    if (typeof audience !== 'string') throw invalid(rules.audienceClaim);
    isMeant ||= rules.audience?.includes(audience) === true;
  }
  if (!isMeant) throw refuse('audience_mismatch');
}

function invalid(name: string): Error {
  return refuse('claim_invalid', `The claim "${name}" has the wrong type or form.`);
}
