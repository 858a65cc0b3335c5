import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RedisClient } from './detect-client.js';
import { redisStore, type RedisStoreOptions } from './redis-store.js';

/** A client by its members, which answers what a test says, and remembers what it was told. */
function ioredis(reply: unknown): RedisClient & { readonly calls: unknown[][] } {
  const calls: unknown[][] = [];
  return {
    calls,
    status: 'ready',
    defineCommand: () => undefined,
    set: async (...args: unknown[]) => calls.push(args) && reply,
  } as unknown as RedisClient & { readonly calls: unknown[][] };
}

function nodeRedis(reply: unknown): RedisClient & { readonly calls: unknown[][] } {
  const { calls } = ioredis(reply);
  return {
    calls,
    isOpen: true,
    sendCommand: () => undefined,
    set: async (...args: unknown[]) => calls.push(args) && reply,
  } as unknown as ReturnType<typeof ioredis>;
}

/** Connected to nothing. */
function unconnected(): Redis {
  const redis = new Redis({ lazyConnect: true });
  onTestFinished(() => redis.disconnect());
  return redis;
}

describe('redisStore', () => {
  it('writes SET key 1 NX PX ttl as each client wants it', async () => {
    const [first, second] = [ioredis('OK'), nodeRedis('OK')];
    await redisStore(first).putIfAbsent('dpop:a', 70_000);
    await redisStore(second, { prefix: 'orders:' }).putIfAbsent('dpop:a', 70_000);
    expect(first.calls).toEqual([['identity:dpop:a', '1', 'PX', 70_000, 'NX']]);
    expect(second.calls).toEqual([['orders:dpop:a', '1', { NX: true, PX: 70_000 }]]);
  });

  it.each([ioredis, nodeRedis])('takes OK for absent and nil for present (%s)', async (client) => {
    expect(await redisStore(client('OK')).putIfAbsent('a', 1)).toBe(true);
    expect(await redisStore(client(Buffer.from('OK'))).putIfAbsent('a', 1)).toBe(true);
    expect(await redisStore(client(null)).putIfAbsent('a', 1)).toBe(false);
  });

  it.each([undefined, false, true, 1, '', 'QUEUED', Buffer.from('KO'), {}])(
    'takes no other answer for one: %s',
    async (reply) => {
      await expect(redisStore(ioredis(reply)).putIfAbsent('a', 1)).rejects.toThrow('neither OK nor nil');
    },
  );

  it.each([
    ['letters', 'identity:'],
    ['a hash tag of a cluster', '{identity}:'],
    ['64 characters', 'x'.repeat(64)],
  ])('takes a prefix of %s', (_, prefix) => {
    expect(redisStore(ioredis('OK'), { prefix })).toMatchObject({ timeoutMs: undefined });
  });

  it.each<[string, object, RegExp]>([
    ['no prefix', { prefix: '' }, /"prefix" must be 1 to 64 characters/],
    ['a long prefix', { prefix: 'x'.repeat(65) }, /"prefix" must be/],
    ['a prefix with a space', { prefix: 'a b' }, /"prefix" must be/],
    ['a prefix that is no text', { prefix: 5 }, /"prefix" must be/],
    ['a misspelt option', { timeout: 5 }, /"timeout" is not known; did you mean "timeoutMs"\?/],
  ])('refuses %s', (_, options, message) => {
    expect(() => redisStore(ioredis('OK'), options as RedisStoreOptions)).toThrow(
      expect.objectContaining({
        code: 'options_invalid',
        message: expect.stringMatching(message) as string,
      }) as Error,
    );
  });

  it('hands its time limit to the module', () => {
    expect(redisStore(ioredis('OK'), { timeoutMs: 50 }).timeoutMs).toBe(50);
  });

  it('takes clients that are not connected yet', () => {
    expect(() => redisStore(unconnected())).not.toThrow();
    expect(() => redisStore(createClient())).not.toThrow();
  });

  it.each<[string, () => unknown, RegExp]>([
    [
      'nothing',
      () => undefined,
      /expected a client of ioredis, iovalkey or node-redis \(4 or later\), or your own store/,
    ],
    ['a URL', () => 'redis://localhost', /got a string; make a client of the URL/],
    ['a class', () => Redis, /got a class or a function; make a client with it/],
    ['the promise of a client', () => Promise.resolve(ioredis('OK')), /got a promise; await it/],
    ['a pipeline of ioredis', () => unconnected().pipeline(), /got a pipeline or a transaction/],
    ['a transaction of node-redis', () => createClient().multi(), /got a pipeline or a transaction/],
    ['GLIDE', () => ({ customCommand: () => undefined, set: () => undefined }), /GLIDE is not supported/],
    [
      'node-redis 3',
      () => ({ internal_send_command: () => 1, set: () => 1 }),
      /node-redis 3 or older; update/,
    ],
    ['a store', () => ({ putIfAbsent: () => true }), /or your own store, which has a method "putIfAbsent"/],
    ['a Map', () => new Map(), /expected a client/],
  ])('refuses %s, and says what to do', (_, make, message) => {
    expect(() => redisStore(make() as RedisClient)).toThrow(
      expect.objectContaining({
        code: 'options_invalid',
        message: expect.stringMatching(message) as string,
      }) as Error,
    );
  });
});
