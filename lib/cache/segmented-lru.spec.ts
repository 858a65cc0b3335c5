import { describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../../test/support/fake-clock.js';
import { ValuesByKey } from '../../test/support/values-by-key.js';
import { CacheMissError, type Loaded } from './value-source.js';

const TTL = 600_000;

type Load = (key: string) => Promise<Loaded<string>>;

interface Bench {
  readonly clock: FakeClock;
  readonly cache: ValuesByKey<string>;
  /** Keys in the order they were fetched. */
  readonly fetched: string[];
  /** What a fetch does from now on. */
  answer: Load;
}

const loaded = (text: string): Loaded<string> => ({ value: text, ttlMs: TTL });

function createBench({ maxEntries = 2, maxColdEntries = 3 } = {}): Bench {
  const clock = new FakeClock();
  const bench = {
    clock,
    fetched: [] as string[],
    answer: (async (key) => loaded(`${key}${String(bench.fetched.length)}`)) as Load,
  };
  const load: Load = (key) => {
    bench.fetched.push(key);
    return bench.answer(key);
  };
  const limits = { maxEntries, maxEvicted: maxColdEntries, maxEmpty: maxColdEntries };
  return Object.assign(bench, { cache: new ValuesByKey(load, clock, limits) });
}

/** A fetch that a test ends by hand. */
function pending(): { load: Load; reject: () => void } {
  let reject!: () => void;
  const load: Load = () =>
    new Promise((_resolve, onReject) => {
      reject = () => onReject(new Error('down'));
    });
  return { load, reject: () => reject() };
}

const down: Load = () => Promise.reject(new Error('down'));

async function missOf(promise: Promise<unknown>): Promise<CacheMissError> {
  const error: unknown = await promise.catch((thrown: unknown) => thrown);
  if (error instanceof CacheMissError) return error;
  throw new Error(`no CacheMissError but ${String(error)}`);
}

describe('clear', () => {
  it('forgets the backoff of all entries too', async () => {
    const bench = createBench();
    bench.answer = down;
    await missOf(bench.cache.get('a'));
    await missOf(bench.cache.get('b'));
    bench.cache.clear();
    bench.answer = async (key) => loaded(key);
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
      bench.answer = async (key) => loaded(key);
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
});
