import { describe, expect, it } from 'vitest';
import { DURATION_BOUNDS_MS, DurationHistogram } from './duration-histogram.js';

const filled = (...durations: number[]): DurationHistogram => {
  const histogram = DurationHistogram.empty();
  for (const ms of durations) histogram.record(ms);
  return histogram;
};

describe('DurationHistogram', () => {
  it('is all zeros before the first', () => {
    const zeros = { count: 0, sumMs: 0, p50Ms: 0, p95Ms: 0, p99Ms: 0, maxMs: 0 };
    expect(DurationHistogram.empty().stats()).toEqual(zeros);
  });

  it('tells percentiles to 7 % from 2 microseconds to 100 seconds', () => {
    for (const unit of [0.002, 0.04, 1, 30, 1_000]) {
      const values = Array.from({ length: 100 }, (_, index) => unit * (index + 1));
      const { p50Ms, p95Ms, p99Ms, maxMs } = filled(...values).stats();
      for (const [told, real] of [
        [p50Ms, 50],
        [p95Ms, 95],
        [p99Ms, 99],
        [maxMs, 100],
      ] as const) {
        expect(told / (real * unit)).toBeGreaterThan(0.93);
        expect(told / (real * unit)).toBeLessThan(1.07);
      }
    }
  });

  it('counts at most a bound exactly, the bound included', () => {
    const histogram = filled(...DURATION_BOUNDS_MS, ...DURATION_BOUNDS_MS.map((bound) => bound * 1.001));
    expect(histogram.cumulative()).toEqual(DURATION_BOUNDS_MS.map((_, index) => 2 * index + 1));
    expect(histogram.count).toBe(2 * DURATION_BOUNDS_MS.length);
  });

  it('takes whatever a clock may say', () => {
    const histogram = filled(-1, NaN, 0, Infinity, 1e12);
    expect(histogram.count).toBe(5);
    expect(histogram.cumulative()[0]).toBe(3);
  });

  it('gives what came since a copy', () => {
    const histogram = filled(1, 1, 1);
    const before = histogram.copy();
    histogram.record(100);
    const { count, sumMs, p50Ms } = histogram.since(before).stats();
    expect({ count, sumMs }).toEqual({ count: 1, sumMs: 100 });
    expect(p50Ms).toBeGreaterThan(93);
    expect(before.count).toBe(3);
  });
});
