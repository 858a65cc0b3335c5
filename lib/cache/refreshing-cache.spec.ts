import { describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../../test/support/fake-clock.js';
import {
  CacheMissError,
  RefreshingCache,
  type LoadContext,
  type Loaded,
  type RefreshingCacheOptions,
} from './refreshing-cache.js';

const TTL = 600_000;
const STALE = 24 * 3_600_000;

type Load = (key: string, context: LoadContext<string>) => Promise<Loaded<string>>;

interface Bench {
  readonly clock: FakeClock;
  readonly cache: RefreshingCache<string>;
  /** Keys in the order they were fetched. */
  readonly fetched: string[];
  readonly contexts: LoadContext<string>[];
  readonly told: string[];
  /** What a fetch does from now on. */
  answer: Load;
}

const value = (text: string, ttlMs = TTL): Loaded<string> => ({ value: text, ttlMs });

function createBench(options: Partial<RefreshingCacheOptions<string>> = {}): Bench {
  const clock = new FakeClock();
  const bench = {
    clock,
    fetched: [] as string[],
    contexts: [] as LoadContext<string>[],
    told: [] as string[],
    answer: (async (key) => value(`${key}${String(bench.fetched.length)}`)) as Load,
  };
  const cache = new RefreshingCache<string>({
    load: (key, context) => {
      bench.fetched.push(key);
      bench.contexts.push(context);
      return bench.answer(key, context);
    },
    maxEntries: 2,
    maxColdEntries: 3,
    pinned: new Set(['a']),
    staleIfErrorMs: STALE,
    refreshAheadRatio: 0.8,
    clock,
    onRefreshed: (key, now, before) => bench.told.push(`${key}: ${before ?? 'none'} -> ${now}`),
    onFailed: (key, { failures, retryInMs }) =>
      bench.told.push(`${key}: failure ${String(failures)}, again in ${String(retryInMs)}`),
    ...options,
  });
  return Object.assign(bench, { cache });
}

/** A fetch that a test ends by hand. */
function pending(): { load: Load; resolve: (text: string) => void; reject: () => void } {
  let resolve!: (text: string) => void;
  let reject!: () => void;
  const load: Load = () =>
    new Promise((onResolve, onReject) => {
      resolve = (text) => onResolve(value(text));
      reject = () => onReject(new Error('down'));
    });
  return { load, resolve: (text) => resolve(text), reject: () => reject() };
}

const down: Load = () => Promise.reject(new Error('down'));

async function missOf(promise: Promise<unknown>): Promise<CacheMissError> {
  const error: unknown = await promise.catch((thrown: unknown) => thrown);
  if (error instanceof CacheMissError) return error;
  throw new Error(`no CacheMissError but ${String(error)}`);
}

describe('a cold entry', () => {
  it('is fetched once for all who ask at the same time', async () => {
    const bench = createBench();
    const all = await Promise.all(Array.from({ length: 1_000 }, () => bench.cache.get('a')));
    expect(new Set(all)).toEqual(new Set(['a1']));
    expect(bench.fetched).toEqual(['a']);
    expect(bench.cache.stats()).toMatchObject({ hits: 0, misses: 1_000, refreshes: 1, size: 1 });
  });

  it('fails everybody with the same fetch, and then fast, until the next attempt', async () => {
    const bench = createBench();
    bench.answer = down;
    const failures = await Promise.all([1, 2, 3].map(() => missOf(bench.cache.get('a'))));
    expect(failures.map(({ retryAfterMs }) => retryAfterMs)).toEqual([500, 500, 500]);
    for (let request = 0; request < 100; request++) {
      expect((await missOf(bench.cache.get('a'))).cause).toMatchObject({ message: 'down' });
    }
    expect(bench.fetched).toEqual(['a']);
    await bench.clock.advance(400);
    expect((await missOf(bench.cache.get('a'))).retryAfterMs).toBe(100);
  });

  it('is asked for again by itself where it is pinned, on the schedule of the backoff', async () => {
    const bench = createBench();
    bench.answer = down;
    bench.clock.chance = 1;
    await missOf(bench.cache.get('a'));
    await bench.clock.advance(10 * 60_000);
    const waits = bench.told.map((line) => Number(/again in (\d+)/.exec(line)?.[1]) / 1000);
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60, 60, 60, 60]);
  });

  it('waits as long as the source asked for, one minute at the most', async () => {
    for (const [asked, waited] of [
      [5_000, 5_000],
      [3_600_000, 60_000],
      [0, 1_000],
    ] as const) {
      const bench = createBench();
      bench.answer = () => Promise.reject(Object.assign(new Error('429'), { retryAfterMs: asked }));
      expect((await missOf(bench.cache.get('a'))).retryAfterMs).toBe(waited);
    }
  });

  it('fails with a loader that throws at once like with any other', async () => {
    const bench = createBench();
    bench.answer = () => {
      throw new Error('down');
    };
    await missOf(bench.cache.get('a'));
    expect(bench.cache.stats()).toMatchObject({ failures: 1 });
  });
});

describe('a warm entry', () => {
  it('is renewed in the background before its time is up, though nobody asks', async () => {
    const bench = createBench();
    await bench.cache.get('a');
    await bench.clock.advance(0.8 * TTL - 1);
    expect(bench.fetched).toHaveLength(1);
    await bench.clock.advance(1);
    expect(bench.fetched).toHaveLength(2);
    expect(bench.cache.peek('a')).toBe('a2');
    await bench.clock.advance(24 * 3_600_000);
    expect(bench.fetched).toHaveLength(1 + 181);
    expect(bench.cache.stats()).toMatchObject({ misses: 1, failures: 0 });
  });

  it('spreads the renewal over the time that is left', async () => {
    const at = async (chance: number): Promise<number> => {
      const bench = createBench();
      bench.clock.chance = chance;
      await bench.cache.get('a');
      return (bench.cache.state('a').nextRefreshAt?.getTime() ?? 0) - bench.clock.wallMs();
    };
    expect([await at(0), await at(0.5), await at(0.999_99)].map(Math.floor)).toEqual([
      480_000, 510_000, 539_999,
    ]);
  });

  it('serves everybody while it is renewed, with one fetch', async () => {
    const bench = createBench();
    await bench.cache.get('a');
    const slow = pending();
    bench.answer = slow.load;
    await bench.clock.advance(TTL + 1);
    for (let request = 0; request < 100; request++) expect(await bench.cache.get('a')).toBe('a1');
    expect(bench.fetched).toHaveLength(2);
    slow.resolve('new');
    await settle();
    expect(await bench.cache.get('a')).toBe('new');
    expect(bench.cache.stats()).toMatchObject({ hits: 101, misses: 1 });
  });

  it('waits for the fetch where the value is older than two lifetimes and nobody was down', async () => {
    const bench = createBench({ pinned: new Set() });
    await bench.cache.get('t');
    await bench.clock.advance(2 * TTL + 1);
    expect(bench.fetched).toHaveLength(2);
    await bench.clock.advance(3 * TTL);
    const asked = bench.fetched.length;
    expect(await bench.cache.get('t')).toBe(`t${String(asked + 1)}`);
  });

  it('survives an outage of 23 hours without a wait, but not one of 25', async () => {
    const bench = createBench();
    await bench.cache.get('a');
    bench.answer = down;
    for (let hour = 0; hour < 23; hour++) {
      await bench.clock.advance(3_600_000);
      expect(bench.cache.peek('a')).toBe('a1');
    }
    expect(bench.cache.state('a')).toMatchObject({ state: 'stale', ageMs: 23 * 3_600_000 });
    await bench.clock.advance(2 * 3_600_000);
    expect(bench.cache.peek('a')).toBeUndefined();
    expect(bench.cache.state('a').state).toBe('expired');
    await missOf(bench.cache.get('a'));
    bench.answer = async () => value('back');
    await bench.clock.advance(60_000);
    expect(bench.cache.peek('a')).toBe('back');
  });

  it('waits up to ten minutes for a source that asks for an hour', async () => {
    const bench = createBench();
    await bench.cache.get('a');
    bench.answer = () => Promise.reject(Object.assign(new Error('429'), { retryAfterMs: 3_600_000 }));
    await bench.clock.advance(0.8 * TTL);
    expect(bench.told.at(-1)).toBe('a: failure 1, again in 600000');
  });

  it('asks a source that flaps no more often than the backoff says', async () => {
    const bench = createBench();
    await bench.cache.get('a');
    bench.answer = down;
    await bench.clock.advance(0.8 * TTL);
    const before = bench.fetched.length;
    for (let second = 0; second < 60; second++) {
      bench.answer = second % 2 === 0 ? down : async () => value('up');
      await bench.clock.advance(1_000);
      expect(bench.cache.peek('a')).toBeDefined();
    }
    expect(bench.fetched.length - before).toBeLessThanOrEqual(6);
  });
});

describe('time', () => {
  it('ages a value while the process is frozen', async () => {
    const bench = createBench();
    await bench.cache.get('a');
    bench.clock.freeze(12 * 3_600_000);
    expect(bench.cache.state('a').state).toBe('stale');
    expect(bench.cache.peek('a')).toBeUndefined();
    expect(await bench.cache.get('a')).toBe('a2');
    bench.clock.freeze(25 * 3_600_000);
    bench.answer = down;
    await missOf(bench.cache.get('a'));
  });

  it('serves what is left of it after a frozen time where the source is down', async () => {
    const bench = createBench();
    await bench.cache.get('a');
    bench.clock.freeze(12 * 3_600_000);
    bench.answer = down;
    expect(await bench.cache.get('a')).toBe('a1');
    expect(bench.cache.peek('a')).toBe('a1');
  });

  it('is not fooled by a wall clock that is set back, and renews early when it is set forward', async () => {
    const bench = createBench();
    await bench.cache.get('a');
    bench.clock.jumpWall(-3_600_000);
    await bench.clock.advance(TTL - 1);
    expect(bench.fetched).toHaveLength(2);
    bench.clock.jumpWall(3_600_000 + 0.5 * TTL);
    expect(bench.cache.state('a').state).toBe('stale');
  });
});

describe('refresh', () => {
  it('settles with a fetch that began after the call, one for all who call meanwhile', async () => {
    const bench = createBench();
    const slow = pending();
    bench.answer = slow.load;
    const first = bench.cache.get('a');
    const refreshed = [bench.cache.refresh('a'), bench.cache.refresh('a')];
    bench.answer = async () => value('second');
    slow.resolve('first');
    expect(await first).toBe('first');
    expect(await Promise.all(refreshed)).toEqual(['second', 'second']);
    expect(bench.fetched).toHaveLength(2);
    expect(bench.contexts.map(({ mustBeginNow }) => mustBeginNow)).toEqual([false, true]);
  });

  it('keeps the last good value where it fails', async () => {
    const bench = createBench();
    await bench.cache.get('a');
    bench.answer = down;
    await missOf(bench.cache.refresh('a'));
    expect(bench.cache.peek('a')).toBe('a1');
    expect(bench.contexts[1]?.previous).toBe('a1');
  });
});

describe('refreshAnew', () => {
  it('lets nothing of what is held into the fetch, and serves it until the new value is here', async () => {
    const bench = createBench();
    await bench.cache.get('a');
    const slow = pending();
    bench.answer = slow.load;
    const replaced = bench.cache.refreshAnew('a');
    await settle();
    expect(bench.contexts[1]).toMatchObject({ previous: undefined, mustBeginNow: true });
    expect(bench.cache.peek('a')).toBe('a1');
    slow.resolve('new');
    expect(await replaced).toBe('new');
    expect(bench.cache.peek('a')).toBe('new');
    expect(bench.told.at(-1)).toBe('a: a1 -> new');
  });

  it('keeps what is held where it fails, and builds on it again afterwards', async () => {
    const bench = createBench();
    await bench.cache.get('a');
    bench.answer = down;
    await missOf(bench.cache.refreshAnew('a'));
    expect(bench.cache.peek('a')).toBe('a1');
    bench.answer = async () => value('later');
    expect(await bench.cache.refresh('a')).toBe('later');
    expect(bench.contexts.map(({ previous }) => previous)).toEqual([undefined, undefined, 'a1']);
  });

  it('waits for a fetch under way, which has built on what is held', async () => {
    const bench = createBench();
    await bench.cache.get('a');
    const slow = pending();
    bench.answer = slow.load;
    const refreshed = bench.cache.refresh('a');
    const replaced = [bench.cache.refreshAnew('a'), bench.cache.refreshAnew('a')];
    const along = bench.cache.refresh('a');
    bench.answer = async () => value('new');
    slow.resolve('renewed');
    expect(await refreshed).toBe('renewed');
    expect(await Promise.all([...replaced, along])).toEqual(['new', 'new', 'new']);
    expect(bench.contexts.map(({ previous }) => previous)).toEqual([undefined, 'a1', undefined]);
  });

  it('brings nothing back that was cleared meanwhile', async () => {
    const bench = createBench();
    await bench.cache.get('a');
    const slow = pending();
    bench.answer = slow.load;
    const replaced = bench.cache.refreshAnew('a');
    await settle();
    bench.cache.clear('a');
    slow.resolve('withdrawn');
    expect(await missOf(replaced)).toBeInstanceOf(CacheMissError);
    expect(bench.cache.peek('a')).toBeUndefined();
  });

  it('fetches what was never held', async () => {
    const bench = createBench();
    expect(await bench.cache.refreshAnew('b')).toBe('b1');
  });
});

describe('clear', () => {
  it('is not undone by a fetch that was under way', async () => {
    const bench = createBench();
    await bench.cache.get('a');
    const slow = pending();
    bench.answer = slow.load;
    const refreshing = bench.cache.refresh('a');
    await settle();
    bench.cache.clear('a');
    expect(bench.contexts[1]?.signal.aborted).toBe(true);
    bench.answer = async () => value('after');
    slow.resolve('withdrawn');
    await settle();
    expect(await missOf(refreshing)).toBeInstanceOf(CacheMissError);
    expect(bench.cache.peek('a')).toBeUndefined();
    expect(await bench.cache.get('a')).toBe('after');
    expect(bench.contexts[2]?.mustBeginNow).toBe(true);
  });

  it('lets those who wait go on with a new fetch', async () => {
    const bench = createBench();
    const slow = pending();
    bench.answer = slow.load;
    const waiting = bench.cache.get('a');
    await settle();
    bench.cache.clear();
    bench.answer = async () => value('after');
    slow.reject();
    expect(await waiting).toBe('after');
  });

  it('forgets the backoff too, and of all entries', async () => {
    const bench = createBench();
    bench.answer = down;
    await missOf(bench.cache.get('a'));
    await missOf(bench.cache.get('b'));
    bench.cache.clear();
    bench.answer = async (key) => value(key);
    expect([await bench.cache.get('a'), await bench.cache.get('b')]).toEqual(['a', 'b']);
  });
});

describe('bounds', () => {
  it('lets the least recently used entry leave, with its timer, and never a pinned one', async () => {
    const bench = createBench();
    for (const key of ['a', 'b', 'c']) await bench.cache.get(key);
    bench.cache.peek('b');
    await bench.cache.get('d');
    expect(['a', 'b', 'c', 'd'].map((key) => bench.cache.state(key).state)).toEqual([
      'fresh',
      'fresh',
      'cold',
      'fresh',
    ]);
    expect(bench.cache.stats()).toMatchObject({ size: 3, evictions: 1 });
    expect(bench.clock.pendingTimers).toBe(3);
  });

  it('does not let entries without a value drive out those with one', async () => {
    const bench = createBench();
    await bench.cache.get('b');
    bench.answer = down;
    for (let index = 0; index < 1_000; index++) await missOf(bench.cache.get(`made up ${String(index)}`));
    expect(bench.cache.peek('b')).toBe('b1');
    expect(bench.cache.stats()).toMatchObject({ size: 1, evictions: 0 });
    expect(bench.clock.pendingTimers).toBe(1);
  });

  describe('with proven entries', () => {
    async function withProven(...keys: string[]): Promise<Bench> {
      const bench = createBench({ maxEntries: 8, maxColdEntries: 1_000 });
      for (const key of keys) {
        await bench.cache.get(key);
        bench.cache.prove(key);
      }
      return bench;
    }
    const flood = async (bench: Bench, count: number): Promise<void> => {
      for (let index = 0; index < count; index++) await bench.cache.get(`named ${String(index)}`);
    };

    it('keeps them, and their timers, through any number of others', async () => {
      const bench = await withProven('b', 'c');
      await flood(bench, 500);
      expect([bench.cache.peek('b'), bench.cache.peek('c')]).toEqual(['b1', 'c2']);
      expect(bench.cache.stats()).toMatchObject({ size: 8, evictions: 494 });
      expect(bench.clock.pendingTimers).toBe(8);
    });

    it('holds an eighth more at the most, and lets the least recently proven one leave for a proven one', async () => {
      const bench = await withProven('1', '2', '3', '4', '5', '6', '7', '8');
      await flood(bench, 20);
      expect(bench.cache.stats().size).toBe(9);
      // A look-up is what anybody can bring about: it keeps nothing.
      bench.cache.peek('1');
      bench.cache.prove('2');
      await bench.cache.get('new');
      bench.cache.prove('new');
      const states = ['1', '2', '3', 'new'].map((key) => bench.cache.state(key).state);
      expect(states).toEqual(['cold', 'fresh', 'fresh', 'fresh']);
    });

    it('proves nothing that it does not hold, and nothing twice', async () => {
      const bench = await withProven('b');
      for (const key of ['a', 'b', 'unknown']) bench.cache.prove(key);
      expect(bench.cache.stats().size).toBe(1);
      bench.answer = down;
      await missOf(bench.cache.get('c'));
      bench.cache.prove('c');
      expect(bench.cache.state('c').failures).toBe(1);
    });

    it('fetches what it has driven out unproven again after 2 s at the earliest', async () => {
      const bench = createBench({ maxEntries: 1, maxColdEntries: 10 });
      for (let round = 0; round < 50; round++) {
        await bench.cache.get('b').catch(() => undefined);
        await bench.cache.get('c').catch(() => undefined);
      }
      expect(bench.fetched).toEqual(['b', 'c']);
      const miss = await missOf(bench.cache.get('b'));
      expect(miss).toMatchObject({
        message: 'it was fetched a moment ago, and driven out',
        retryAfterMs: 2_000,
      });
      await bench.clock.advance(2_000);
      expect(await bench.cache.get('b')).toBe('b3');
    });

    it('does not make one wait that other proven ones have driven out', async () => {
      const bench = await withProven('1', '2', '3', '4', '5', '6', '7', '8', '9');
      expect(bench.cache.state('1').state).toBe('cold');
      expect(await bench.cache.get('1')).toBe('110');
    });

    it('remembers the backoff of what is driven out, with a fetch in flight too', async () => {
      const bench = createBench({ maxEntries: 1, maxColdEntries: 10 });
      await bench.cache.get('b');
      await bench.clock.advance(TTL * 0.75);
      const slow = pending();
      bench.answer = slow.load;
      const renewal = bench.cache.refresh('b');
      await settle();
      bench.answer = async (key) => value(key);
      await bench.cache.get('c');
      slow.reject();
      await missOf(renewal);
      const before = bench.fetched.length;
      expect(bench.cache.backoffLeftMs('b')).toBeGreaterThan(0);
      await missOf(bench.cache.get('b'));
      expect(bench.fetched).toHaveLength(before);
      expect(bench.cache.stats().size).toBe(1);
    });
  });

  it('renews what is not pinned only within one lifetime of its last use', async () => {
    const bench = createBench();
    await bench.cache.get('b');
    await bench.clock.advance(10 * TTL);
    expect(bench.fetched).toHaveLength(2);
    expect(bench.clock.pendingTimers).toBe(0);
    expect(bench.cache.look('b')).toBe('b2');
    await bench.clock.advance(TTL);
    expect(bench.fetched).toHaveLength(2);
  });

  it('never plans anything for what lives forever', async () => {
    const bench = createBench();
    bench.answer = async () => value('static', Infinity);
    await bench.cache.get('a');
    expect(bench.clock.pendingTimers).toBe(0);
    expect(bench.cache.state('a')).toMatchObject({ state: 'fresh', nextRefreshAt: undefined });
  });
});

describe('close', () => {
  it('ends fetches and timers for good', async () => {
    const bench = createBench();
    await bench.cache.get('a');
    const slow = pending();
    bench.answer = slow.load;
    const waiting = bench.cache.get('b');
    await settle();
    bench.cache.close();
    expect(bench.contexts[1]?.signal.aborted).toBe(true);
    slow.reject();
    await missOf(waiting);
    await missOf(bench.cache.get('a'));
    await missOf(bench.cache.refresh('a'));
    expect(bench.cache.peek('a')).toBeUndefined();
    expect(bench.clock.pendingTimers).toBe(0);
    expect(bench.fetched).toEqual(['a', 'b']);
  });
});
