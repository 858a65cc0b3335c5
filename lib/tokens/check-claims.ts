import type { JsonObject } from '../model/json.js';
import { CLAIM_CHECKS } from './claim-checks.js';
import type { CommonRules, TokenRules } from './token-rules.js';

/** The functions alone: rows differ in their members, and to look for one in them takes longer than most checks. */
const CHECKS = CLAIM_CHECKS.map(({ check }) => check);
const COMMON_CHECKS = CLAIM_CHECKS.flatMap((row) => (row.isCommon ? [row.check] : []));

/**
 * All rows of {@link CLAIM_CHECKS}.
 *
 * @param nowMs - milliseconds since 1970.
 * @throws {IdentityError} the code of a row, `claim_missing`, `claim_invalid`.
 */
export function checkClaims(claims: JsonObject, rules: TokenRules, nowMs: number): void {
  for (const check of CHECKS) check(claims, rules, nowMs);
}

/**
 * The rows that are the same for all issuers: what can be decided before the application is asked for a tenant.
 *
 * @param nowMs - milliseconds since 1970.
 * @throws {IdentityError} as {@link checkClaims}.
 */
export function checkCommonClaims(claims: JsonObject, rules: CommonRules, nowMs: number): void {
  for (const check of COMMON_CHECKS) check(claims, rules, nowMs);
}
