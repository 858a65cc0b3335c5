import { describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../../test/support/fake-clock.js';
import { IdentityError } from '../errors/identity-error.js';
import { UnknownKeyIds, type UnknownKeyIdsOptions } from './unknown-key-ids.js';

const COOLDOWN_MS = 2_000;
const TTL_MS = 30_000;

interface Bench {
  readonly clock: FakeClock;
  readonly ids: UnknownKeyIds;
  /** When the refreshes began, in milliseconds since the first moment. */
  readonly begun: number[];
  /** What a refresh does from now on. */
  refresh: () => Promise<{ changed: boolean }>;
  backoffMs: number;
}

function createBench(options: Partial<UnknownKeyIdsOptions> = {}): Bench {
  const clock = new FakeClock();
  const startMs = clock.monotonicMs();
  const bench = {
    clock,
    begun: [] as number[],
    refresh: async () => ({ changed: false }),
    backoffMs: 0,
  };
  const ids = new UnknownKeyIds({
    cooldownMs: COOLDOWN_MS,
    ttlMs: TTL_MS,
    maxWaiting: 1_000,
    clock,
    refresh: () => {
      bench.begun.push(clock.monotonicMs() - startMs);
      return bench.refresh();
    },
    backoffLeftMs: () => bench.backoffMs,
    ...options,
  });
  return Object.assign(bench, { ids });
}

const outcomeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: unknown) => (error instanceof IdentityError ? error.code : error));

describe('a key id that the set does not have', () => {
  it('is settled by one refresh for all who ask', async () => {
    const { ids, begun } = createBench();
    const all = Array.from({ length: 500 }, (_, index) => outcomeOf(ids.wait(`id ${String(index % 7)}`)));
    await settle();
    expect(new Set(await Promise.all(all))).toEqual(new Set(['settled']));
    expect(begun).toEqual([0]);
    expect(ids.isRemembered('id 3')).toBe(true);
    expect(ids.isRemembered('id 7')).toBe(false);
  });

  it('waits for the next refresh where one is under way that began before it came', async () => {
    const bench = createBench();
    let end!: () => void;
    bench.refresh = () => new Promise((resolve) => (end = () => resolve({ changed: false })));
    const first = outcomeOf(bench.ids.wait('a'));
    await settle();
    let secondSettled = false;
    const second = outcomeOf(bench.ids.wait('b')).finally(() => (secondSettled = true));
    end();
    expect(await first).toBe('settled');
    await settle();
    expect(secondSettled).toBe(false);
    await bench.clock.advance(COOLDOWN_MS);
    end();
    expect(await second).toBe('settled');
    expect(bench.begun).toEqual([0, COOLDOWN_MS]);
  });

  it('needs no further refresh where the one under way shows that it does not exist', async () => {
    const bench = createBench();
    let end!: () => void;
    bench.refresh = () => new Promise((resolve) => (end = () => resolve({ changed: false })));
    const first = outcomeOf(bench.ids.wait('a'));
    await settle();
    const second = outcomeOf(bench.ids.wait('a'));
    end();
    expect(await Promise.all([first, second])).toEqual(['settled', 'settled']);
    await bench.clock.advance(10 * COOLDOWN_MS);
    expect(bench.begun).toEqual([0]);
  });

  it('is remembered for a while, at most until the set changes', async () => {
    const { ids, clock } = createBench();
    await Promise.all([ids.wait('a'), settle()]);
    await clock.advance(TTL_MS - 1);
    expect(ids.isRemembered('a')).toBe(true);
    await clock.advance(1);
    expect(ids.isRemembered('a')).toBe(false);
    await Promise.all([ids.wait('a'), settle()]);
    ids.setChanged();
    expect(ids.isRemembered('a')).toBe(false);
  });

  it('is looked for again at once when the set changes while it waits', async () => {
    const { ids, clock } = createBench();
    await Promise.all([ids.wait('a'), settle()]);
    const waiting = outcomeOf(ids.wait('b'));
    await clock.advance(COOLDOWN_MS / 2);
    ids.setChanged();
    expect(await waiting).toBe('changed');
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('a flood of made-up key ids', () => {
  it('costs one request a cooldown, which grows where refreshes bring nothing, up to 30 s', async () => {
    const { ids, clock, begun } = createBench();
    for (let tick = 0; tick < 1_200; tick++) {
      for (let request = 0; request < 5; request++) {
        void outcomeOf(ids.wait(`${String(tick)} ${String(request)}`));
      }
      await clock.advance(100);
    }
    const gaps = begun.slice(1).map((at, index) => at - (begun[index] ?? 0));
    expect(gaps.map((gap) => gap / 1000)).toEqual([2, 2, 2, 2, 4, 8, 16, 30, 30]);
  });

  it('is forgiven when the set changes', async () => {
    const bench = createBench();
    for (let round = 0; round < 12; round++) {
      void outcomeOf(bench.ids.wait(`id ${String(round)}`));
      await bench.clock.advance(30_000);
    }
    bench.ids.setChanged();
    const before = bench.begun.length;
    void outcomeOf(bench.ids.wait('x'));
    await bench.clock.advance(0);
    void outcomeOf(bench.ids.wait('y'));
    await bench.clock.advance(COOLDOWN_MS);
    expect(bench.begun.length - before).toBe(2);
  });

  it('makes no more than maxWaiting wait: the oldest that is alone with its id has to go', async () => {
    const { ids, clock } = createBench({ maxWaiting: 10 });
    await Promise.all([ids.wait('first'), settle()]);
    const codes = Array.from({ length: 25 }, (_, index) => outcomeOf(ids.wait(String(index))));
    await clock.advance(COOLDOWN_MS);
    const all = await Promise.all(codes);
    expect(all.slice(0, 15)).toEqual(Array(15).fill('keys_busy'));
    expect(all.slice(15)).toEqual(Array(10).fill('settled'));
    expect(await Promise.all([outcomeOf(ids.wait('later')), clock.advance(COOLDOWN_MS)])).toEqual([
      'settled',
      undefined,
    ]);
  });

  it('drives out nobody whose id is asked for twice, and fails at once where nobody can go', async () => {
    const { ids, clock } = createBench({ maxWaiting: 4 });
    await Promise.all([ids.wait('first'), settle()]);
    const honest = [outcomeOf(ids.wait('new key')), outcomeOf(ids.wait('new key'))];
    const flood = Array.from({ length: 100 }, (_, index) => outcomeOf(ids.wait(String(index))));
    honest.push(outcomeOf(ids.wait('new key')), outcomeOf(ids.wait('new key')));
    const late = outcomeOf(ids.wait('too late'));
    expect(await late).toBe('keys_busy');
    await clock.advance(COOLDOWN_MS);
    expect(await Promise.all(honest)).toEqual(Array(4).fill('settled'));
    expect(new Set(await Promise.all(flood))).toEqual(new Set(['keys_busy']));
  });

  it('remembers a bounded number of ids, the latest', async () => {
    const { ids, clock } = createBench({ maxWaiting: Infinity });
    for (let round = 0; round < 6; round++) {
      for (let index = 0; index < 1_000; index++) ids.request(`${String(round)} ${String(index)}`);
      await clock.advance(30_000 - 1);
    }
    const remembered = [0, 1, 2, 3, 4, 5].map((round) => ids.isRemembered(`${String(round)} 999`));
    expect(remembered.at(-1)).toBe(true);
    expect(remembered[0]).toBe(false);
  });

  it('of those that do not wait makes no more ids held than maxWaiting', async () => {
    const { ids, clock } = createBench({ maxWaiting: 10 });
    for (let index = 0; index < 100; index++) ids.request(`id ${String(index)}`);
    await clock.advance(0);
    expect([ids.isRemembered('id 9'), ids.isRemembered('id 10')]).toEqual([true, false]);
  });
});

describe('a refresh that fails', () => {
  it('is an attempt: those who waited learn why, the next one has to wait its turn', async () => {
    const bench = createBench();
    bench.refresh = () => Promise.reject(new Error('down'));
    expect(await outcomeOf(bench.ids.wait('a'))).toMatchObject({ message: 'down' });
    expect(bench.ids.isRemembered('a')).toBe(false);
    const second = outcomeOf(bench.ids.wait('a'));
    await bench.clock.advance(COOLDOWN_MS - 1);
    expect(bench.begun).toEqual([0]);
    await bench.clock.advance(1);
    await second;
    expect(bench.begun).toEqual([0, COOLDOWN_MS]);
  });

  it('makes the next ones fail at once while the provider is backed off from', async () => {
    const bench = createBench();
    bench.backoffMs = 7_000;
    const error = await bench.ids.wait('a').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'keys_unavailable', retryAfterMs: 7_000 });
    bench.ids.request('a');
    await bench.clock.advance(60_000);
    expect(bench.begun).toEqual([]);
  });

  it('is not started where the provider is backed off from by the time of its turn', async () => {
    const bench = createBench();
    await Promise.all([bench.ids.wait('a'), settle()]);
    const waiting = outcomeOf(bench.ids.wait('b'));
    bench.backoffMs = 5_000;
    await bench.clock.advance(COOLDOWN_MS);
    expect(await waiting).toBe('keys_unavailable');
    expect(bench.begun).toEqual([0]);
  });
});

describe('close', () => {
  it('ends all waits', async () => {
    const { ids, clock } = createBench();
    await Promise.all([ids.wait('a'), settle()]);
    const waiting = outcomeOf(ids.wait('b'));
    ids.close(new IdentityError('shutting_down'));
    expect(await waiting).toBe('shutting_down');
    expect(clock.pendingTimers).toBe(0);
  });
});
