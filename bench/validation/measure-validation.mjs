// What validating one token costs in a loop, in multiples of the signature alone.
import { compare } from '../support/compare.mjs';
import { createIssuer } from '../support/tokens.mjs';
import { ours, peers } from './contenders.mjs';
import { floor } from './floor.mjs';

/**
 * @typedef {import('../support/compare.mjs').Compared} Compared
 * @typedef {{ rounds: number, tokens: number }} Extent
 */

const ALGORITHMS = /** @type {const} */ (['RS256', 'PS256', 'ES256', 'EdDSA']);
const WARM_UP = 4;
const REFUSED_TOKENS = 200;

/**
 * @param {Extent} extent
 * @returns {Promise<Record<string, Compared[]>>} by workload
 */
export async function measureValidation({ rounds, tokens: count }) {
  /** @type {Record<string, Compared[]>} */
  const results = {};
  for (const algorithm of ALGORITHMS) {
    const issuer = await createIssuer(algorithm);
    const tokens = Array.from({ length: count }, (_, index) => issuer.token(index));
    const own = await ours(issuer);
    const others = await peers(issuer);
    const base = floor(issuer, tokens);
    results[`${algorithm} valid`] = await compare([base, ...own, ...others], tokens, {
      rounds,
      warmUp: WARM_UP,
    });
    if (algorithm === 'RS256') {
      const refusers = [
        base,
        ...own.slice(0, 1),
        ...others.filter(({ name }) => /fast-jwt, sync|jose/.test(name)),
      ];
      for (const [kind, list] of Object.entries(refusedTokens(issuer))) {
        results[`RS256 ${kind}`] = await compare(refusers, list, {
          rounds,
          refused: true,
          floorTokens: tokens.slice(0, REFUSED_TOKENS),
        });
      }
    }
    for (const { close } of own) await close?.();
    issuer.server.close();
  }
  return results;
}

/**
 * @param {import('../support/tokens.mjs').Issuer} issuer
 * @returns {Record<string, string[]>}
 */
function refusedTokens(issuer) {
  const pastSec = Math.floor(Date.now() / 1000) - 3_600;
  const noAlgorithm = Buffer.from('{"alg":"none"}').toString('base64url');
  /** @param {(index: number) => string} one */
  const make = (one) => Array.from({ length: REFUSED_TOKENS }, (_, index) => one(index));
  return {
    expired: make((index) => issuer.token(index, { exp: pastSec })),
    'wrong audience': make((index) => issuer.token(index, { aud: 'other' })),
    'bad signature': make((index) => withOtherSignature(issuer.token(index))),
    garbage: make((index) => `garbage ${index}`),
    'alg none': make((index) => `${noAlgorithm}.${issuer.token(index).split('.')[1] ?? ''}.`),
    'unknown issuer': make((index) => issuer.token(index, { iss: 'https://evil.example' })),
  };
}

/** Two characters of the signature that differ from what was there. @param {string} token */
function withOtherSignature(token) {
  const other = token.slice(-20, -18) === 'AA' ? 'BB' : 'AA';
  return `${token.slice(0, -20)}${other}${token.slice(-18)}`;
}
