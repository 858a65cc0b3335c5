import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { VerificationTurns } from './verification-turns.js';

const round = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

async function take(turns: VerificationTurns): Promise<void> {
  for (let turn = turns.next(); turn !== undefined; turn = turns.again()) await turn;
}

/** Takes a turn for each entry, works as long as it says on a clock of the test, and tells in which round each one worked. */
async function roundsOf(durationsMs: readonly number[]): Promise<number[]> {
  let nowMs = 1_000;
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
  const turns = new VerificationTurns();
  const workedIn: number[] = [];
  let rounds = 0;
  const all = durationsMs.map(async (tookMs) => {
    // As the guard does: the work comes at once behind the answer of again().
    for (let turn = turns.next(); turn !== undefined; turn = turns.again()) await turn;
    workedIn.push(rounds);
    nowMs += tookMs;
  });
  for (; workedIn.length < durationsMs.length; rounds++) await round();
  await Promise.all(all);
  return workedIn;
}

describe('VerificationTurns', () => {
  it('begin later, and not before what has arrived with the first one is read', async () => {
    const turns = new VerificationTurns();
    let hasBegun = false;
    const taken = take(turns).then(() => (hasBegun = true));
    await Promise.resolve();
    expect(hasBegun).toBe(false);
    await taken;
  });

  it('go on under the fake timers of a test', async () => {
    vi.useFakeTimers();
    const turns = new VerificationTurns();
    await take(turns);
    await take(turns);
  });

  it('let all who share one work in order, before anything that follows from it', async () => {
    const turns = new VerificationTurns();
    const log: string[] = [];
    await Promise.all(
      ['a', 'b', 'c'].map(async (name) => {
        await take(turns);
        log.push(name);
        await Promise.resolve();
        log.push(`after ${name}`);
      }),
    );
    expect(log).toEqual(['a', 'b', 'c', 'after a', 'after b', 'after c']);
  });

  it('go on in the async context of each who takes one', async () => {
    const turns = new VerificationTurns();
    const storage = new AsyncLocalStorage<number>();
    const seen = await Promise.all(
      [1, 2, 3].map((request) =>
        storage.run(request, async () => {
          await take(turns);
          return storage.getStore();
        }),
      ),
    );
    expect(seen).toEqual([1, 2, 3]);
  });

  it('end after five milliseconds: who comes later takes the next one, in order', async () => {
    expect(await roundsOf([1, 4, 1, 4.5, 0.25, 1])).toEqual([0, 0, 1, 1, 2, 2]);
  });

  it('serve one at least, however long that takes', async () => {
    expect(await roundsOf([6, 7, 8])).toEqual([0, 1, 2]);
  });

  it('have 128 places, and one begins in a round of the event loop', async () => {
    const rounds = await roundsOf(Array.from({ length: 300 }, () => 0));
    const inRound = (at: number): number => rounds.filter((each) => each === at).length;
    expect([inRound(0), inRound(1), inRound(2)]).toEqual([128, 128, 44]);
  });

  it('are bounded: 4,096 wait, and who comes then has none to wait for', async () => {
    const turns = new VerificationTurns();
    const waiting = Array.from({ length: 4_096 }, () => turns.next());
    expect(waiting.every((turn) => turn !== undefined)).toBe(true);
    expect(turns.next()).toBeUndefined();
    await waiting[0];
    expect(turns.next()).toBeDefined();
    await waiting.at(-1);
  });

  it('leave nothing behind when nobody waits', async () => {
    const turns = new VerificationTurns();
    await Promise.all(Array.from({ length: 300 }, () => take(turns)));
    await round();
    expect(Reflect.get(turns, 'waiting')).toEqual([]);
  });
});
