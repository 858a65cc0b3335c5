import { IdentityError } from '../errors/identity-error.js';

/**
 * A client for Redis or Valkey: `Redis` or `Cluster` of ioredis, `Redis` or `Cluster` of iovalkey, and what `createClient`,
 * `createCluster`, `createClientPool` or `createSentinel` of node-redis (4 or later) make.
 */
export interface RedisClient {
  set(key: string, value: string, ...rest: never[]): unknown;
}

/** `SET key 1 NX PX ttlMs`, as the client of the application writes it; resolves to what Redis answers. */
export type SetIfAbsent = (key: string, ttlMs: number) => unknown;

interface Ioredis {
  set(key: string, value: string, px: 'PX', ttlMs: number, nx: 'NX'): unknown;
}

interface NodeRedis {
  set(key: string, value: string, options: { readonly NX: true; readonly PX: number }): unknown;
}

/**
 * By its members and not by its class: the client may come from another copy of its package, or be wrapped.
 *
 * @throws {IdentityError} `options_invalid`: it is none that is known.
 */
export function detectClient(client: unknown): SetIfAbsent {
  if (isIoredis(client)) return (key, ttlMs) => client.set(key, '1', 'PX', ttlMs, 'NX');
  if (isNodeRedis(client)) return (key, ttlMs) => client.set(key, '1', { NX: true, PX: ttlMs });
  throw new IdentityError('options_invalid', `redisStore: ${describe(client)}.`);
}

/** ioredis, and iovalkey, which comes from it. Its pipelines have no `status`: their `set` answers later, or never. */
function isIoredis(client: unknown): client is Ioredis {
  return has(client, 'set') && has(client, 'defineCommand') && typeof read(client, 'status') === 'string';
}

/** Clients, clusters, pools and sentinels of node-redis 4 and later alone have `isOpen`; what `multi()` makes has not. */
function isNodeRedis(client: unknown): client is NodeRedis {
  return has(client, 'set') && has(client, 'sendCommand') && typeof read(client, 'isOpen') === 'boolean';
}

/** The mistake, if it is one of those that are made. */
function describe(client: unknown): string {
  const expected = 'expected a client of ioredis, iovalkey or node-redis (4 or later)';
  if (has(client, 'then')) return `${expected}, got a promise; await it, or connect the client later`;
  if (typeof client === 'string') return `${expected}, got a string; make a client of the URL`;
  if (typeof client === 'function') return `${expected}, got a class or a function; make a client with it`;
  if (has(client, 'set') && has(client, 'exec')) return `${expected}, got a pipeline or a transaction`;
  if (has(client, 'customCommand')) {
    return `${expected}; Valkey GLIDE is not supported: write your own store, which has a method "putIfAbsent"`;
  }
  if (has(client, 'internal_send_command')) return `${expected}, got node-redis 3 or older; update it`;
  return `${expected}, or your own store, which has a method "putIfAbsent"`;
}

function has(value: unknown, method: string): value is object {
  return typeof read(value, method) === 'function';
}

function read(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
