import type { PreparedKey } from '../tokens/verify-signature.js';
import type { BatchOptions, TokenSource } from './run-batch.js';

/** From how many tokens on the thread pool is faster than a loop; measured, see docs/performance.md. */
const POOL_PAYS_FROM = { RSA: 1_000, other: 48 };
/**
 * Checks on the pool of all batches together, as many as one batch has at once by default. What the pool finishes while the event loop
 * is busy comes back in one turn of it: the checks of many batches would hold it for longer than its slice.
 */
const MAX_RUNNING = 64;

/** Checks on libuv's thread pool that have not ended; one object for all batches of a service. */
export interface PoolLoad {
  running: number;
}

/** Where a batch checks signatures. */
export interface BatchPool {
  /** Whether a signature under these keys is checked on the thread pool; asked once for each token. */
  takes(keys: readonly PreparedKey[]): boolean;
  /** Runs a check there, and counts it meanwhile. */
  run<T>(check: () => Promise<T>): Promise<T>;
}

/**
 * A single check is faster without the way to the thread pool and back; many checks use the other cores. What the pool has no place for
 * is checked on the event loop, in its slice.
 */
export function threadPoolPolicy(
  tokens: TokenSource,
  choice: NonNullable<BatchOptions['threadPool']>,
  load: PoolLoad,
): BatchPool {
  // The length of an iterator is not known: it counts as long as what has come so far.
  let seen = Array.isArray(tokens) ? tokens.length : 0;
  return {
    takes([key]) {
      if (choice !== 'auto') return choice === 'always';
      if (!Array.isArray(tokens)) seen++;
      const pays = seen >= (key?.algorithm.kty === 'RSA' ? POOL_PAYS_FROM.RSA : POOL_PAYS_FROM.other);
      return pays && load.running < MAX_RUNNING;
    },
    async run(check) {
      load.running++;
      try {
        return await check();
      } finally {
        load.running--;
      }
    },
  };
}
