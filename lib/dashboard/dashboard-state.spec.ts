import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.js';
import { IssuerRows } from '../metrics/issuer-rows.js';
import { MetricsRecorder } from '../metrics/metrics-recorder.js';
import { MetricsRegistry } from '../metrics/metrics-registry.js';
import type { IdentitySnapshot, IssuerSnapshot } from '../stats/identity-snapshot.js';
import { periodStats } from '../metrics/totals.js';
import { dashboardState, type StateSources } from './dashboard-state.js';
import type { KeyRecord } from './key-timeline.js';

const ISSUER = 'https://id.example.com';
const LENGTH_MS = 10_000;
const PROCESS = { host: 'pod-1', pid: 7, startedAtMs: 500 };
const entry = { state: 'fresh', ageMs: 5, staleMs: 0, nextRefreshAt: new Date(9_000), failures: 0 } as const;

function issuerOf(issuer: string, configured = true): IssuerSnapshot {
  return {
    issuer,
    configured,
    results: [],
    denials: [],
    wouldDeny: [],
    senders: [],
    keySet: { ...entry, keys: 2, generation: 1 },
    metadata: entry,
  };
}

function snapshotOf(
  issuers: readonly IssuerSnapshot[],
  record: (metrics: MetricsRecorder) => void = () => undefined,
): IdentitySnapshot {
  const metrics = new MetricsRecorder(new IssuerRows([ISSUER], 8), new MetricsRegistry(), new FakeClock());
  record(metrics);
  const period = periodStats(metrics.totals().now, undefined, LENGTH_MS);
  const size = { size: 1, maxSize: 128 };
  return {
    sinceStart: period,
    window: period,
    issuers,
    other: [],
    otherDenials: [],
    otherWouldDeny: [],
    reported: [],
    resources: [],
    entries: { discovery: size, jwks: size },
  };
}

function sourcesOf(snapshot: IdentitySnapshot, more: Partial<StateSources> = {}): StateSources {
  return {
    snapshot,
    nowMs: 1_000,
    process: PROCESS,
    keysOf: () => [],
    faultsOf: () => [],
    incidents: [],
    ...more,
  };
}

describe('what the page is told', () => {
  it('is the window, with rejections by reason, the most frequent first', () => {
    const snapshot = snapshotOf([], (metrics) => {
      for (let index = 0; index < 20; index++) metrics.recordValidation(ISSUER, 'ok', true, 0);
      metrics.recordValidation(ISSUER, 'scope_missing', true, 0);
      for (let index = 0; index < 3; index++) metrics.recordValidation(ISSUER, 'token_expired', false, 0);
    });
    const { window, nowMs, process } = dashboardState(sourcesOf(snapshot));
    expect(nowMs).toBe(1_000);
    expect(process).toEqual(PROCESS);
    expect(window).toMatchObject({ lengthMs: LENGTH_MS, total: 24, accepted: 20, perSecond: 2.4 });
    expect(window.latency.count).toBe(20);
    expect(window.rejections).toEqual([
      { code: 'token_expired', meaning: expect.any(String), kind: 'rejected', verified: false, count: 3 },
      { code: 'scope_missing', meaning: expect.any(String), kind: 'rejected', verified: true, count: 1 },
    ]);
  });

  it('takes good tokens that a route refused for refused ones, and puts requests without a token last', () => {
    const snapshot = snapshotOf([], (metrics) => {
      for (let index = 0; index < 5; index++) metrics.recordValidation(ISSUER, 'ok', true, 0);
      for (let index = 0; index < 9; index++) metrics.recordDenial(undefined, 'token_missing');
      metrics.recordDenial(ISSUER, 'scope_missing');
      metrics.recordDenial(ISSUER, 'scope_missing');
    });
    const { window } = dashboardState(sourcesOf(snapshot));
    expect(window).toMatchObject({ total: 5, accepted: 3 });
    expect(window.rejections).toMatchObject([
      { code: 'scope_missing', verified: true, count: 2 },
      { code: 'token_missing', verified: false, count: 9 },
    ]);
  });

  it('puts what cannot serve in front, however many others there are', () => {
    const many = Array.from({ length: 150 }, (_, index) => issuerOf(`https://t${String(index)}.example.com`));
    const down: IssuerSnapshot = {
      ...issuerOf('https://down.example.com'),
      keySet: { ...entry, state: 'cold', failures: 2, keys: 0, generation: 0 },
    };
    const state = dashboardState(sourcesOf(snapshotOf([...many, down])));
    expect(state.issuers[0]).toMatchObject({ issuer: down.issuer });
    expect(state.issuers).toHaveLength(100);
    expect(state.serving).toEqual({ fresh: 150, total: 151 });
  });

  it('names each issuer with its documents in milliseconds', () => {
    const key: KeyRecord = {
      kid: 'k',
      alg: 'RS256',
      thumbprint: 't',
      firstSeenAtMs: 1,
      withdrawnAtMs: undefined,
    };
    const fault = { document: 'keys', reason: 'status 500', sinceMs: 3 } as const;
    const { metadata: _, ...silent } = issuerOf('https://static.example.com');
    const { issuers, moreIssuers } = dashboardState(
      sourcesOf(snapshotOf([issuerOf(ISSUER), silent]), {
        keysOf: (issuer) => (issuer === ISSUER ? [key] : []),
        faultsOf: (issuer) => (issuer === ISSUER ? [fault] : []),
      }),
    );
    const document = { state: 'fresh', ageMs: 5, nextRefreshAtMs: 9_000, failures: 0 };
    expect(issuers[0]).toEqual({
      issuer: ISSUER,
      configured: true,
      keySet: { ...document, count: 2 },
      metadata: document,
      faults: [fault],
      keys: [key],
      moreKeys: 0,
    });
    expect(issuers[1]).toMatchObject({ metadata: undefined, keys: [], faults: [] });
    expect(moreIssuers).toBe(0);
  });

  it('is bounded, and says what is left out', () => {
    const tenants = Array.from({ length: 250 }, (_, index) =>
      issuerOf(`https://${String(index)}.example`, false),
    );
    const keys = Array.from({ length: 100 }, (_, index): KeyRecord => {
      return { kid: String(index), alg: 'RS256', thumbprint: '', firstSeenAtMs: 1, withdrawnAtMs: undefined };
    });
    const state = dashboardState(sourcesOf(snapshotOf(tenants), { keysOf: () => keys }));
    expect(state.issuers).toHaveLength(100);
    expect(state.moreIssuers).toBe(150);
    expect(state.issuers[0]?.keys).toHaveLength(64);
    expect(state.issuers[0]?.moreKeys).toBe(36);
  });
});
