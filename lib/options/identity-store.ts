import { expected } from './option-issues.js';
import { option, refused } from './kinds.js';
import type { Option } from './schema.js';

/**
 * What the replicas of an API share. `redisStore` of `nestjs-identity-model/redis` makes one of a client for Redis or Valkey,
 * `memoryStore` one for several modules in a process; any object of this shape will do.
 *
 * It may be slow, fail or lose what it has kept: the module waits no longer than `timeoutMs`, leaves a store alone that
 * fails, and docs/operations/scale.md says what it decides then. Nothing that a store says stands for a signature.
 *
 * @example
 * // One row for each key, in a table of your database:
 * const store: IdentityStore = {
 *   putIfAbsent: async (key, ttlMs) => (await table.insertUnlessLive(key, new Date(Date.now() + ttlMs))) === 1,
 * };
 */
export interface IdentityStore {
  /**
   * Keeps a key, unless it is kept already; in one atomic step, so that of several replicas that ask at a time one alone
   * hears `true`.
   *
   * @param key - at most 64 characters of ASCII; no secret, and it reveals no token.
   * @param ttlMs - how long it is kept, in milliseconds: a whole number from 1 to 86,400,000.
   * @returns whether it was absent. Anything else than true and false, and a rejection, count as a failure of the store.
   */
  putIfAbsent(key: string, ttlMs: number): Promise<boolean>;
  /** How long the module waits for an answer, in milliseconds from 1 to 10,000. @default 100 */
  readonly timeoutMs?: number | undefined;
  /**
   * What distinguishes the keys of this store from those of others: two stores with the same object here have the same keys. Several
   * modules that guard one request know by it that they need not ask twice. `redisStore` has one for each client and prefix.
   *
   * @default the store itself
   */
  readonly keySpace?: object | undefined;
}

/** An object that can be a store; what it does shows when it is used. */
export function store(): Option<IdentityStore, IdentityStore | undefined> {
  return option<IdentityStore, IdentityStore | undefined>(undefined, (given) => {
    if (isPromise(given)) {
      return refused('expected a store, got a promise; await it in "useFactory" of forRootAsync');
    }
    if (!hasPutIfAbsent(given)) {
      return refused(
        `${expected('a store, which has a method "putIfAbsent"', given)}; "redisStore(client)" of nestjs-identity-model/redis makes one of a client`,
      );
    }
    const { timeoutMs } = given;
    if (timeoutMs !== undefined && !isTimeLimit(timeoutMs)) {
      return refused(`"timeoutMs" of the store: ${expected('milliseconds from 1 to 10000', timeoutMs)}`);
    }
    const { keySpace } = given;
    if (keySpace !== undefined && (typeof keySpace !== 'object' || keySpace === null)) {
      return refused(`"keySpace" of the store: ${expected('an object', keySpace)}`);
    }
    return { value: given };
  });
}

function hasPutIfAbsent(given: unknown): given is IdentityStore {
  return (
    typeof given === 'object' && given !== null && typeof Reflect.get(given, 'putIfAbsent') === 'function'
  );
}

function isPromise(given: unknown): boolean {
  return given instanceof Promise;
}

function isTimeLimit(given: unknown): boolean {
  return typeof given === 'number' && given >= 1 && given <= 10_000;
}
