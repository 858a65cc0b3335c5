import { describe, expect, it } from 'vitest';
import { readThresholds, type HealthThresholds } from './health-thresholds.js';
import { assessHealth } from './assess-health.js';

const FRESH = { serving: true, staleMs: 0 };
const STALE = { serving: true, staleMs: 60_000 };
const GONE = { serving: false, staleMs: 0 };
const lookUps = (hits: number, misses: number): { hits: number; misses: number; hitRate: number } => ({
  hits,
  misses,
  hitRate: hits / (hits + misses || 1),
});
const judge = (
  issuers: (typeof FRESH)[],
  thresholds: HealthThresholds = {},
  counts = lookUps(0, 0),
  storeAvailable = true,
): unknown => assessHealth({ issuers, lookUps: counts, storeAvailable }, readThresholds(thresholds));

describe('assessHealth', () => {
  it.each([
    ['no issuer (tenants only)', [], {}, { status: 'up', reasons: [] }],
    ['fresh keys', [FRESH, FRESH], {}, { status: 'up', reasons: [] }],
    ['stale keys', [FRESH, STALE], {}, { status: 'degraded', reasons: ['keys_stale'] }],
    ['keys stale as long as they may', [STALE], { maxStaleMs: 60_000 }, { status: 'up', reasons: [] }],
    ['keys stale longer', [STALE], { maxStaleMs: 59_999 }, { status: 'degraded', reasons: ['keys_stale'] }],
    ['one of two gone', [FRESH, GONE], {}, { status: 'degraded', reasons: ['issuer_not_serving'] }],
    ['all gone', [GONE, GONE], { maxStaleMs: 1e9 }, { status: 'down', reasons: ['issuer_not_serving'] }],
  ] as const)('%s', (_, issuers, thresholds, verdict) => {
    expect(judge([...issuers], thresholds)).toEqual(verdict);
  });

  it('judges the hit rate from a number of look-ups on', () => {
    const low = { status: 'degraded', reasons: ['hit_rate_low'] };
    const up = { status: 'up', reasons: [] };
    const limits = { minHitRate: 0.9, minLookUps: 50 };
    expect(judge([FRESH], limits, lookUps(25, 24))).toEqual(up);
    expect(judge([FRESH], limits, lookUps(25, 25))).toEqual(low);
    expect(judge([FRESH], limits, lookUps(45, 5))).toEqual(up);
    expect(judge([FRESH], { minHitRate: 0.9 }, lookUps(0, 99))).toEqual(up);
    expect(judge([FRESH], { minHitRate: 1, minLookUps: 0 }, lookUps(0, 0))).toEqual(up);
  });
});

it('says degraded, and never down, for a store that does not answer', () => {
  expect(judge([FRESH], {}, lookUps(0, 0), false)).toEqual({
    status: 'degraded',
    reasons: ['store_unavailable'],
  });
  expect(judge([GONE], {}, lookUps(0, 0), false)).toEqual({
    status: 'down',
    reasons: ['issuer_not_serving', 'store_unavailable'],
  });
});

describe('readThresholds', () => {
  it.each([
    { maxStaleMs: NaN },
    { maxStaleMs: -1 },
    { maxStaleMs: '1' },
    { minHitRate: 1.01 },
    { minHitRate: 90 },
    { minLookUps: NaN },
    { details: 'no' },
    { maxStale: 1 },
  ])('refuses %j', (thresholds) => {
    expect(() => readThresholds(thresholds as HealthThresholds)).toThrow(
      expect.objectContaining({ code: 'options_invalid' }),
    );
  });

  it('takes undefined for left out', () => {
    expect(readThresholds({ maxStaleMs: undefined, details: undefined })).toEqual(readThresholds());
  });
});
