import { systemClock } from '../cache/clock.js';
import type { IdentityStore } from '../options/identity-store.js';
import { KeyMemory } from './key-memory.js';

const MAX_ENTRIES = 100_000;

/**
 * A store in the memory of this process: for tests of several modules that share one. It holds 100,000 keys, and rejects
 * more of them until some have ended. Without the option `store` each module has a memory of its own anyway.
 *
 * @example
 * const store = memoryStore();
 * const replicas = [IdentityModule.forRoot({ ...options, store }), IdentityModule.forRoot({ ...options, store })];
 */
export function memoryStore(): IdentityStore {
  const memory = new KeyMemory(MAX_ENTRIES);
  return {
    putIfAbsent: async (key, ttlMs) => {
      const monotonicMs = systemClock.monotonicMs();
      // Like a store of its own, which has a clock of its own.
      const kept = memory.add(key, ttlMs, { wallMs: monotonicMs, monotonicMs });
      if (kept === 'full')
        throw new Error(`the memory store holds ${String(MAX_ENTRIES)} keys, and no more fit`);
      return kept === 'added';
    },
  };
}
