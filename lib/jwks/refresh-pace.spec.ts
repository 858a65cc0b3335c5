import { describe, expect, it } from 'vitest';
import { RefreshPace } from './refresh-pace.js';

const COOLDOWN_MS = 2_000;

const create = (burst?: number, maxCooldownMs = 5_000): RefreshPace =>
  new RefreshPace({ cooldownMs: COOLDOWN_MS, maxCooldownMs, burst });

/** When the next refreshes may begin, if each of them begins as soon as it may. */
function startsOf(pace: RefreshPace, count: number, fromMs = 0): number[] {
  const starts: number[] = [];
  for (let nowMs = fromMs; starts.length < count;) {
    nowMs = Math.max(nowMs, pace.notBeforeMs(nowMs));
    pace.begin(nowMs);
    starts.push(nowMs);
  }
  return starts;
}

describe('when a refresh may begin', () => {
  it('is at once, and then after one cooldown each', () => {
    expect(startsOf(create(), 4, 1_000_000)).toEqual([1_000_000, 1_002_000, 1_004_000, 1_006_000]);
  });

  it('is at once as often as the burst allows, and then after one cooldown each', () => {
    expect(startsOf(create(3), 5)).toEqual([0, 0, 0, 2_000, 4_000]);
  });

  it('never saves up more than the burst, however long the quiet time is', () => {
    const pace = create(2);
    startsOf(pace, 2);
    expect(startsOf(pace, 3, 3_600_000)).toEqual([3_600_000, 3_600_000, 3_602_000]);
  });

  it('counts what was saved up in part', () => {
    const pace = create(2);
    startsOf(pace, 2);
    // One and a half since: one now, the other after half a cooldown.
    expect(startsOf(pace, 2, 3_000)).toEqual([3_000, 4_000]);
  });

  it('does not go into debt with a refresh that begins too early', () => {
    const pace = create();
    for (const nowMs of [0, 500, 1_000]) pace.begin(nowMs);
    expect(pace.notBeforeMs(1_000)).toBe(3_000);
  });

  it('is at once if a refresh that began was given back, once', () => {
    const pace = create();
    pace.begin(0);
    pace.giveBack();
    pace.giveBack();
    expect(startsOf(pace, 2)).toEqual([0, 2_000]);
  });

  it('is not more often than the burst allows, if more is given back than began', () => {
    const pace = create(2);
    for (let time = 0; time < 5; time++) pace.giveBack();
    expect(startsOf(pace, 3)).toEqual([0, 0, 2_000]);
  });
});

describe('the cooldown', () => {
  /** After so many fruitless refreshes at one moment. */
  const after = (count: number, maxCooldownMs = Infinity): RefreshPace => {
    const pace = create(1, maxCooldownMs);
    for (let index = 0; index < count; index++) pace.recordFruitless(0);
    return pace;
  };

  it('doubles from the fourth fruitless refresh on, up to the sixth', () => {
    expect([0, 1, 2, 3, 4, 5, 6, 7, 1_000].map((count) => after(count).cooldownMs(0))).toEqual([
      2_000, 2_000, 2_000, 2_000, 4_000, 8_000, 16_000, 16_000, 16_000,
    ]);
  });

  it('grows to the most, and is never less than the configured one', () => {
    expect([3, 4, 5, 6].map((count) => after(count, 5_000).cooldownMs(0))).toEqual([
      2_000, 4_000, 5_000, 5_000,
    ]);
    expect(after(6, 1_000).cooldownMs(0)).toBe(2_000);
  });

  it('forgets one fruitless refresh every ten seconds', () => {
    const pace = after(1_000);
    expect([0, 1, 10_000, 10_001, 20_000, 20_001, 60_000].map((nowMs) => pace.cooldownMs(nowMs))).toEqual([
      16_000, 8_000, 8_000, 4_000, 4_000, 2_000, 2_000,
    ]);
  });

  it('counts on from what is not forgotten yet', () => {
    const pace = after(4);
    pace.recordFruitless(10_000);
    expect([pace.cooldownMs(10_000), pace.cooldownMs(10_001)]).toEqual([4_000, 2_000]);
  });

  it('counts from nothing after a quiet time of any length', () => {
    const pace = after(1);
    pace.recordFruitless(3_600_000);
    expect(pace.cooldownMs(3_600_000)).toBe(2_000);
    for (let index = 0; index < 3; index++) pace.recordFruitless(3_600_000);
    expect(pace.cooldownMs(3_600_000)).toBe(4_000);
  });

  it('is the configured one again after a refresh that brought something', () => {
    const pace = after(6);
    pace.recordFruitful();
    expect(pace.cooldownMs(0)).toBe(2_000);
  });

  it('decides how long the next refresh has to wait', () => {
    const pace = after(4);
    pace.begin(0);
    expect(pace.notBeforeMs(0)).toBe(4_000);
    // One is forgotten meanwhile.
    expect(pace.notBeforeMs(1)).toBe(2_000);
  });
});
