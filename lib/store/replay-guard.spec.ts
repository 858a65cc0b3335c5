import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.js';
import type { IdentityEvent } from '../events/identity-event.js';
import type { IdentityStore } from '../options/identity-store.js';
import { ReplayGuard, type OnStoreFailure } from './replay-guard.js';
import { SharedStore } from './shared-store.js';

interface Given {
  readonly store?: IdentityStore;
  readonly onStoreFailure?: OnStoreFailure;
  readonly maxEntries?: number;
  readonly maxPerOwner?: number;
}

function open({ store, onStoreFailure = 'local', ...rest }: Given = {}) {
  const clock = new FakeClock();
  const events: IdentityEvent[] = [];
  const reporter = { report: (event: IdentityEvent) => void events.push(event) };
  const shared = store && new SharedStore(store, clock, reporter);
  const guard = new ReplayGuard('dpop', { store: shared, onStoreFailure, clock, reporter, ...rest });
  return { guard, clock, events };
}

/** A store of several replicas, whose keys the test sees, and which fails when it says so. */
class Store implements IdentityStore {
  readonly kept = new Map<string, number>();
  isDown = false;
  asked = 0;
  async putIfAbsent(key: string, ttlMs: number): Promise<boolean> {
    this.asked++;
    if (this.isDown) throw new Error('down');
    if (this.kept.has(key)) return false;
    this.kept.set(key, ttlMs);
    return true;
  }
}

describe('ReplayGuard without a store', () => {
  it('lets a proof in once, within its time', async () => {
    const { guard, clock } = open();
    expect(await guard.use('a', 70_000)).toBe('first');
    expect(await guard.use('a', 70_000)).toBe('seen');
    expect(await guard.use('b', 70_000)).toBe('first');
    await clock.advance(70_000);
    expect(await guard.use('a', 1)).toBe('seen');
    await clock.advance(1_000);
    expect(await guard.use('a', 70_000)).toBe('first');
  });

  it('lets one of many in that come at a time', async () => {
    const { guard } = open();
    const uses = await Promise.all(Array.from({ length: 50 }, async () => guard.use('a', 1_000)));
    expect(uses.filter((use) => use === 'first')).toHaveLength(1);
    expect(uses.filter((use) => use === 'seen')).toHaveLength(49);
  });

  it('decides nothing when the memory is full, says so once a minute, and goes on when it has room', async () => {
    const { guard, clock, events } = open({ maxEntries: 2 });
    for (const proof of ['a', 'b']) await guard.use(proof, 60_000);
    expect(await guard.use('c', 60_000)).toBe('undecided');
    expect(await guard.use('d', 60_000)).toBe('undecided');
    expect(await guard.use('a', 60_000)).toBe('seen');
    expect(events).toEqual([{ type: 'replays.full', maxEntries: 2, ofOneKey: false }]);
    expect(guard.entries).toEqual({ size: 2, maxSize: 2 });
    await clock.advance(61_000);
    expect(await guard.use('c', 60_000)).toBe('first');
    await guard.use('d', 60_000);
    await guard.use('e', 60_000);
    expect(events).toHaveLength(2);
    expect(guard.retryAfterMs).toBe(1_000);
  });

  it('remembers for longer if the clock is set back, as proofs are good for longer', async () => {
    const { guard, clock } = open();
    await guard.use('a', 70_000);
    clock.jumpWall(-3_600_000);
    await clock.advance(3_600_000 + 69_000);
    expect(await guard.use('a', 70_000)).toBe('seen');
    await clock.advance(2_000);
    expect(await guard.use('a', 70_000)).toBe('first');
  });

  it('remembers when the clock is set forward and back, whatever was used meanwhile', async () => {
    const { guard, clock } = open();
    await guard.use('a', 70_000);
    await clock.advance(10_000);
    clock.jumpWall(3_600_000);
    expect(await guard.use('b', 70_000)).toBe('first');
    await clock.advance(2_000);
    expect([await guard.use('a', 70_000), await guard.use('b', 70_000)]).toEqual(['seen', 'seen']);
    clock.jumpWall(-3_600_000);
    await clock.advance(2_000);
    expect([await guard.use('a', 70_000), await guard.use('b', 70_000)]).toEqual(['seen', 'seen']);
    await clock.advance(58_000);
    expect(await guard.use('a', 70_000)).toBe('first');
    // A proof of the hour ahead passes again in an hour.
    await clock.advance(3_600_000 - 62_000 + 70_000);
    expect(await guard.use('b', 70_000)).toBe('seen');
    await clock.advance(2_000);
    expect([await guard.use('b', 70_000), guard.entries.size]).toEqual(['first', 1]);
  });

  it('lets nobody take more than a quarter of the memory, or what the options say', async () => {
    const { guard, clock, events } = open({ maxEntries: 8 });
    const use = (proof: string, owner: string): unknown => guard.use(proof, 60_000, owner);
    expect([1, 2, 3, 4].map((at) => use(`a${String(at)}`, 'a'))).toEqual([
      'first',
      'first',
      'undecided',
      'undecided',
    ]);
    expect(use('a1', 'a')).toBe('seen');
    expect(events).toEqual([{ type: 'replays.full', maxEntries: 2, ofOneKey: true }]);
    const others = ['b', 'c', 'd'].flatMap((owner) => [use(`${owner}1`, owner), use(`${owner}2`, owner)]);
    expect(new Set(others)).toEqual(new Set(['first']));
    expect(use('e1', 'e')).toBe('undecided');
    expect(events.at(-1)).toEqual({ type: 'replays.full', maxEntries: 8, ofOneKey: false });
    await clock.advance(61_000);
    expect([use('a3', 'a'), use('a4', 'a'), use('a5', 'a')]).toEqual(['first', 'first', 'undecided']);
    const one = open({ maxEntries: 8, maxPerOwner: 1 }).guard;
    expect([one.use('a', 1_000, 'a'), one.use('b', 1_000, 'a')]).toEqual(['first', 'undecided']);
  });

  it('decides at once', () => {
    const { guard } = open();
    expect([guard.use('a', 1_000), guard.use('a', 1_000)]).toEqual(['first', 'seen']);
  });

  it.each([Number.NaN, Infinity, 1e12])('keeps a proof for a day whose time is %s', async (ttlMs) => {
    const { guard, clock } = open();
    await guard.use('a', ttlMs);
    await clock.advance(86_399_000);
    expect(await guard.use('a', 1)).toBe('seen');
    await clock.advance(2_000);
    expect(await guard.use('a', 1)).toBe('first');
  });

  it.each([0, -5, 0.2])('keeps a proof that is good for %s ms no less than a moment', async (ttlMs) => {
    const { guard } = open();
    expect([await guard.use('a', ttlMs), await guard.use('a', ttlMs)]).toEqual(['first', 'seen']);
  });
});

describe('ReplayGuard with a store', () => {
  it('refuses at one replica what another has seen', async () => {
    const store = new Store();
    const [one, other] = [open({ store }).guard, open({ store }).guard];
    expect(await one.use('a', 69_999.1)).toBe('first');
    expect(await other.use('a', 70_000)).toBe('seen');
    expect(await other.use('b', 70_000)).toBe('first');
  });

  it('gives the store a hash and whole milliseconds, and keeps purposes apart', async () => {
    const store = new Store();
    await open({ store }).guard.use(`thumbprint.${'jti'.repeat(5_000)}`, 69_999.1);
    expect([...store.kept]).toEqual([[expect.stringMatching(/^dpop:[\w-]{22}$/), 70_000]]);
  });

  it('asks no store about what this replica has seen itself', async () => {
    const store = new Store();
    const { guard } = open({ store });
    await guard.use('a', 1_000);
    expect(await guard.use('a', 1_000)).toBe('seen');
    expect(store.asked).toBe(1);
  });

  it('needs no memory while the store decides', async () => {
    const { guard, events } = open({ store: new Store(), maxEntries: 1 });
    await guard.use('a', 1_000);
    expect([await guard.use('b', 1_000), await guard.use('b', 1_000)]).toEqual(['first', 'seen']);
    expect(events).toEqual([]);
  });

  describe('that is down', () => {
    it('local: lets a proof in once at this replica, those from before the failure included', async () => {
      const store = new Store();
      const { guard, events } = open({ store });
      await guard.use('before', 60_000);
      store.isDown = true;
      expect(await guard.use('before', 60_000)).toBe('seen');
      expect([await guard.use('a', 1_000), await guard.use('a', 1_000)]).toEqual(['first-here', 'seen']);
      expect(await guard.use('b', 1_000)).toBe('first-here');
      expect(store.asked).toBe(2);
      expect(events.map(({ type }) => type)).toEqual(['store.failed']);
    });

    it('local: decides nothing when the memory is full as well', async () => {
      const store = new Store();
      const { guard, events } = open({ store, maxEntries: 1 });
      await guard.use('a', 60_000);
      store.isDown = true;
      expect(await guard.use('b', 60_000)).toBe('undecided');
      expect(events.map(({ type }) => type)).toEqual(['store.failed', 'replays.full']);
    });

    it('refuse: decides nothing but what this replica has seen, and counts what it declined as not used', async () => {
      const store = new Store();
      const { guard, clock } = open({ store, onStoreFailure: 'refuse' });
      await guard.use('before', 60_000);
      store.isDown = true;
      expect(await guard.use('before', 60_000)).toBe('seen');
      expect([await guard.use('a', 60_000), await guard.use('a', 60_000)]).toEqual([
        'undecided',
        'undecided',
      ]);
      expect(guard.retryAfterMs).toBe(1_000);
      store.isDown = false;
      await clock.advance(125);
      expect([await guard.use('a', 60_000), await guard.use('a', 60_000)]).toEqual(['first', 'seen']);
    });

    it('refuse: says when to come again, as long as the pause is', async () => {
      const store = new Store();
      const { guard, clock } = open({ store, onStoreFailure: 'refuse' });
      store.isDown = true;
      for (let probe = 0; probe < 6; probe++) {
        expect(await guard.use('a', 60_000)).toBe('undecided');
        if (probe < 5) await clock.advance(guard.retryAfterMs);
      }
      expect(guard.retryAfterMs).toBe(2_500);
    });

    it('lets the store decide about a client that has used its part', async () => {
      const store = new Store();
      const { guard, events } = open({ store, maxEntries: 4 });
      const uses = ['a', 'b', 'b'].map(async (proof) => guard.use(proof, 60_000, 'owner'));
      expect([await Promise.all(uses), events]).toEqual([['first', 'first', 'seen'], []]);
      store.isDown = true;
      expect([await guard.use('a', 60_000, 'owner'), await guard.use('c', 60_000, 'owner')]).toEqual([
        'seen',
        'undecided',
      ]);
      expect(await guard.use('d', 60_000, 'other')).toBe('first-here');
    });

    it('refuse: cannot be filled with proofs that it declined', async () => {
      const store = new Store();
      const { guard } = open({ store, onStoreFailure: 'refuse', maxEntries: 10 });
      store.isDown = true;
      for (let use = 0; use < 100; use++) await guard.use('a', 60_000);
      expect(guard.entries).toEqual({ size: 10, maxSize: 10 });
    });
  });
});
