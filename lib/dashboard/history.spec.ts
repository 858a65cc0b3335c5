import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.js';
import type { RequestOutcome } from '../http/request-recorder.js';
import { IssuerRows } from '../metrics/issuer-rows.js';
import { MetricsRecorder } from '../metrics/metrics-recorder.js';
import { MetricsRegistry } from '../metrics/metrics-registry.js';
import { DashboardHistory, SAMPLE_MS } from './history.js';

const ISSUER = 'https://id.example.com';

async function setUp(tokens?: { hits: number; misses: number }) {
  const clock = new FakeClock();
  const registry = new MetricsRegistry();
  const metrics = new MetricsRecorder(new IssuerRows([ISSUER], 8), registry, clock);
  const caches = {
    discovery: { hits: 0, misses: 0 },
    jwks: { hits: 0, misses: 0 },
    ...(tokens && { tokens }),
  };
  for (const [name, counts] of Object.entries(caches)) {
    registry.cache(name, () => ({ ...counts, size: 0, maxSize: 1 }));
  }
  for (const name of ['discovery', 'jwks']) registry.endpoint(name);
  const history = new DashboardHistory(metrics, clock);
  history.sample();
  const request = (
    outcome: RequestOutcome,
    durationMs: number,
    endpoint: 'jwks' | 'discovery' = 'jwks',
  ): void => metrics.recordRequest({ endpoint, url: ISSUER, outcome, status: undefined, durationMs });
  return { clock, metrics, caches, history, request };
}

describe('a point of the history', () => {
  it('says nothing where nothing happened', async () => {
    const { clock, history } = await setUp();
    await clock.advance(SAMPLE_MS);
    expect(history.sample()).toEqual({
      atMs: clock.wallMs(),
      accepted: 0,
      rejectedVerified: 0,
      rejectedUnverified: 0,
      undecided: 0,
      p50Ms: null,
      p95Ms: null,
      p99Ms: null,
      hitRates: { discovery: null, jwks: null },
      requests: 0,
      faults: 0,
      upstreamP95Ms: null,
    });
  });

  it('tells accepted, refused of either kind and undecided apart, by the second', async () => {
    const { clock, metrics, history } = await setUp();
    await clock.advance(SAMPLE_MS);
    const record = (
      count: number,
      ...[result, verified]: [Parameters<MetricsRecorder['recordValidation']>[1], boolean]
    ) => {
      for (let index = 0; index < count; index++) {
        metrics.recordValidation(ISSUER, result, verified, clock.monotonicMs() - 2);
      }
    };
    record(50, 'ok', true);
    record(20, 'token_expired', false);
    record(5, 'token_expired', true);
    record(5, 'signature_invalid', false);
    record(10, 'keys_unavailable', false);
    record(10, 'check_failed', true);
    const point = history.sample();
    expect(point).toMatchObject({ accepted: 10, rejectedUnverified: 5, rejectedVerified: 1, undecided: 4 });
    expect(point?.p50Ms).toBeGreaterThanOrEqual(2);
    expect(point?.p99Ms).toBeLessThan(2.2);
  });

  it('is of its own interval alone', async () => {
    const { clock, metrics, history } = await setUp();
    metrics.recordValidation(ISSUER, 'ok', true, clock.monotonicMs());
    await clock.advance(SAMPLE_MS);
    expect(history.sample()?.accepted).toBe(0.2);
    await clock.advance(SAMPLE_MS);
    expect(history.sample()).toMatchObject({ accepted: 0, p95Ms: null });
  });

  it('counts requests, those that failed, and the slower document', async () => {
    const { clock, history, request } = await setUp();
    request('ok', 10);
    request('not_modified', 10);
    request('aborted', 10);
    request('timeout', 4_000, 'discovery');
    request('server_error', 20);
    await clock.advance(SAMPLE_MS);
    const point = history.sample();
    expect(point).toMatchObject({ requests: 5, faults: 2 });
    expect(point?.upstreamP95Ms).toBeGreaterThanOrEqual(4_000);
  });

  it('has the hit rate of each cache, that of tokens where there is one', async () => {
    const { clock, caches, history } = await setUp({ hits: 0, misses: 0 });
    Object.assign(caches.jwks, { hits: 3, misses: 1 });
    Object.assign(caches.tokens ?? {}, { hits: 1, misses: 1 });
    await clock.advance(SAMPLE_MS);
    expect(history.sample()).toMatchObject({ hitRates: { discovery: null, jwks: 0.75, tokens: 0.5 } });
  });

  it('has no rates of an interval without length', async () => {
    const { history, metrics, clock } = await setUp();
    metrics.recordValidation(ISSUER, 'ok', true, clock.monotonicMs());
    expect(history.sample()).toMatchObject({ accepted: 0 });
  });
});

describe('the history', () => {
  it('goes back a quarter of an hour', async () => {
    const { clock, history } = await setUp();
    for (let index = 0; index < 1_000; index++) {
      await clock.advance(SAMPLE_MS);
      history.sample();
    }
    const points = history.points();
    expect(points).toHaveLength(180);
    expect(points.at(-1)?.atMs).toBe(clock.wallMs());
    expect(clock.wallMs() - (points[0]?.atMs ?? 0)).toBe(179 * SAMPLE_MS);
  });
});
