import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { IdentityEvent, IdentityStore } from 'nestjs-identity-model';
import { redisStore } from 'nestjs-identity-model/redis';
import { systemClock } from '../lib/cache/clock.js';
import { ReplayGuard, type OnStoreFailure, type Use } from '../lib/store/replay-guard.js';
import { SharedStore } from '../lib/store/shared-store.js';
import { isInstalled } from './support/is-installed.js';
import { CLIENTS, type ClientUnderTest } from './support/redis-clients.js';
import { RedisServer, SERVERS } from './support/redis-server.js';
import { Relay } from './support/relay.js';

/** As long as a DPoP proof is good. */
const TTL_MS = 70_000;
const TIMEOUT_MS = 100;
/** What a busy machine may add. */
const SLACK_MS = 3_000;

/** Each client over Redis, and over Valkey where that is installed. */
const ROWS = SERVERS.flatMap((server) =>
  CLIENTS.map((under) => ({ name: `${under.name} and ${server}`, command: server, under })),
);

async function startServer(...args: [command: string, ...string[]]): Promise<RedisServer> {
  const server = await RedisServer.start(...args);
  onTestFinished(() => server.stop());
  return server;
}

async function startRelay(target: number): Promise<Relay> {
  const relay = await Relay.start(target);
  onTestFinished(() => relay.stop());
  return relay;
}

/** A connection of the test's own. */
function inspect(port: number): Redis {
  const redis = new Redis(port, '127.0.0.1', { retryStrategy: () => 20 });
  redis.on('error', () => undefined);
  onTestFinished(() => redis.disconnect());
  return redis;
}

async function openStore(under: ClientUnderTest, port: number): Promise<IdentityStore> {
  const connection = await under.connect(port);
  onTestFinished(() => connection.close());
  return redisStore(connection.client, { timeoutMs: TIMEOUT_MS });
}

interface Replica {
  readonly guard: ReplayGuard;
  readonly shared: SharedStore;
  readonly events: IdentityEvent[];
}

/** What one process of an API has. */
async function openReplica(
  under: ClientUnderTest,
  port: number,
  onStoreFailure: OnStoreFailure = 'local',
): Promise<Replica> {
  const events: IdentityEvent[] = [];
  const reporter = { report: (event: IdentityEvent): void => void events.push(event) };
  const shared = new SharedStore(await openStore(under, port), systemClock, reporter);
  const guard = new ReplayGuard('dpop', { store: shared, onStoreFailure, clock: systemClock, reporter });
  return { guard, shared, events };
}

async function useAll(guard: ReplayGuard, proofs: readonly string[]): Promise<Use[]> {
  const uses: Use[] = [];
  for (const proof of proofs) uses.push(await guard.use(proof, TTL_MS));
  return uses;
}

const named = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `${name} ${String(at)}`);

/** That nothing hangs: many uses in a row cost a few time limits, not one each. */
async function inTime<T>(run: () => Promise<T>): Promise<T> {
  const startMs = performance.now();
  const result = await run();
  expect(performance.now() - startMs).toBeLessThan(5 * TIMEOUT_MS + SLACK_MS);
  return result;
}

/** Uses of 100 proofs one after the other, which took 10 s if each of them waited for the store. */
const hundred = async (guard: ReplayGuard, name: string): Promise<Set<Use>> =>
  inTime(async () => new Set(await useAll(guard, named(name, 100))));

/** Until the store decides again: a question that it has answered with no. */
async function recovered({ shared }: Replica): Promise<void> {
  await expect.poll(async () => shared.putIfAbsent('probe', 60_000), { timeout: 15_000 }).toBe('present');
}

describe.runIf(isInstalled('redis-server')).each(ROWS)('redisStore over $name', ({ under, command }) => {
  it('sends one SET for each use, with prefix and time', async () => {
    const { port } = await startServer(command);
    const redis = inspect(port);
    const store = await openStore(under, port);
    const callsBefore = await setCalls(redis);
    expect(await store.putIfAbsent('dpop:abc', TTL_MS)).toBe(true);
    expect(await store.putIfAbsent('dpop:abc', TTL_MS)).toBe(false);
    expect(await redis.keys('*')).toEqual(['identity:dpop:abc']);
    const leftMs = await redis.pttl('identity:dpop:abc');
    expect(leftMs).toBeGreaterThan(TTL_MS - 20_000);
    expect(leftMs).toBeLessThanOrEqual(TTL_MS);
    expect((await setCalls(redis)) - callsBefore).toBe(2);
    expect(await store.putIfAbsent('short', 30)).toBe(true);
    await expect.poll(async () => store.putIfAbsent('short', 30)).toBe(true);
  });

  it('tells one of many that ask at a time that it is the first', async () => {
    const { port } = await startServer(command);
    const replicas = await Promise.all([1, 2, 3].map(async () => openReplica(under, port)));
    const uses = await Promise.all(
      named('proof', 50).flatMap((proof) => replicas.map(async ({ guard }) => guard.use(proof, TTL_MS))),
    );
    expect(uses.filter((use) => use === 'first')).toHaveLength(50);
    expect(uses.filter((use) => use === 'seen')).toHaveLength(100);
  });

  it.each([
    ['killed', async (server: RedisServer) => server.kill(), async (server: RedisServer) => server.run()],
    [
      'stopped (SIGSTOP)',
      async (server: RedisServer) => server.freeze(),
      async (server: RedisServer) => server.thaw(),
    ],
  ])('goes by onStoreFailure while Redis is %s, and comes back', async (_, stop, restart) => {
    const redis = await startServer(command);
    const [local, refuse] = [
      await openReplica(under, redis.port),
      await openReplica(under, redis.port, 'refuse'),
    ];
    for (const { guard } of [local, refuse]) await guard.use('used before', TTL_MS);
    await local.shared.putIfAbsent('probe', 60_000);
    await stop(redis);
    expect(await hundred(local.guard, 'local')).toEqual(new Set(['first-here']));
    expect(await hundred(local.guard, 'local')).toEqual(new Set(['seen']));
    expect(await hundred(refuse.guard, 'refuse')).toEqual(new Set(['undecided']));
    for (const { guard, shared, events } of [local, refuse]) {
      expect(await inTime(async () => guard.use('used before', TTL_MS))).toBe('seen');
      expect([shared.isAvailable, events[0]?.type]).toEqual([false, 'store.failed']);
    }
    await restart(redis);
    for (const replica of [local, refuse]) {
      await replica.shared.putIfAbsent('probe', 60_000);
      await recovered(replica);
      expect(replica.events.at(-1)?.type).toBe('store.recovered');
    }
    expect(await local.guard.use('after', TTL_MS)).toBe('first');
    expect(await refuse.guard.use('after', TTL_MS)).toBe('seen');
  });

  it('goes by onStoreFailure while Redis is full, and names what it says', async () => {
    const { port } = await startServer(command, '--maxmemory-policy', 'noeviction');
    const [local, refuse] = [await openReplica(under, port), await openReplica(under, port, 'refuse')];
    await inspect(port).config('SET', 'maxmemory', '1');
    expect(await hundred(local.guard, 'local')).toEqual(new Set(['first-here']));
    expect(await hundred(local.guard, 'local')).toEqual(new Set(['seen']));
    expect(await hundred(refuse.guard, 'refuse')).toEqual(new Set(['undecided']));
    expect(local.events[0]).toMatchObject({
      type: 'store.failed',
      reason: expect.stringMatching(/^OOM command not allowed/) as string,
    });
  });

  it('goes by onStoreFailure while Redis is slow, and what it learns late is known', async () => {
    const { port } = await startServer(command);
    const relay = await startRelay(port);
    const slow = [
      await openReplica(under, relay.port),
      await openReplica(under, relay.port, 'refuse'),
    ] as const;
    const direct = await openReplica(under, port);
    await direct.shared.putIfAbsent('probe', 60_000);
    relay.delayMs = 3 * TIMEOUT_MS;
    expect(await inTime(async () => slow[0].guard.use('late', TTL_MS))).toBe('first-here');
    expect(await inTime(async () => slow[1].guard.use('later', TTL_MS))).toBe('undecided');
    expect(slow[0].events[0]).toMatchObject({ reason: 'no answer within 100 ms' });
    expect(await hundred(slow[0].guard, 'local')).toEqual(new Set(['first-here']));
    expect(await hundred(slow[1].guard, 'refuse')).toEqual(new Set(['undecided']));
    expect(await direct.guard.use('late', TTL_MS)).toBe('seen');
    relay.delayMs = 0;
    for (const replica of slow) await recovered(replica);
  });

  it('lets a proof in once more at another replica, if Redis comes back empty', async () => {
    const redis = await startServer(command);
    const [one, other] = [await openReplica(under, redis.port), await openReplica(under, redis.port)];
    expect(await one.guard.use('proof', TTL_MS)).toBe('first');
    await redis.kill();
    await redis.run();
    for (const replica of [one, other]) {
      await expect
        .poll(async () => replica.shared.putIfAbsent('probe', 60_000), { timeout: 15_000 })
        .toBe('present');
    }
    expect(await one.guard.use('proof', TTL_MS)).toBe('seen');
    expect(await other.guard.use('proof', TTL_MS)).toBe('first');
    expect(await other.guard.use('proof', TTL_MS)).toBe('seen');
    expect(await (await openReplica(under, redis.port)).guard.use('proof', TTL_MS)).toBe('seen');
  });

  it('knows after a failover what the copy had received, and decides without it until the copy may be written', async () => {
    const master = await startServer(command, '--repl-diskless-sync-delay', '0');
    const copy = await startServer(command, '--replicaof', '127.0.0.1', String(master.port));
    const relay = await startRelay(master.port);
    const [local, refuse] = [
      await openReplica(under, relay.port),
      await openReplica(under, relay.port, 'refuse'),
    ];
    const admin = inspect(copy.port);
    await expect
      .poll(async () => admin.info('replication'), { timeout: 15_000 })
      .toContain('master_link_status:up');
    await local.guard.use('proof', TTL_MS);
    await local.shared.putIfAbsent('probe', 600_000);
    await expect.poll(async () => admin.dbsize()).toBe(2);

    await master.kill();
    relay.moveTo(copy.port);
    const reasons = (): string[] =>
      local.events.flatMap((event) => ('reason' in event ? [event.reason] : []));
    await expect
      .poll(async () => [await local.guard.use(`p ${String(Math.random())}`, TTL_MS), reasons().join()], {
        timeout: 15_000,
      })
      .toEqual(['first-here', expect.stringContaining('READONLY')]);
    expect(await hundred(refuse.guard, 'refuse')).toEqual(new Set(['undecided']));

    await admin.replicaof('NO', 'ONE');
    for (const replica of [local, refuse]) await recovered(replica);
    expect(await refuse.guard.use('proof', TTL_MS)).toBe('seen');
    expect(await refuse.guard.use('new', TTL_MS)).toBe('first');
    expect(await local.guard.use('new', TTL_MS)).toBe('seen');
  });
});

async function setCalls(redis: Redis): Promise<number> {
  const [, calls = '0'] = /cmdstat_set:calls=(\d+)/.exec(await redis.info('commandstats')) ?? [];
  return Number(calls);
}
