import { systemClock } from '../cache/clock.js';
import { IdentityError } from '../errors/identity-error.js';
import type { IdentityStore } from '../options/identity-store.js';
import { findUnknownName } from '../options/nearest-name.js';
import { KeyMemory, type Kept } from './key-memory.js';

export interface MemoryStoreOptions {
  /** Used proofs that the store remembers, of all modules together; more are answered with 503. 1 to 10,000,000. @default 500000 */
  readonly maxProofs?: number | undefined;
  /** How many of them may be of one key of a client. @default a quarter of `maxProofs` */
  readonly maxProofsPerKey?: number | undefined;
}

const MAX_PROOFS = 500_000;
const MOST_PROOFS = 10_000_000;
const NAMES = ['maxProofs', 'maxProofsPerKey'];

/** What a store in memory does beside the interface of stores: it says why it does not keep a key, and bounds those of one owner. */
export interface BoundedMemory {
  readonly maxEntries: number;
  readonly maxPerOwner: number;
  keep(key: string, ttlMs: number, owner: string | undefined): Kept;
}

/** A copy of the object by an application (`{ ...memoryStore(), timeoutMs }`) has it as well. */
const BOUNDED = Symbol('nestjs-identity-model: bounded memory');

/** undefined for the stores of others, which have bounds that they do not say. */
export function boundedMemoryOf(store: IdentityStore): BoundedMemory | undefined {
  return (store as { readonly [BOUNDED]?: BoundedMemory })[BOUNDED];
}

/**
 * A store in the memory of this process, for several modules in it: a proof that was used at one of them is refused at the others. A
 * proof that does not fit is answered with 503, whatever `dpop.onStoreFailure` is. Replicas are other processes: they need
 * another store.
 *
 * @throws {IdentityError} `options_invalid`.
 *
 * @example
 * const store = memoryStore();
 * const modules = [IdentityModule.forRoot({ ...options, store }), IdentityModule.forRoot({ ...options, store })];
 */
export function memoryStore(options: MemoryStoreOptions = {}): IdentityStore {
  const memory = memoryOf(options);
  const keep: BoundedMemory['keep'] = (key, ttlMs, owner) => {
    const monotonicMs = systemClock.monotonicMs();
    // Like a store of its own, which has a clock of its own.
    return memory.add(key, ttlMs, { wallMs: monotonicMs, monotonicMs }, owner);
  };
  const { maxEntries, maxPerOwner } = memory;
  const store = {
    putIfAbsent: async (key: string, ttlMs: number): Promise<boolean> => {
      const kept = keep(key, ttlMs, undefined);
      if (kept === 'full')
        throw new Error(`the memory store holds ${String(maxEntries)} keys, and no more fit`);
      return kept === 'added';
    },
    [BOUNDED]: { maxEntries, maxPerOwner, keep },
  };
  return store;
}

function memoryOf(options: MemoryStoreOptions): KeyMemory {
  const unknown = findUnknownName(options, NAMES);
  if (unknown !== undefined) throw invalid(unknown);
  const { maxProofs = MAX_PROOFS, maxProofsPerKey } = options;
  if (!isCount(maxProofs, MOST_PROOFS))
    throw invalid('"maxProofs" must be a whole number from 1 to 10000000');
  const ofKey = maxProofsPerKey ?? Math.ceil(maxProofs / 4);
  if (!isCount(ofKey, maxProofs)) {
    throw invalid(`"maxProofsPerKey" must be a whole number from 1 to "maxProofs" (${String(maxProofs)})`);
  }
  return new KeyMemory(maxProofs, ofKey);
}

function isCount(value: unknown, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most;
}

function invalid(problem: string): IdentityError {
  return new IdentityError('options_invalid', `memoryStore: ${problem}.`);
}
