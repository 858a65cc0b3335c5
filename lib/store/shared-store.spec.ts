import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.js';
import type { IdentityEvent } from '../events/identity-event.js';
import type { IdentityStore } from '../options/identity-store.js';
import { SharedStore } from './shared-store.js';

function open(store: IdentityStore): { shared: SharedStore; clock: FakeClock; events: IdentityEvent[] } {
  const clock = new FakeClock();
  const events: IdentityEvent[] = [];
  const shared = new SharedStore(store, clock, { report: (event) => void events.push(event) });
  return { shared, clock, events };
}
const counted = (shared: SharedStore): Record<string, number> =>
  Object.fromEntries(shared.counts.rows().map(({ result, count }) => [result, count]));
// oxlint-disable-next-line typescript/prefer-promise-reject-errors -- what clients do is not up to us
const failsWithout = async (): Promise<boolean> => Promise.reject(undefined);
const never = async (): Promise<boolean> => new Promise(() => undefined);

describe('SharedStore', () => {
  it('says what the store says', async () => {
    const kept = new Set<string>();
    const { shared, events } = open({
      putIfAbsent: async (key) => !kept.has(key) && kept.add(key) === kept,
    });
    expect([await shared.putIfAbsent('a', 1), await shared.putIfAbsent('a', 1)]).toEqual(['put', 'present']);
    expect(counted(shared)).toEqual({ put: 1, present: 1, timeout: 0, error: 0, spared: 0 });
    expect([events, shared.isAvailable, shared.failures, shared.retryInMs]).toEqual([[], true, 0, 0]);
    expect(shared.counts.durations.ok.count).toBe(2);
  });

  it.each([
    [
      'rejects',
      async (): Promise<boolean> => Promise.reject(new Error('OOM command not allowed')),
      'OOM command',
    ],
    [
      'throws',
      (): Promise<boolean> => {
        throw new Error('no connection');
      },
      'no connection',
    ],
    ['answers "OK"', (async () => 'OK') as unknown as IdentityStore['putIfAbsent'], 'neither true nor false'],
    [
      'answers nothing',
      (() => undefined) as unknown as IdentityStore['putIfAbsent'],
      'neither true nor false',
    ],
    ['rejects with no error', failsWithout, 'it said no reason'],
  ])('takes a store that %s for one that failed', async (_, putIfAbsent, reason) => {
    const { shared, events } = open({ putIfAbsent });
    expect(await shared.putIfAbsent('a', 1)).toBe('unavailable');
    expect(events).toEqual([
      {
        type: 'store.failed',
        reason: expect.stringContaining(reason) as string,
        failures: 1,
        retryInMs: 125,
      },
    ]);
    expect(await shared.putIfAbsent('a', 1)).toBe('unavailable');
    expect(counted(shared)).toMatchObject({ error: 1, spared: 1 });
    expect(shared.isAvailable).toBe(false);
  });

  it('bounds what a store says of its failure', async () => {
    const { shared, events } = open({
      putIfAbsent: async () => Promise.reject(new Error('x'.repeat(9_999))),
    });
    await shared.putIfAbsent('a', 1);
    expect((events[0] as { reason: string }).reason.length).toBe(501);
  });

  it.each([
    ['100 ms without another limit', undefined, 100],
    ['as long as the store says', 30, 30],
  ])('waits %s', async (_, timeoutMs, expectedMs) => {
    const { shared, clock, events } = open({ putIfAbsent: never, timeoutMs });
    let answer: string | undefined;
    void shared.putIfAbsent('a', 1).then((given) => (answer = given));
    await clock.advance(expectedMs - 1);
    expect(answer).toBeUndefined();
    await clock.advance(1);
    expect(answer).toBe('unavailable');
    expect(events).toMatchObject([{ reason: `no answer within ${String(expectedMs)} ms` }]);
    expect(counted(shared)).toMatchObject({ timeout: 1 });
    expect(shared.counts.durations.unavailable.sumMs).toBe(expectedMs);
    expect(clock.pendingTimers).toBe(0);
  });

  it('leaves no timer behind', async () => {
    const { shared, clock } = open({ putIfAbsent: async () => true });
    await shared.putIfAbsent('a', 1);
    expect(clock.pendingTimers).toBe(0);
  });

  it('costs one wait in a pause while nothing answers, and says when answers are back', async () => {
    let ask = never;
    const { shared, clock, events } = open({ putIfAbsent: async () => ask() });
    const first = shared.putIfAbsent('a', 1);
    await clock.advance(100);
    expect(await first).toBe('unavailable');
    // In the pause, nobody waits at all.
    expect(await Promise.all(['b', 'c'].map((key) => shared.putIfAbsent(key, 1)))).toEqual([
      'unavailable',
      'unavailable',
    ]);
    expect(shared.retryInMs).toBe(125);
    await clock.advance(125);
    const probe = shared.putIfAbsent('d', 1);
    expect(await shared.putIfAbsent('e', 1)).toBe('unavailable');
    await clock.advance(100);
    expect(await probe).toBe('unavailable');
    expect(shared.failures).toBe(2);
    ask = async () => true;
    await clock.advance(250);
    expect(await shared.putIfAbsent('f', 1)).toBe('put');
    expect(events.map(({ type }) => type)).toEqual(['store.failed', 'store.failed', 'store.recovered']);
    expect(events[2]).toEqual({ type: 'store.recovered', downMs: 475 });
    expect([shared.isAvailable, counted(shared)]).toEqual([
      true,
      { put: 1, present: 0, timeout: 2, error: 0, spared: 3 },
    ]);
  });

  it('does not blame the store for a process that was busy itself', async () => {
    // The answer lies in the socket when the timer is due: that is read in the same turn of the event loop.
    const { shared, clock } = open({
      putIfAbsent: async () => new Promise((resolve) => clock.schedule(() => resolve(true), 100)),
    });
    const answer = shared.putIfAbsent('a', 1);
    await clock.advance(100);
    expect(await answer).toBe('put');
  });

  it('is not disturbed by an answer that comes too late', async () => {
    const { shared, clock } = open({
      putIfAbsent: async () =>
        new Promise((_, reject) => clock.schedule(() => reject(new Error('late')), 200)),
    });
    const answer = shared.putIfAbsent('a', 1);
    await clock.advance(100);
    expect(await answer).toBe('unavailable');
    await clock.advance(200);
    expect(shared.failures).toBe(1);
  });
});
