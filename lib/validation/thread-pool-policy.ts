import type { PreparedKey } from '../tokens/verify-signature.js';
import type { BatchOptions, TokenSource } from './run-batch.js';

/** From how many tokens on the thread pool is faster than a loop; measured, see docs/performance.md. */
const POOL_PAYS_FROM = { RSA: 1_000, other: 48 };

/**
 * Whether the signatures of a batch are checked on libuv's thread pool: a single check is faster without the way there and
 * back, many checks use the other cores. It is asked once for each token.
 */
export function threadPoolPolicy(
  tokens: TokenSource,
  choice: NonNullable<BatchOptions['threadPool']>,
): (keys: readonly PreparedKey[]) => boolean {
  if (choice !== 'auto') return () => choice === 'always';
  // The length of an iterator is not known: it counts as long as what has come so far.
  let seen = Array.isArray(tokens) ? tokens.length : 0;
  return ([key]) => {
    if (!Array.isArray(tokens)) seen++;
    return seen >= (key?.algorithm.kty === 'RSA' ? POOL_PAYS_FROM.RSA : POOL_PAYS_FROM.other);
  };
}
