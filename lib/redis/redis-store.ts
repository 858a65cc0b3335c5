import { IdentityError } from '../errors/identity-error.js';
import type { IdentityStore } from '../options/identity-store.js';
import { findUnknownName } from '../options/nearest-name.js';
import { detectClient, type RedisClient } from './detect-client.js';

export interface RedisStoreOptions {
  /**
   * What each key begins with, so that several applications can use one server: 1 to 64 characters of printable ASCII without
   * spaces. It comes after a prefix of the client's own. @default 'identity:'
   */
  readonly prefix?: string | undefined;
  /** How long the module waits for an answer, in milliseconds from 1 to 10,000. @default 100 */
  readonly timeoutMs?: number | undefined;
}

const NAMES = ['prefix', 'timeoutMs'];
const KEY_SPACES = new WeakMap<RedisClient, Map<string, object>>();

/**
 * A store over a client for Redis or Valkey that the application has. The client stays the application's: it is neither connected
 * nor closed here, and its errors are to be listened to as its package says. Each use is one command, `SET key 1 NX PX ttl`;
 * nothing else is sent, and each key ends by itself.
 *
 * @throws {IdentityError} `options_invalid`: it is no client that is known, or an option is wrong.
 *
 * @example
 * // ioredis and iovalkey
 * IdentityModule.forRoot({ issuer, audience, store: redisStore(new Redis(process.env.REDIS_URL)) })
 * @example
 * // node-redis; it may connect later, until then the store fails
 * const client = createClient({ url: process.env.REDIS_URL }).on('error', (error) => logger.warn(error.message));
 * await client.connect();
 * const store = redisStore(client, { prefix: 'orders:', timeoutMs: 50 });
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): IdentityStore {
  const unknown = findUnknownName(options, NAMES);
  if (unknown !== undefined) throw invalid(unknown);
  const { prefix = 'identity:', timeoutMs } = options;
  if (typeof prefix !== 'string' || !/^[\x21-\x7e]{1,64}$/.test(prefix)) {
    throw invalid('"prefix" must be 1 to 64 characters of printable ASCII without spaces');
  }
  const setIfAbsent = detectClient(client);
  return {
    timeoutMs,
    keySpace: keySpaceOf(client, prefix),
    putIfAbsent: async (key, ttlMs) => wasAbsent(await setIfAbsent(prefix + key, ttlMs)),
  };
}

/** One for each client and prefix, however many stores are made of them. */
function keySpaceOf(client: RedisClient, prefix: string): object {
  const ofClient = KEY_SPACES.get(client) ?? new Map<string, object>();
  const keySpace = ofClient.get(prefix) ?? { prefix };
  KEY_SPACES.set(client, ofClient.set(prefix, keySpace));
  return keySpace;
}

/** `OK` if the key was set, nil if it was there. A client may be set to answer in buffers. */
function wasAbsent(reply: unknown): boolean {
  if (reply === null) return false;
  if (reply === 'OK' || (Buffer.isBuffer(reply) && reply.toString() === 'OK')) return true;
  throw new Error('the client answered SET with neither OK nor nil');
}

function invalid(problem: string): IdentityError {
  return new IdentityError('options_invalid', `redisStore: ${problem}.`);
}
