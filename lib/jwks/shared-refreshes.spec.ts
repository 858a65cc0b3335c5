import { describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../../test/support/fake-clock.js';
import { IdentityError } from '../errors/identity-error.js';
import { waitMessages } from './key-messages.js';
import { MissedIds } from './missed-ids.js';
import { RefreshPace } from './refresh-pace.js';
import type { WaitOutcome } from './refresh-round.js';
import { SharedRefreshes } from './shared-refreshes.js';
import { WaitingRoom, type Party } from './waiting-room.js';

const COOLDOWN_MS = 2_000;
const MAX_WAIT_MS = 5_000;
const TTL_MS = 5_000;
const FETCH_DEADLINE_MS = 10_000;

interface Bench {
  readonly clock: FakeClock;
  readonly ids: SharedRefreshes;
  readonly missed: MissedIds;
  readonly wait: (id: string, options?: { group?: string; party?: Party }) => Promise<WaitOutcome>;
  /** When the refreshes began, in milliseconds since the first moment. */
  readonly begun: number[];
  /** What a refresh does from now on. */
  refresh: () => Promise<{ changed: boolean }>;
  backoffMs: number;
}

function createBench({ maxWaiting = 1_000, ttlMs = TTL_MS, burst = 1 } = {}): Bench {
  const clock = new FakeClock();
  const startMs = clock.monotonicMs();
  const missed = new MissedIds({ firstMs: 2_000, mostMs: ttlMs, clock });
  const bench = {
    clock,
    missed,
    begun: [] as number[],
    refresh: async () => ({ changed: false }),
    backoffMs: 0,
  };
  const ids = new SharedRefreshes({
    pace: new RefreshPace({ cooldownMs: COOLDOWN_MS, maxCooldownMs: 4_000, burst }),
    missed,
    room: new WaitingRoom(maxWaiting),
    maxWaitMs: MAX_WAIT_MS,
    fetchDeadlineMs: FETCH_DEADLINE_MS,
    clock,
    refresh: () => {
      bench.begun.push(clock.monotonicMs() - startMs);
      return bench.refresh();
    },
    backoffLeftMs: () => bench.backoffMs,
    messages: waitMessages('https://id', { maxWaiting, unknownKidMaxWaitMs: MAX_WAIT_MS }),
  });
  const wait: Bench['wait'] = (id, options) =>
    ids.wait({ id, group: id, sinceMs: clock.monotonicMs(), ...options });
  return Object.assign(bench, { ids, wait });
}

const outcomeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: unknown) => (error instanceof IdentityError ? error.code : error));

const errorOf = (promise: Promise<unknown>): Promise<IdentityError> =>
  promise.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: unknown) => error as IdentityError,
  );

/** A refresh of the bench that ends when the test says so. */
function hold(bench: Bench): { end: (changed?: boolean) => Promise<void> } {
  const ends: ((changed: boolean) => void)[] = [];
  bench.refresh = () => new Promise((resolve) => ends.push((changed) => resolve({ changed })));
  return {
    end: async (changed = false) => {
      ends.shift()?.(changed);
      await settle();
    },
  };
}

describe('what the set does not have', () => {
  it('is settled by one refresh for all who ask', async () => {
    const { ids, wait, begun } = createBench();
    const all = Array.from({ length: 500 }, (_, index) => outcomeOf(wait(`id ${String(index % 7)}`)));
    await settle();
    expect(new Set(await Promise.all(all))).toEqual(new Set(['confirmed-absent']));
    expect(begun).toEqual([0]);
    expect([ids.isMissed('id 3'), ids.isMissed('id 7')]).toEqual([true, false]);
  });

  it('waits for the next refresh if the one under way began before it came', async () => {
    const bench = createBench();
    const { end } = hold(bench);
    const first = outcomeOf(bench.wait('a'));
    await settle();
    let secondSettled = false;
    const second = outcomeOf(bench.wait('b')).finally(() => (secondSettled = true));
    await end();
    expect([await first, secondSettled]).toEqual(['confirmed-absent', false]);
    await bench.clock.advance(COOLDOWN_MS);
    await end();
    expect(await second).toBe('confirmed-absent');
    expect(bench.begun).toEqual([0, COOLDOWN_MS]);
  });

  it('needs no further refresh if the one under way shows that it does not exist', async () => {
    const bench = createBench();
    const { end } = hold(bench);
    const first = outcomeOf(bench.wait('a'));
    await settle();
    const same = outcomeOf(bench.wait('a'));
    const other = outcomeOf(bench.wait('b'));
    await end();
    expect(await Promise.all([first, same])).toEqual(['confirmed-absent', 'confirmed-absent']);
    await bench.clock.advance(COOLDOWN_MS);
    await end();
    expect(await other).toBe('confirmed-absent');
    await bench.clock.advance(10 * COOLDOWN_MS);
    expect(bench.begun).toEqual([0, COOLDOWN_MS]);
  });

  it('is looked for again at once when the set changes while it waits', async () => {
    const { ids, wait, clock } = createBench({ ttlMs: 0 });
    await Promise.all([wait('a'), settle()]);
    const waiting = outcomeOf(wait('b'));
    await clock.advance(COOLDOWN_MS / 2);
    ids.setChanged();
    expect(await waiting).toBe('changed');
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('the time that a request waits', () => {
  it('is bounded though a fetch hangs; the answer comes with the time after which the fetch has ended', async () => {
    const bench = createBench();
    const { end } = hold(bench);
    const hanging = errorOf(bench.wait('a'));
    await bench.clock.advance(1_500);
    const later = errorOf(bench.wait('b'));
    await bench.clock.advance(MAX_WAIT_MS - 1_500);
    expect(await hanging).toMatchObject({
      code: 'keys_unavailable',
      message:
        'The refresh of the keys of https://id has not ended within "jwks.unknownKidMaxWaitMs" (5000).',
      retryAfterMs: 5_050,
    });
    await bench.clock.advance(1_500);
    const { retryAfterMs } = await later;
    expect(retryAfterMs).toBeGreaterThanOrEqual(FETCH_DEADLINE_MS - 6_500);
    expect(bench.clock.monotonicMs() - 1_000).toBe(6_500);
    // Whoever was sent away finds the answer decided.
    await end();
    expect(bench.ids.isMissed('a')).toBe(true);
    await settle();
    await end();
    expect(bench.ids.isMissed('b')).toBe(true);
  });

  it('begins no refresh while the one before is under way', async () => {
    const bench = createBench();
    const { end } = hold(bench);
    void outcomeOf(bench.wait('a'));
    await bench.clock.advance(100);
    void outcomeOf(bench.wait('b'));
    await bench.clock.advance(9_000);
    expect(bench.begun).toEqual([0]);
    await end();
    expect(bench.begun).toEqual([0, 9_100]);
  });

  it('counts from the arrival of the request, not from the last look', async () => {
    const { ids, wait, clock } = createBench();
    await Promise.all([wait('a'), settle()]);
    const sinceMs = clock.monotonicMs() - 4_000;
    const error = await errorOf(ids.wait({ id: 'b', group: 'b', sinceMs }));
    expect(error).toMatchObject({
      code: 'keys_busy',
      message:
        'The next refresh of the keys of https://id ends later than "jwks.unknownKidMaxWaitMs" (5000) allows to wait.',
      retryAfterMs: COOLDOWN_MS + 50,
    });
    await clock.advance(COOLDOWN_MS);
    expect(ids.isMissed('b')).toBe(true);
  });

  it('is nothing where fetches take so long that the next one cannot end in time', async () => {
    const bench = createBench();
    const { end } = hold(bench);
    void outcomeOf(bench.wait('a'));
    await bench.clock.advance(4_000);
    await end();
    // Three seconds of the fetch are still to come, and the next one takes four.
    const waits = outcomeOf(bench.wait('b'));
    await bench.clock.advance(1_000);
    expect(await errorOf(bench.wait('c'))).toMatchObject({ code: 'keys_busy', retryAfterMs: 7_100 });
    await bench.clock.advance(3_000);
    await end();
    expect(await waits).toBe('confirmed-absent');
    await bench.clock.advance(4_000);
    await end();
    expect(bench.ids.isMissed('c')).toBe(true);
  });
});

describe('a flood of made-up key ids', () => {
  it('costs one request a cooldown, which grows to 4 s while refreshes bring nothing', async () => {
    const { wait, clock, begun } = createBench();
    let longestMs = 0;
    for (let tick = 0; tick < 600; tick++) {
      const sinceMs = clock.monotonicMs();
      const settled = (): void => void (longestMs = Math.max(longestMs, clock.monotonicMs() - sinceMs));
      for (let request = 0; request < 5; request++) {
        void outcomeOf(wait(`${String(tick)} ${String(request)}`)).finally(settled);
      }
      await clock.advance(100);
    }
    const gaps = begun.slice(1).map((at, index) => (at - (begun[index] ?? 0)) / 1000);
    expect(gaps.slice(0, 4)).toEqual([2, 2, 2, 2]);
    expect(new Set(gaps.slice(4))).toEqual(new Set([4]));
    expect(longestMs).toBeLessThanOrEqual(4_000);
  });

  it('is forgotten within a minute, and when the set changes', async () => {
    const flooded = async (): Promise<Bench> => {
      const bench = createBench();
      for (let second = 0; second < 60; second++) {
        void outcomeOf(bench.wait(`id ${String(second)}`));
        await bench.clock.advance(1_000);
      }
      return bench;
    };
    const gapOf = async ({ wait, clock, begun }: Bench): Promise<number> => {
      void outcomeOf(wait('x'));
      await clock.advance(0);
      void outcomeOf(wait('y'));
      await clock.advance(10_000);
      return (begun.at(-1) ?? 0) - (begun.at(-2) ?? 0);
    };
    const waits = await flooded();
    await waits.clock.advance(5_000);
    expect(await gapOf(waits)).toBe(4_000);
    const quiet = await flooded();
    await quiet.clock.advance(60_000);
    expect(await gapOf(quiet)).toBe(COOLDOWN_MS);
    const changes = await flooded();
    await changes.clock.advance(5_000);
    changes.ids.setChanged();
    expect(await gapOf(changes)).toBe(COOLDOWN_MS);
  });

  it('of one made-up id every 25 s never makes the cooldown grow', async () => {
    const { wait, clock, begun } = createBench();
    for (let round = 0; round < 40; round++) {
      void outcomeOf(wait(`made up ${String(round)}`));
      await clock.advance(100);
      const sinceMs = clock.monotonicMs();
      const honest = outcomeOf(wait(`honest ${String(round)}`)).then(() => clock.monotonicMs() - sinceMs);
      await clock.advance(24_900);
      expect(await honest).toBeLessThanOrEqual(COOLDOWN_MS);
    }
    expect(begun).toHaveLength(80);
  });

  it('sends the longest idle one away where all places are taken, and tells the time that holds', async () => {
    const { ids, wait, clock } = createBench({ maxWaiting: 10 });
    await Promise.all([wait('first'), settle()]);
    const all = Array.from({ length: 25 }, (_, index) =>
      wait(String(index)).catch((error: unknown) => error),
    );
    await clock.advance(COOLDOWN_MS);
    const outcomes = await Promise.all(all);
    for (const away of outcomes.slice(0, 15)) {
      expect(away).toMatchObject({
        code: 'keys_busy',
        message: expect.stringMatching(
          /^As many requests wait for the keys of https:\/\/id as "jwks\.maxWaiting" \(\d+\) allows\.$/,
        ) as string,
        retryAfterMs: COOLDOWN_MS + 50,
      });
    }
    expect(outcomes.slice(15)).toEqual(Array(10).fill('confirmed-absent'));
    // Those who were sent away find their answer decided when they come back.
    expect(Array.from({ length: 25 }, (_, index) => ids.isMissed(String(index)))).toEqual(
      Array(25).fill(true),
    );
  });

  it('in pairs of equal ids drives out no id that is asked for again and again', async () => {
    const { wait, clock } = createBench({ maxWaiting: 100 });
    await Promise.all([wait('first'), settle()]);
    const honest: Promise<unknown>[] = [];
    const flood: Promise<unknown>[] = [];
    for (let round = 0; round < 500; round++) {
      const id = `pair ${String(round)}`;
      flood.push(outcomeOf(wait(id)), outcomeOf(wait(id)));
      if (round % 20 === 0) honest.push(outcomeOf(wait('new key')));
    }
    await clock.advance(COOLDOWN_MS);
    expect(new Set(await Promise.all(honest))).toEqual(new Set(['confirmed-absent']));
    expect((await Promise.all(flood)).filter((code) => code === 'keys_busy').length).toBeGreaterThan(800);
  });

  it('of one and the same id leaves half of the places to others', async () => {
    const { wait, clock } = createBench({ maxWaiting: 10 });
    await Promise.all([wait('first'), settle()]);
    const flood = Array.from({ length: 100 }, () => outcomeOf(wait('made up')));
    const honest = Array.from({ length: 5 }, () => outcomeOf(wait('new key')));
    flood.push(...Array.from({ length: 100 }, () => outcomeOf(wait('made up'))));
    await clock.advance(COOLDOWN_MS);
    expect(await Promise.all(honest)).toEqual(Array(5).fill('confirmed-absent'));
    expect((await Promise.all(flood)).filter((code) => code === 'confirmed-absent')).toHaveLength(5);
  });

  it('notes a bounded number of ids of those that do not wait, the latest', async () => {
    const { ids, clock, missed } = createBench();
    for (let index = 0; index < 10_000; index++) ids.request(`id ${String(index)}`);
    await clock.advance(0);
    expect([ids.isMissed('id 9999'), ids.isMissed('id 0'), missed.size]).toEqual([true, false, 4_096]);
  });
});

describe('a burst', () => {
  it('may begin without a cooldown, after a quiet time', async () => {
    const { wait, clock, begun } = createBench({ burst: 3 });
    for (let round = 0; round < 5; round++) {
      void outcomeOf(wait(`id ${String(round)}`));
      await clock.advance(1);
    }
    await clock.advance(20_000);
    expect(begun).toEqual([0, 1, 2, COOLDOWN_MS]);
  });
});

describe('a refresh that fails', () => {
  it('is an attempt: those who waited learn why, the next one has to wait its turn', async () => {
    const bench = createBench();
    bench.refresh = () => Promise.reject(new Error('down'));
    expect(await outcomeOf(bench.wait('a'))).toMatchObject({ message: 'down' });
    expect(bench.ids.isMissed('a')).toBe(false);
    const second = outcomeOf(bench.wait('a'));
    await bench.clock.advance(COOLDOWN_MS - 1);
    expect(bench.begun).toEqual([0]);
    await bench.clock.advance(1);
    await second;
    expect(bench.begun).toEqual([0, COOLDOWN_MS]);
  });

  it('makes the next ones fail at once while the provider is in backoff', async () => {
    const bench = createBench();
    bench.backoffMs = 7_000;
    expect(await errorOf(bench.wait('a'))).toMatchObject({
      code: 'keys_unavailable',
      message: 'A fetch of the keys of https://id failed; the next one is not due yet.',
      retryAfterMs: 7_000,
    });
    expect(bench.ids.request('a')).toBe(7_000);
    await bench.clock.advance(60_000);
    expect(bench.begun).toEqual([]);
  });

  it('is not started if the provider is in backoff when it is due', async () => {
    const bench = createBench();
    await Promise.all([bench.wait('a'), settle()]);
    const waiting = outcomeOf(bench.wait('b'));
    bench.backoffMs = 5_000;
    await bench.clock.advance(COOLDOWN_MS);
    expect(await waiting).toBe('keys_unavailable');
    expect(bench.begun).toEqual([0]);
  });
});

describe('close', () => {
  it('ends all waits, of a refresh under way too, and leaves no timer', async () => {
    const bench = createBench();
    hold(bench);
    const underWay = outcomeOf(bench.wait('a'));
    await settle();
    const waiting = outcomeOf(bench.wait('b'));
    bench.ids.close(new IdentityError('shutting_down'));
    expect(await Promise.all([underWay, waiting])).toEqual(['shutting_down', 'shutting_down']);
    expect(bench.clock.pendingTimers).toBe(0);
  });
});
