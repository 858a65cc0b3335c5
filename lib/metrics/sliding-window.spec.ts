import { describe, expect, it } from 'vitest';
import { SlidingWindow } from './sliding-window.js';

/** Counts events as its user does: a sample of the total before it changes, where one is due. */
function run(eventsAtMs: readonly number[], askedAtMs: number): number {
  const window = new SlidingWindow<number>(300, 10);
  let total = 0;
  window.add(0, 0);
  for (const atMs of eventsAtMs) {
    if (window.isDue(atMs)) window.add(atMs, total);
    total++;
  }
  if (window.isDue(askedAtMs)) window.add(askedAtMs, total);
  return total - (window.start(askedAtMs)?.value ?? NaN);
}

describe('SlidingWindow', () => {
  it.each([
    ['all of a short life', [1, 2, 50], 60, 3],
    ['nothing of long ago', [1, 2, 3], 10_000, 0],
    ['what ended a silence', [1, 2, 3, 9_999], 10_000, 1],
    ['what came before a silence within it', [1, 150], 350, 1],
  ])('holds %s', (_, events, askedAtMs, expected) => {
    expect(run(events, askedAtMs)).toBe(expected);
  });

  it('is off by one slot at the most', () => {
    const events = Array.from({ length: 1_000 }, (_, index) => index);
    const held = run(events, 1_000);
    expect(held).toBeGreaterThanOrEqual(290);
    expect(held).toBeLessThanOrEqual(300);
  });
});
