// What is compared in a server. A row is a way to protect one route; the first row of each list is the unguarded one.

/**
 * @typedef {'none' | 'set-immediate' | 'verify' | 'verify-set-immediate' | 'module' | 'token-cache' | 'fast-jwt' | 'jose' |
 *   'passport' | 'at-once' | 'in-turns' | 'thread-pool'} Guard
 * @typedef {import('../support/tokens.mjs').Algorithm} Algorithm
 * @typedef {import('../support/tokens.mjs').Issuer} Issuer
 * @typedef {import('./wrk.mjs').Headers} Headers
 * @typedef {{ id: string, name: string, guard: Guard, algorithm: Algorithm,
 *   headers?: (issuer: Issuer, index: number) => Headers }} Row
 *   `headers`: what a request carries, unless it is a bearer token
 */

/** Distinct tokens of a row; wrk sends them in turn. */
const TOKENS = 1_000;

/** @type {Row} */
const NONE = { id: 'none', name: 'no guard', guard: 'none', algorithm: 'RS256' };

/** @type {readonly Row[]} */
export const GUARD_ROWS = [
  NONE,
  {
    id: 'set-immediate',
    name: 'empty guard behind one setImmediate',
    guard: 'set-immediate',
    algorithm: 'RS256',
  },
  { id: 'verify', name: 'bare crypto.verify in a guard', guard: 'verify', algorithm: 'RS256' },
  {
    id: 'verify-set-immediate',
    name: 'bare crypto.verify behind one setImmediate',
    guard: 'verify-set-immediate',
    algorithm: 'RS256',
  },
  { id: 'module', name: 'this module', guard: 'module', algorithm: 'RS256' },
  { id: 'token-cache', name: 'this module, token cache', guard: 'token-cache', algorithm: 'RS256' },
  { id: 'fast-jwt', name: 'fast-jwt in a guard', guard: 'fast-jwt', algorithm: 'RS256' },
  { id: 'jose', name: 'jose in a guard', guard: 'jose', algorithm: 'RS256' },
  { id: 'passport', name: 'passport-jwt + jwks-rsa', guard: 'passport', algorithm: 'RS256' },
];

/**
 * This module with other signatures. A row for DPoP is `{ guard: 'dpop', headers }`, whose headers carry a proof that was
 * made before; a proof may be used once, so it also needs as many requests as the run sends.
 *
 * @type {readonly Row[]}
 */
export const ALGORITHM_ROWS = [
  NONE,
  { id: 'ES256', name: 'this module, ES256', guard: 'module', algorithm: 'ES256' },
  { id: 'EdDSA', name: 'this module, EdDSA', guard: 'module', algorithm: 'EdDSA' },
];

/** One connection: nothing waits for anything else, so that only the way of one request counts. */
export const CONNECTION_ROWS = GUARD_ROWS.filter(({ id }) =>
  ['none', 'verify', 'module', 'token-cache', 'passport'].includes(id),
);

/**
 * When and where to check: the reason for decision 2, not what users choose between.
 *
 * @type {readonly Row[]}
 */
export const SCHEDULING_ROWS = [
  NONE,
  .../** @type {const} */ (['RS256', 'ES256', 'EdDSA']).flatMap((algorithm) =>
    /** @type {const} */ (['at-once', 'in-turns', 'thread-pool']).map((guard) => ({
      id: `${algorithm}-${guard}`,
      name: `${algorithm} ${guard.replace('-', ' ')}`,
      guard,
      algorithm,
    })),
  ),
];

/**
 * @param {Row} row
 * @param {Issuer} issuer
 * @returns {Headers[]}
 */
export function requestsOf({ headers = bearer }, issuer) {
  return Array.from({ length: TOKENS }, (_, index) => headers(issuer, index));
}

/**
 * @param {Issuer} issuer
 * @param {number} index
 * @returns {Headers}
 */
const bearer = (issuer, index) => ({ Authorization: `Bearer ${issuer.token(index)}` });
