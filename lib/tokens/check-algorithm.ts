import { refuse } from '../errors/identity-error.js';
import { listOf } from '../model/printable.js';
import { findAlgorithm } from '../model/algorithms.js';

/** Never accepted, and sent so often by mistake that a message names them. */
const NEVER: ReadonlySet<string> = new Set(['none', 'HS256', 'HS384', 'HS512']);

/**
 * Refuses an algorithm that the allow-list does not have (RFC 8725 section 3.1).
 *
 * @param alg - as the header names it; told again only if it is a well-known name.
 * @throws {IdentityError} `algorithm_not_allowed`.
 */
export function checkAlgorithm(alg: string, allowed: readonly string[]): void {
  if (!allowed.includes(alg)) throw notAllowed(alg, allowed);
}

function notAllowed(alg: string, allowed: readonly string[]): Error {
  if (NEVER.has(alg)) {
    return refuse(
      'algorithm_not_allowed',
      `The algorithm ${alg} cannot be allowed: an access token must be signed with an asymmetric key.`,
    );
  }
  const subject = findAlgorithm(alg) === undefined ? 'The header "alg"' : `The algorithm ${alg}`;
  return refuse('algorithm_not_allowed', `${subject} is not in the option "algorithms": ${listOf(allowed)}.`);
}
