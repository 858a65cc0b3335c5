import { describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../../test/support/fake-clock.js';
import { CacheCounters } from './cache-stats.js';
import { RefreshingValue } from './refreshing-value.js';
import { CacheMissError, type LoadContext, type Loaded } from './value-source.js';

const TTL = 600_000;
const STALE = 24 * 3_600_000;

type Load = (context: LoadContext<string>) => Promise<Loaded<string>>;

interface Bench {
  readonly clock: FakeClock;
  readonly value: RefreshingValue<string>;
  readonly counters: CacheCounters;
  /** One for each fetch, in their order. */
  readonly contexts: LoadContext<string>[];
  readonly told: string[];
  /** What a fetch does from now on. */
  answer: Load;
}

const loaded = (text: string, ttlMs = TTL): Loaded<string> => ({ value: text, ttlMs });

function createBench({ keepsWarm = true } = {}): Bench {
  const clock = new FakeClock();
  const counters = new CacheCounters();
  const bench = {
    clock,
    counters,
    contexts: [] as LoadContext<string>[],
    told: [] as string[],
    answer: (async () => loaded(`v${String(bench.contexts.length)}`)) as Load,
  };
  const value = new RefreshingValue<string>(
    {
      load: (context) => {
        bench.contexts.push(context);
        return bench.answer(context);
      },
      onRefreshed: (now, before) => bench.told.push(`${before ?? 'none'} -> ${now}`),
      onFailed: ({ failures, retryInMs }) =>
        bench.told.push(`failure ${String(failures)}, again in ${String(retryInMs)}`),
    },
    { staleIfErrorMs: STALE, refreshAheadRatio: 0.8, clock, counters },
    keepsWarm,
  );
  return Object.assign(bench, { value });
}

/** A fetch that a test ends by hand. */
function pending(): { load: Load; resolve: (text: string) => void; reject: () => void } {
  let resolve!: (text: string) => void;
  let reject!: () => void;
  const load: Load = () =>
    new Promise((onResolve, onReject) => {
      resolve = (text) => onResolve(loaded(text));
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
    const all = await Promise.all(Array.from({ length: 1_000 }, () => bench.value.get()));
    expect(new Set(all)).toEqual(new Set(['v1']));
    expect(bench.contexts).toHaveLength(1);
    expect(bench.counters.stats(bench.value.isHeld ? 1 : 0, 1)).toMatchObject({
      hits: 0,
      misses: 1_000,
      refreshes: 1,
      size: 1,
    });
  });

  it('fails everybody with the same fetch, and then fast, until the next attempt', async () => {
    const bench = createBench();
    bench.answer = down;
    const failures = await Promise.all([1, 2, 3].map(() => missOf(bench.value.get())));
    expect(failures.map(({ retryAfterMs }) => retryAfterMs)).toEqual([500, 500, 500]);
    for (let request = 0; request < 100; request++) {
      expect((await missOf(bench.value.get())).cause).toMatchObject({ message: 'down' });
    }
    expect(bench.contexts).toHaveLength(1);
    await bench.clock.advance(400);
    expect((await missOf(bench.value.get())).retryAfterMs).toBe(100);
  });

  it('is asked for again by itself where it is pinned, on the schedule of the backoff', async () => {
    const bench = createBench();
    bench.answer = down;
    bench.clock.chance = 1;
    await missOf(bench.value.get());
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
      expect((await missOf(bench.value.get())).retryAfterMs).toBe(waited);
    }
  });

  it('fails with a loader that throws at once like with any other', async () => {
    const bench = createBench();
    bench.answer = () => {
      throw new Error('down');
    };
    await missOf(bench.value.get());
    expect(bench.counters.stats(bench.value.isHeld ? 1 : 0, 1)).toMatchObject({ failures: 1 });
  });
});

describe('a warm entry', () => {
  it('is renewed in the background before its time is up, though nobody asks', async () => {
    const bench = createBench();
    await bench.value.get();
    await bench.clock.advance(0.8 * TTL - 1);
    expect(bench.contexts).toHaveLength(1);
    await bench.clock.advance(1);
    expect(bench.contexts).toHaveLength(2);
    expect(bench.value.getIfServable()).toBe('v2');
    await bench.clock.advance(24 * 3_600_000);
    expect(bench.contexts).toHaveLength(1 + 181);
    expect(bench.counters.stats(bench.value.isHeld ? 1 : 0, 1)).toMatchObject({ misses: 1, failures: 0 });
  });

  it('spreads the renewal over the time that is left', async () => {
    const at = async (chance: number): Promise<number> => {
      const bench = createBench();
      bench.clock.chance = chance;
      await bench.value.get();
      return (bench.value.state().nextRefreshAt?.getTime() ?? 0) - bench.clock.wallMs();
    };
    expect([await at(0), await at(0.5), await at(0.999_99)].map(Math.floor)).toEqual([
      480_000, 510_000, 539_999,
    ]);
  });

  it('serves everybody while it is renewed, with one fetch', async () => {
    const bench = createBench();
    await bench.value.get();
    const slow = pending();
    bench.answer = slow.load;
    await bench.clock.advance(TTL + 1);
    for (let request = 0; request < 100; request++) expect(await bench.value.get()).toBe('v1');
    expect(bench.contexts).toHaveLength(2);
    slow.resolve('new');
    await settle();
    expect(await bench.value.get()).toBe('new');
    expect(bench.counters.stats(bench.value.isHeld ? 1 : 0, 1)).toMatchObject({ hits: 101, misses: 1 });
  });

  it('waits for the fetch where the value is older than two lifetimes and nobody was down', async () => {
    const bench = createBench({ keepsWarm: false });
    await bench.value.get();
    await bench.clock.advance(2 * TTL + 1);
    expect(bench.contexts).toHaveLength(2);
    await bench.clock.advance(3 * TTL);
    const asked = bench.contexts.length;
    expect(await bench.value.get()).toBe(`v${String(asked + 1)}`);
  });

  it('survives an outage of 23 hours without a wait, but not one of 25', async () => {
    const bench = createBench();
    await bench.value.get();
    bench.answer = down;
    for (let hour = 0; hour < 23; hour++) {
      await bench.clock.advance(3_600_000);
      expect(bench.value.getIfServable()).toBe('v1');
    }
    expect(bench.value.state()).toMatchObject({ state: 'stale', ageMs: 23 * 3_600_000 });
    await bench.clock.advance(2 * 3_600_000);
    expect(bench.value.getIfServable()).toBeUndefined();
    expect(bench.value.state().state).toBe('expired');
    await missOf(bench.value.get());
    bench.answer = async () => loaded('back');
    await bench.clock.advance(60_000);
    expect(bench.value.getIfServable()).toBe('back');
  });

  it('waits up to ten minutes for a source that asks for an hour', async () => {
    const bench = createBench();
    await bench.value.get();
    bench.answer = () => Promise.reject(Object.assign(new Error('429'), { retryAfterMs: 3_600_000 }));
    await bench.clock.advance(0.8 * TTL);
    expect(bench.told.at(-1)).toBe('failure 1, again in 600000');
  });

  it('asks a source that flaps no more often than the backoff says', async () => {
    const bench = createBench();
    await bench.value.get();
    bench.answer = down;
    await bench.clock.advance(0.8 * TTL);
    const before = bench.contexts.length;
    for (let second = 0; second < 60; second++) {
      bench.answer = second % 2 === 0 ? down : async () => loaded('up');
      await bench.clock.advance(1_000);
      expect(bench.value.getIfServable()).toBeDefined();
    }
    expect(bench.contexts.length - before).toBeLessThanOrEqual(6);
  });
});

describe('time', () => {
  it('ages a value while the process is frozen', async () => {
    const bench = createBench();
    await bench.value.get();
    bench.clock.freeze(12 * 3_600_000);
    expect(bench.value.state().state).toBe('stale');
    expect(bench.value.getIfServable()).toBeUndefined();
    expect(await bench.value.get()).toBe('v2');
    bench.clock.freeze(25 * 3_600_000);
    bench.answer = down;
    await missOf(bench.value.get());
  });

  it('serves what is left of it after a frozen time where the source is down', async () => {
    const bench = createBench();
    await bench.value.get();
    bench.clock.freeze(12 * 3_600_000);
    bench.answer = down;
    expect(await bench.value.get()).toBe('v1');
    expect(bench.value.getIfServable()).toBe('v1');
  });

  it('is not fooled by a wall clock that is set back, and renews early when it is set forward', async () => {
    const bench = createBench();
    await bench.value.get();
    bench.clock.jumpWall(-3_600_000);
    await bench.clock.advance(TTL - 1);
    expect(bench.contexts).toHaveLength(2);
    bench.clock.jumpWall(3_600_000 + 0.5 * TTL);
    expect(bench.value.state().state).toBe('stale');
  });
});

describe('refresh', () => {
  it('settles with a fetch that began after the call, one for all who call meanwhile', async () => {
    const bench = createBench();
    const slow = pending();
    bench.answer = slow.load;
    const first = bench.value.get();
    const refreshed = [bench.value.refresh(), bench.value.refresh()];
    bench.answer = async () => loaded('second');
    slow.resolve('first');
    expect(await first).toBe('first');
    expect(await Promise.all(refreshed)).toEqual(['second', 'second']);
    expect(bench.contexts).toHaveLength(2);
    expect(bench.contexts.map(({ noSharing }) => noSharing)).toEqual([false, true]);
  });

  it('keeps the last good value where it fails', async () => {
    const bench = createBench();
    await bench.value.get();
    bench.answer = down;
    await missOf(bench.value.refresh());
    expect(bench.value.getIfServable()).toBe('v1');
    expect(bench.contexts[1]?.previous).toBe('v1');
  });
});

describe('refreshUnconditionally', () => {
  it('lets nothing of what is held into the fetch, and serves it until the new value is here', async () => {
    const bench = createBench();
    await bench.value.get();
    const slow = pending();
    bench.answer = slow.load;
    const replaced = bench.value.refreshUnconditionally();
    await settle();
    expect(bench.contexts[1]).toMatchObject({ previous: undefined, noSharing: true });
    expect(bench.value.getIfServable()).toBe('v1');
    slow.resolve('new');
    expect(await replaced).toBe('new');
    expect(bench.value.getIfServable()).toBe('new');
    expect(bench.told.at(-1)).toBe('v1 -> new');
  });

  it('keeps what is held where it fails, and builds on it again afterwards', async () => {
    const bench = createBench();
    await bench.value.get();
    bench.answer = down;
    await missOf(bench.value.refreshUnconditionally());
    expect(bench.value.getIfServable()).toBe('v1');
    bench.answer = async () => loaded('later');
    expect(await bench.value.refresh()).toBe('later');
    expect(bench.contexts.map(({ previous }) => previous)).toEqual([undefined, undefined, 'v1']);
  });

  it('waits for a fetch under way, which has built on what is held', async () => {
    const bench = createBench();
    await bench.value.get();
    const slow = pending();
    bench.answer = slow.load;
    const refreshed = bench.value.refresh();
    const replaced = [bench.value.refreshUnconditionally(), bench.value.refreshUnconditionally()];
    const along = bench.value.refresh();
    bench.answer = async () => loaded('new');
    slow.resolve('renewed');
    expect(await refreshed).toBe('renewed');
    expect(await Promise.all([...replaced, along])).toEqual(['new', 'new', 'new']);
    expect(bench.contexts.map(({ previous }) => previous)).toEqual([undefined, 'v1', undefined]);
  });

  it('brings nothing back that was cleared meanwhile', async () => {
    const bench = createBench();
    await bench.value.get();
    const slow = pending();
    bench.answer = slow.load;
    const replaced = bench.value.refreshUnconditionally();
    await settle();
    bench.value.clear();
    slow.resolve('withdrawn');
    expect(await missOf(replaced)).toBeInstanceOf(CacheMissError);
    expect(bench.value.getIfServable()).toBeUndefined();
  });

  it('fetches what was never held', async () => {
    const bench = createBench();
    expect(await bench.value.refreshUnconditionally()).toBe('v1');
  });
});

describe('clear', () => {
  it('is not undone by a fetch that was under way', async () => {
    const bench = createBench();
    await bench.value.get();
    const slow = pending();
    bench.answer = slow.load;
    const refreshing = bench.value.refresh();
    await settle();
    bench.value.clear();
    expect(bench.contexts[1]?.signal.aborted).toBe(true);
    bench.answer = async () => loaded('after');
    slow.resolve('withdrawn');
    await settle();
    expect(await missOf(refreshing)).toBeInstanceOf(CacheMissError);
    expect(bench.value.getIfServable()).toBeUndefined();
    expect(await bench.value.get()).toBe('after');
    expect(bench.contexts[2]?.noSharing).toBe(true);
  });

  it('lets those who wait go on with a new fetch', async () => {
    const bench = createBench();
    const slow = pending();
    bench.answer = slow.load;
    const waiting = bench.value.get();
    await settle();
    bench.value.clear();
    bench.answer = async () => loaded('after');
    slow.reject();
    expect(await waiting).toBe('after');
  });

  it('forgets the backoff too', async () => {
    const bench = createBench();
    bench.answer = down;
    await missOf(bench.value.get());
    bench.value.clear();
    bench.answer = async () => loaded('new');
    expect(await bench.value.get()).toBe('new');
  });
});

describe('what lives forever, and what nobody asks for', () => {
  it('is renewed only within one lifetime of its last use, unless it is kept warm', async () => {
    const bench = createBench({ keepsWarm: false });
    await bench.value.get();
    await bench.clock.advance(10 * TTL);
    expect(bench.contexts).toHaveLength(2);
    expect(bench.clock.pendingTimers).toBe(0);
    expect(bench.value.peek()).toBe('v2');
    await bench.clock.advance(TTL);
    expect(bench.contexts).toHaveLength(2);
  });

  it('is never planned for', async () => {
    const bench = createBench();
    bench.answer = async () => loaded('static', Infinity);
    await bench.value.get();
    expect(bench.clock.pendingTimers).toBe(0);
    expect(bench.value.state()).toMatchObject({ state: 'fresh', nextRefreshAt: undefined });
  });
});

describe('adopt', () => {
  it('takes over the value at its age, with its renewal and its backoff', async () => {
    const before = createBench();
    await before.value.get();
    await before.clock.advance(0.5 * TTL);
    before.answer = down;
    await missOf(before.value.refresh());
    const contexts: LoadContext<string>[] = [];
    const { clock, counters } = before;
    const after = new RefreshingValue<string>(
      { load: async (context) => (contexts.push(context), loaded('new')) },
      { staleIfErrorMs: STALE, refreshAheadRatio: 0.8, clock, counters },
      true,
    );
    after.adopt(before.value);
    before.value.close();
    expect(after.getIfServable()).toBe('v1');
    expect(after.state()).toMatchObject({ ageMs: 0.5 * TTL, failures: 1 });
    expect(after.backoffLeftMs).toBeGreaterThan(0);
    await clock.advance(0.3 * TTL);
    expect(contexts.map(({ previous }) => previous)).toEqual(['v1']);
    expect([after.peek(), before.contexts.length]).toEqual(['new', 2]);
  });
});

describe('a source that admits no fetch', () => {
  const refusal = new Error('too many');

  function createGated(): Bench & { refuses: boolean } {
    const clock = new FakeClock();
    const counters = new CacheCounters();
    const bench = { clock, counters, contexts: [] as LoadContext<string>[], told: [] as string[] };
    const gate = { refuses: false, answer: down };
    const value = new RefreshingValue<string>(
      {
        admit: () => (gate.refuses ? refusal : undefined),
        load: async (context) => loaded(`v${String(bench.contexts.push(context))}`),
        onFailed: ({ failures }) => bench.told.push(`failure ${String(failures)}`),
      },
      { staleIfErrorMs: STALE, refreshAheadRatio: 0.8, clock, counters },
      false,
    );
    return Object.assign(gate, bench, { value });
  }

  it('is told to those who need the value, is no failure, and is asked again by the next look-up', async () => {
    const gated = createGated();
    gated.refuses = true;
    for (let attempt = 0; attempt < 5; attempt++) {
      await expect(gated.value.get()).rejects.toBe(refusal);
      await expect(gated.value.refresh()).rejects.toBe(refusal);
      expect(gated.value.prefetch()).toBe(refusal);
    }
    expect([gated.contexts, gated.told, gated.value.backoffLeftMs]).toEqual([[], [], 0]);
    expect([gated.counters.failures, gated.value.state().failures]).toEqual([0, 0]);
    gated.refuses = false;
    expect(await gated.value.get()).toBe('v1');
  });

  it('leaves what is held, and is not noticed by a look-up that only renews it', async () => {
    const gated = createGated();
    await gated.value.get();
    gated.refuses = true;
    await gated.clock.advance(1.5 * TTL);
    expect(gated.value.getIfServable()).toBe('v1');
    await expect(gated.value.refresh()).rejects.toBe(refusal);
    gated.refuses = false;
    expect(gated.value.getIfServable()).toBe('v1');
    await settle();
    expect(gated.value.getIfServable()).toBe('v2');
  });
});

describe('close', () => {
  it('ends fetches and timers for good', async () => {
    const bench = createBench();
    await bench.value.get();
    const slow = pending();
    bench.answer = slow.load;
    const waiting = bench.value.refresh();
    await settle();
    bench.value.close();
    expect(bench.contexts[1]?.signal.aborted).toBe(true);
    slow.reject();
    await missOf(waiting);
    await missOf(bench.value.get());
    await missOf(bench.value.refresh());
    expect(bench.value.getIfServable()).toBeUndefined();
    expect(bench.clock.pendingTimers).toBe(0);
    expect(bench.contexts).toHaveLength(2);
  });
});
