import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs, decideServing, refreshAheadMs, stateOf } from './serving-policy.js';

const LIFETIME = { ttlMs: 100, staleIfErrorMs: 1_000 };

describe('the state of a value', () => {
  it.each([
    [undefined, 'cold'],
    [0, 'fresh'],
    [99, 'fresh'],
    [100, 'stale'],
    [1_099, 'stale'],
    [1_100, 'expired'],
    [Infinity, 'expired'],
  ])('at the age of %s ms is %s', (ageMs, state) => {
    expect(stateOf(ageMs, LIFETIME)).toBe(state);
  });

  it('goes from fresh to expired if nothing stale may be served', () => {
    const lifetime = { ttlMs: 100, staleIfErrorMs: 0 };
    expect([99, 100].map((ageMs) => stateOf(ageMs, lifetime))).toEqual(['fresh', 'expired']);
  });
});

describe('what a look-up does', () => {
  it.each([
    [undefined, 'fetch', 'fetch'],
    [0, 'serve', 'serve'],
    [99, 'serve', 'serve'],
    [100, 'serve-and-renew', 'serve-and-renew'],
    [199, 'serve-and-renew', 'serve-and-renew'],
    [200, 'renew-first', 'serve-and-renew'],
    [1_099, 'renew-first', 'serve-and-renew'],
    [1_100, 'fetch', 'fetch'],
  ])('with a value %s ms old is %s, and %s while the source is down', (ageMs, up, down) => {
    expect([decideServing(ageMs, LIFETIME, false), decideServing(ageMs, LIFETIME, true)]).toEqual([up, down]);
  });
});

describe('renewing ahead', () => {
  it.each([
    [0.8, 0, 800],
    [0.8, 0.5, 850],
    [0.8, 1, 900],
    [0.5, 1, 750],
    [1, 1, 1_000],
  ])('from %d of the TTL on, with the chance %d, begins at %d of 1000 ms', (ratio, random, atMs) => {
    expect(refreshAheadMs(1_000, ratio, random)).toBeCloseTo(atMs, 9);
  });
});

describe('the backoff', () => {
  const after = (failures: number, random: number): number => backoffMs({ failures, hasValue: true, random });

  it('doubles from 1 s to 60 s, whether a value is there or not', () => {
    const expected = [1, 2, 4, 8, 16, 32, 60, 60, 60].map((seconds) => seconds * 1_000);
    const failures = [1, 2, 3, 4, 5, 6, 7, 8, 100_000];
    expect(failures.map((count) => after(count, 1))).toEqual(expected);
    expect(failures.map((count) => backoffMs({ failures: count, hasValue: false, random: 1 }))).toEqual(
      expected,
    );
  });

  it('takes the upper half of it by chance', () => {
    expect([0, 0.5, 1].map((random) => after(3, random))).toEqual([2_000, 3_000, 4_000]);
  });

  it.each([
    [0, 1_000, 1_000],
    [999, 1_000, 1_000],
    [1_001, 1_001, 1_001],
    [60_000, 60_000, 60_000],
    [60_001, 60_000, 60_001],
    [600_000, 60_000, 600_000],
    [600_001, 60_000, 600_000],
    [Infinity, 60_000, 600_000],
  ])(
    'is %d ms if the source asks for them, within 1 s and a minute, or ten with a value',
    (retryAfterMs, cold, warm) => {
      const of = (hasValue: boolean, random: number): number =>
        backoffMs({ failures: 30, retryAfterMs, hasValue, random });
      expect([of(false, 0), of(false, 0.9), of(true, 0), of(true, 0.9)]).toEqual([cold, cold, warm, warm]);
    },
  );

  it('is never longer than what was allowed, nor shorter than half a second', () => {
    fc.assert(
      fc.property(
        fc.record({
          failures: fc.integer({ min: 1 }),
          retryAfterMs: fc.option(fc.double({ noNaN: true }), { nil: undefined }),
          hasValue: fc.boolean(),
          random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        }),
        (input) => {
          const waitMs = backoffMs(input);
          expect(waitMs).toBeGreaterThanOrEqual(500);
          expect(waitMs).toBeLessThanOrEqual(
            input.retryAfterMs !== undefined && input.hasValue ? 600_000 : 60_000,
          );
        },
      ),
    );
  });
});
