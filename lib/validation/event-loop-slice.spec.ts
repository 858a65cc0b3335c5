import { afterEach, describe, expect, it, vi } from 'vitest';
import { EventLoopSlice } from './event-loop-slice.js';
import { runBatch } from './run-batch.js';

const round = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

afterEach(() => vi.restoreAllMocks());

/** How many tokens are done in each round of the event loop, if each takes 1 ms on a clock of the test. */
async function tokensByRound(batches: number, tokens: number): Promise<number[]> {
  let nowMs = 1_000;
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
  const slice = new EventLoopSlice();
  const byRound: number[] = [];
  let rounds = 0;
  const all = Array.from({ length: batches }, () =>
    runBatch(
      Array.from({ length: tokens }, () => 'token'),
      async () => {
        nowMs += 1;
        byRound[rounds] = (byRound[rounds] ?? 0) + 1;
      },
      {},
      slice,
    ),
  );
  const total = batches * tokens;
  for (let done = 0; done < total; rounds++) {
    await round();
    done += byRound[rounds] ?? 0;
  }
  await Promise.all(all);
  return byRound.filter((count) => count > 0);
}

describe('EventLoopSlice', () => {
  it('lasts four milliseconds, for all who ask', async () => {
    let nowMs = 1_000;
    vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
    const slice = new EventLoopSlice();
    const [first, second] = [slice.next(), slice.next()];
    expect(first).toBeDefined();
    expect(second).toBe(first);
    await first;
    expect(slice.next()).toBeUndefined();
    nowMs += 3.9;
    expect(slice.next()).toBeUndefined();
    nowMs += 0.1;
    const third = slice.next();
    expect(third).toBeDefined();
    expect(third).not.toBe(first);
    await third;
    expect(slice.next()).toBeUndefined();
  });

  it('is one for all batches: they hold the event loop no longer together than one of them', async () => {
    const alone = await tokensByRound(1, 40);
    expect(Math.max(...alone)).toBe(4);
    const together = await tokensByRound(20, 2);
    expect(Math.max(...together)).toBe(4);
    expect(together.reduce((all, count) => all + count, 0)).toBe(40);
  });
});
