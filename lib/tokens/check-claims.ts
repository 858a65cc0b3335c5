import type { JsonObject } from '../model/json.js';
import { CLAIM_CHECKS } from './claim-table.js';
import type { CommonRules, TokenRules } from './token-rules.js';

const COMMON_CHECKS = CLAIM_CHECKS.flatMap((row) => (row.isCommon ? [row.check] : []));

type Check = (claims: JsonObject, rules: TokenRules, nowMs: number) => void;
/** One for each row that the table has today; a new one is among the rest until it gets a place here. */
type Checks = readonly [Check, Check, Check, Check, Check, Check, Check, Check, Check, ...Check[]];

/**
 * The first rows have a call of their own below, the others share the loop: V8 compiles a call for the one function that it always
 * meets, and one in a loop for any. A hit of the token cache is a tenth faster so.
 */
const [first, second, third, fourth, fifth, sixth, seventh, eighth, ninth, ...others] = CLAIM_CHECKS.map(
  ({ check }) => check,
) as unknown as Checks;

/**
 * All rows of {@link CLAIM_CHECKS}, in their order.
 *
 * @param nowMs - milliseconds since 1970.
 * @throws {IdentityError} the code of a row, `claim_missing`, `claim_invalid`.
 */
export function checkClaims(claims: JsonObject, rules: TokenRules, nowMs: number): void {
  first(claims, rules, nowMs);
  second(claims, rules, nowMs);
  third(claims, rules, nowMs);
  fourth(claims, rules, nowMs);
  fifth(claims, rules, nowMs);
  sixth(claims, rules, nowMs);
  seventh(claims, rules, nowMs);
  eighth(claims, rules, nowMs);
  ninth(claims, rules, nowMs);
  for (const check of others) check(claims, rules, nowMs);
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
