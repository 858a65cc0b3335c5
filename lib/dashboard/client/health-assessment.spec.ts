import { describe, expect, it } from 'vitest';
import type { DashboardState, DocumentState, IssuerState, Rejection } from '../dashboard-state.js';
import {
  hostOf,
  assessCache,
  assessIssuer,
  assessKeys,
  assessProvider,
  assessRejections,
  assessRotation,
  urgentFirst,
} from './health-assessment.js';

const fresh: DocumentState = { state: 'fresh', ageMs: 1, nextRefreshAtMs: 2, failures: 0 };

function issuer(keySet: Partial<DocumentState>, metadata: Partial<DocumentState> = {}): IssuerState {
  return {
    issuer: 'https://id.example.com/',
    configured: true,
    keySet: { ...fresh, count: 1, ...keySet },
    metadata: { ...fresh, ...metadata },
    faults: [],
    keys: [],
    moreKeys: 0,
  };
}

const durations = { count: 0, sumMs: 0, p50Ms: 0, p95Ms: 0, p99Ms: 0, maxMs: 0 };
const none = { hits: 0, misses: 0, hitRate: 0 };

function stateWith(
  period: Partial<DashboardState['window']>,
  rest: Partial<DashboardState> = {},
): DashboardState {
  return {
    nowMs: 100_000,
    process: { host: 'pod-1', pid: 7, startedAtMs: 0 },
    window: {
      lengthMs: 300_000,
      total: 0,
      accepted: 0,
      perSecond: 0,
      latency: durations,
      rejections: [],
      caches: { discovery: none, jwks: none },
      requests: [],
      faults: 0,
      requestDurations: { discovery: durations, jwks: durations },
      ...period,
    },
    entries: { discovery: { size: 0, maxSize: 0 }, jwks: { size: 0, maxSize: 0 } },
    issuers: [],
    serving: { fresh: 0, total: 0 },
    moreIssuers: 0,
    reported: [],
    moreReported: 0,
    resources: [],
    senders: [],
    moreSenders: 0,
    incidents: [],
    ...rest,
  };
}

function rejection(count: number, kind: Rejection['kind'] = 'rejected'): Rejection {
  return { code: 'token_expired', meaning: '"exp" is in the past.', kind, verified: false, count };
}

describe('an issuer', () => {
  it.each<[string, IssuerState, string, string]>([
    ['that is fresh', issuer({}), 'ok', 'Fresh'],
    ['past its time', issuer({ state: 'stale' }), 'warn', 'Stale'],
    ['that fails, still fresh', issuer({ failures: 1 }), 'warn', 'Failing'],
    ['that fails, stale', issuer({ state: 'stale', failures: 3 }), 'warn', 'Stale, failing'],
    ['whose metadata fails', issuer({}, { failures: 1 }), 'warn', 'Failing'],
    ['that is too old', issuer({ state: 'expired', failures: 9 }), 'bad', 'Cannot serve'],
    ['that never came', issuer({ state: 'cold', failures: 1 }), 'bad', 'Cannot serve'],
    ['that nobody asked for', issuer({ state: 'cold' }), 'idle', 'Not loaded'],
  ])('%s', (_name, given, level, label) => {
    expect(assessIssuer(given)).toMatchObject({ level, label });
  });

  it('has a short name, where its own is a URL', () => {
    expect(hostOf('https://id.example.com/realms/a/')).toBe('id.example.com/realms/a');
    expect(hostOf('accounts.example')).toBe('accounts.example');
  });
});

describe('the five answers', () => {
  it.each<[string, Partial<DashboardState['window']>, string, string]>([
    ['no traffic', {}, 'idle', 'No traffic'],
    ['nobody rejected', { total: 5, accepted: 5 }, 'ok', 'None'],
    ['a few', { total: 1_000, accepted: 999, rejections: [rejection(1)] }, 'ok', '1 rejected'],
    ['many', { total: 100, accepted: 90, rejections: [rejection(10)] }, 'warn', '10 rejected'],
    ['many of very few', { total: 2, accepted: 1, rejections: [rejection(1)] }, 'ok', '1 rejected'],
    [
      'some not judged',
      { total: 1_000, accepted: 999, rejections: [rejection(1, 'unavailable')] },
      'warn',
      '1 could not be decided',
    ],
    [
      'an outage, with bad tokens as ever',
      { total: 1_005, accepted: 1_000, rejections: [rejection(3), rejection(2, 'unavailable')] },
      'warn',
      '2 could not be decided, 3 rejected',
    ],
    ['requests without a token alone', { rejections: [rejection(3)] }, 'ok', '3 rejected'],
    ['many such requests', { total: 5, accepted: 5, rejections: [rejection(30)] }, 'warn', '30 rejected'],
  ])('how many are rejected: %s', (_name, period, level, label) => {
    expect(assessRejections(stateWith(period))).toMatchObject({ level, label });
  });

  it('names what could not be decided first, though more were rejected', () => {
    const rejections = [
      rejection(3),
      { ...rejection(2, 'unavailable'), meaning: 'The keys could not be fetched.' },
    ];
    expect(assessRejections(stateWith({ total: 6, accepted: 1, rejections }))).toMatchObject({
      detail: 'Undecided: the keys could not be fetched.',
      numbers: '1 of 6 tokens were accepted',
    });
    expect(
      urgentFirst([rejection(9), rejection(3, 'unavailable'), rejection(1)]).map(({ count }) => count),
    ).toEqual([3, 9, 1]);
  });

  it.each<[string, readonly IssuerState[], string, string]>([
    ['nobody known', [], 'idle', 'No issuer yet'],
    ['all fresh', [issuer({}), issuer({})], 'ok', 'Fresh'],
    ['one of two stale', [issuer({}), issuer({ state: 'stale' })], 'warn', '1 failing or stale'],
    ['the worst counts', [issuer({ failures: 1 }), issuer({ state: 'expired' })], 'bad', '1 cannot serve'],
  ])('are keys fresh: %s', (_name, issuers, level, label) => {
    expect(assessKeys(stateWith({}, { issuers }))).toMatchObject({ level, label });
  });

  it('counts issuers that are not in the list, too', () => {
    const state = stateWith({}, { issuers: [issuer({})], serving: { fresh: 150, total: 151 } });
    expect(assessKeys(state).detail).toBe('150 of 151 issuers with fresh keys');
  });

  it.each<[string, number, number, number, string, string]>([
    ['not asked', 0, 0, 0, 'idle', 'Not asked'],
    ['quick', 3, 0, 80, 'ok', 'No'],
    ['slow', 3, 0, 1_800, 'warn', 'Slow: 1.8 s'],
    ['broken', 3, 2, 80, 'warn', '2 failed'],
  ])('is the provider slow: %s', (_name, count, faults, p95Ms, level, label) => {
    const period = {
      requests: [{ endpoint: 'jwks', outcome: 'ok', count }] as const,
      faults,
      requestDurations: { discovery: durations, jwks: { ...durations, p95Ms } },
    };
    expect(assessProvider(stateWith(period))).toMatchObject({ level, label });
  });

  it('did keys rotate', () => {
    expect(assessRotation(stateWith({}), 100_000).label).toBe('No');
    const rotated = {
      kind: 'rotated',
      issuer: 'https://id.example.com',
      added: ['b'],
      removed: [],
      addedCount: 7,
      removedCount: 0,
      atMs: 40_000,
    } as const;
    const failed = {
      kind: 'failed',
      issuer: 'https://id.example.com',
      document: 'keys',
      reason: '',
      atMs: 90_000,
    } as const;
    expect(assessRotation(stateWith({}, { incidents: [failed, rotated] }), 100_000)).toMatchObject({
      label: '1 min ago',
      detail: 'id.example.com: 7 came',
    });
  });

  it.each<[number, number, string, string]>([
    [0, 0, 'idle', 'Not asked'],
    [999, 1, 'ok', '99.9 %'],
    [80, 20, 'warn', '80.0 %'],
    [1, 2, 'idle', 'Too few look-ups to assess (3)'],
    [18, 1, 'idle', 'Too few look-ups to assess (19)'],
    [17, 3, 'warn', '85.0 %'],
    [19, 1, 'ok', '95.0 %'],
  ])('is the cache working: %d hits, %d misses', (hits, misses, level, label) => {
    const jwks = { hits, misses, hitRate: hits / (hits + misses) };
    expect(assessCache(stateWith({ caches: { discovery: none, jwks } }))).toMatchObject({ level, label });
  });
});
