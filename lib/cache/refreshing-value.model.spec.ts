import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../../test/support/fake-clock.js';
import { ValuesByKey } from '../../test/support/values-by-key.js';
import { elapsedMs, instantOf, type Instant } from './clock.js';
import type { Loaded } from './value-source.js';

const TTL_MS = 60_000;
const STALE_MS = 30 * 60_000;
const KEYS = ['a', 'b', 'c', 'd', 'e'] as const;

/** What a fetch brought, and when it was asked for. */
interface Value {
  readonly key: string;
  /** Number of the step in which the fetch began. */
  readonly begun: number;
  /** The same of the fetch that brought it whole: later ones may have only renewed it. */
  readonly broughtWhole: number;
  since: Instant;
  ttlMs: number;
}

interface Fetch {
  readonly value: Value;
  readonly signal: AbortSignal;
  readonly resolve: (loaded: Loaded<Value>) => void;
  readonly reject: (error: Error) => void;
}

type Step =
  | {
      readonly do: 'get' | 'peek' | 'prove' | 'prefetch' | 'refresh' | 'replace' | 'clear';
      readonly key: (typeof KEYS)[number];
    }
  | { readonly do: 'clear all' }
  | { readonly do: 'answer'; readonly at: number; readonly ttlMs: number }
  | { readonly do: 'fail'; readonly at: number; readonly retryAfterMs: number | undefined }
  | { readonly do: 'pass' | 'freeze' | 'set the wall clock'; readonly ms: number };

const key = fc.constantFrom(...KEYS);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('get' as const), key }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('peek', 'prove', 'prefetch', 'refresh', 'replace'), key }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const), key }) },
  { weight: 1, arbitrary: fc.constant({ do: 'clear all' as const }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      at: fc.nat(9),
      ttlMs: fc.constantFrom(TTL_MS, TTL_MS / 2, 10 * TTL_MS, Infinity),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('fail' as const),
      at: fc.nat(9),
      retryAfterMs: fc.constantFrom(undefined, undefined, 0, 5_000, 1e9),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      ms: fc.oneof(fc.nat(2_000), fc.nat(10 * 60_000)),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('freeze', 'set the wall clock'), ms: fc.nat(3_600_000) }),
  },
);

/** Runs a history against the cache and holds every answer against what must be true whatever happens. */
class History {
  private readonly clock = new FakeClock();
  private readonly pending: Fetch[] = [];
  private readonly lastClear = new Map<string, number>();
  private step = 0;
  private gets = 0;
  private settled = 0;
  private readonly faults: string[] = [];
  private readonly cache: ValuesByKey<Value>;

  /** @param room - entries that the cache may hold. */
  constructor(private readonly room: number) {
    this.cache = new ValuesByKey<Value>(
      (name, { signal, previous }) =>
        new Promise<Loaded<Value>>((resolve, reject) => {
          const begun = this.step;
          const broughtWhole = previous?.broughtWhole ?? begun;
          const value = { key: name, begun, broughtWhole, since: instantOf(this.clock), ttlMs: 0 };
          this.pending.push({ value, signal, resolve, reject });
        }),
      this.clock,
      { maxEntries: room, maxEvicted: room, maxEmpty: room },
      STALE_MS,
    );
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const each of steps) {
      this.step++;
      await this.take(each);
      await settle();
      this.checkAll();
    }
    // Whatever is still under way comes to an end, and nothing hangs.
    this.cache.close();
    for (const fetch of this.pending.splice(0)) this.end(fetch, () => fetch.reject(new Error('late')));
    await settle();
    expect(this.clock.pendingTimers).toBe(0);
    expect(this.faults).toEqual([]);
    const { hits, misses, refreshes, failures } = this.cache.stats();
    expect([hits + misses, refreshes + failures]).toEqual([this.gets, this.settled]);
  }

  private async take(each: Step): Promise<void> {
    const { clock, cache } = this;
    switch (each.do) {
      case 'get':
        this.gets++;
        this.watch(cache.get(each.key), each.key);
        return;
      case 'peek':
        this.judge(cache.peek(each.key), each.key, 0);
        return;
      case 'prove':
        return cache.prove(each.key);
      case 'prefetch':
        return cache.prefetch(each.key);
      case 'refresh':
        this.watch(cache.refresh(each.key), each.key, this.step);
        return;
      case 'replace': {
        const { step: now } = this;
        const replaced = cache.refreshUnconditionally(each.key).then((value) => {
          if (value.broughtWhole < now) this.faults.push('what was to be replaced was renewed');
          return value;
        });
        this.watch(replaced, each.key, now);
        return;
      }
      case 'clear':
        this.lastClear.set(each.key, this.step);
        return cache.clear(each.key);
      case 'clear all':
        for (const name of KEYS) this.lastClear.set(name, this.step);
        return cache.clear();
      case 'answer':
        return this.endOne(each.at, ({ value, resolve }) => {
          value.since = instantOf(clock);
          value.ttlMs = each.ttlMs;
          resolve({ value, ttlMs: each.ttlMs });
        });
      case 'fail':
        return this.endOne(each.at, ({ reject }) =>
          reject(Object.assign(new Error('down'), { retryAfterMs: each.retryAfterMs })),
        );
      case 'pass':
        return clock.advance(each.ms);
      case 'freeze':
        return clock.freeze(each.ms);
      case 'set the wall clock':
        return clock.jumpWall(each.ms % 2 === 0 ? each.ms : -each.ms);
    }
  }

  private endOne(at: number, end: (fetch: Fetch) => void): void {
    const [fetch] = this.pending.splice(at % Math.max(1, this.pending.length), 1);
    if (fetch !== undefined) this.end(fetch, () => end(fetch));
  }

  private end(_fetch: Fetch, end: () => void): void {
    this.settled++;
    end();
  }

  /** The answer of a look-up that may have waited; a miss is always allowed. */
  private watch(promise: Promise<Value>, name: string, notBegunBefore = 0): void {
    promise.then(
      (value) => this.judge(value, name, notBegunBefore),
      () => undefined,
    );
  }

  private judge(value: Value | undefined, name: string, notBegunBefore: number): void {
    if (value === undefined) return;
    if (value.key !== name) this.faults.push(`${name} was answered with ${value.key}`);
    if (value.begun < notBegunBefore) this.faults.push('a refresh was answered with an older fetch');
    // In the step itself a fetch may have begun before or after the call.
    if (value.begun < (this.lastClear.get(name) ?? 0)) this.faults.push('a cleared value came back');
    if (elapsedMs(value.since, instantOf(this.clock)) >= value.ttlMs + STALE_MS) {
      this.faults.push('a value was served past its bound');
    }
  }

  private checkAll(): void {
    const live = this.pending.filter(({ signal }) => !signal.aborted).map(({ value }) => value.key);
    expect(live).toHaveLength(new Set(live).size);
    const { size } = this.cache.stats();
    // The pinned one, and the place that proven ones leave to others.
    expect(size).toBeLessThanOrEqual(this.room + 2);
    expect(this.clock.pendingTimers).toBeLessThanOrEqual(this.room + 2);
    expect(this.faults).toEqual([]);
  }
}

describe('whatever happens', () => {
  const histories = fc.array(step, { minLength: 1, maxLength: 120, size: 'max' });

  it.each([2, KEYS.length])(
    'no invariant breaks in hours of faults, with room for %d',
    async (room) => {
      await fc.assert(
        fc.asyncProperty(histories, (steps) => new History(room).run(steps)),
        { numRuns: 200 },
      );
    },
    60_000,
  );
});
