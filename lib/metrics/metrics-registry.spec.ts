import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.js';
import { IssuerRows } from './issuer-rows.js';
import { MetricsRecorder } from './metrics-recorder.js';
import { MetricsRegistry } from './metrics-registry.js';
import { periodStats } from './totals.js';

const ISSUER = 'https://id.example.com';

describe('a cache that registers itself', () => {
  it('is read, counted and compared under its name, which no other file knows', async () => {
    const registry = new MetricsRegistry();
    const clock = new FakeClock();
    const recorder = new MetricsRecorder(new IssuerRows([ISSUER], 8), registry, clock);
    const counts = { hits: 3, misses: 1, size: 2, maxSize: 10 };
    registry.cache('introspection', () => ({ ...counts }));
    recorder.recordValidation(ISSUER, 'ok', true, clock.monotonicMs());
    await clock.advance(60_000);
    recorder.recordValidation(ISSUER, 'ok', true, clock.monotonicMs());
    counts.hits = 7;
    const { now, before } = recorder.totals();
    expect(registry.readCaches().get('introspection')).toEqual({ hits: 7, misses: 1, size: 2, maxSize: 10 });
    const sinceStart = periodStats(now, undefined, 1_000);
    expect(sinceStart.caches['introspection']).toEqual({ hits: 7, misses: 1, hitRate: 0.875 });
    // The window began before the cache was registered: what it had counted until then is new to it.
    const window = periodStats(now, before.totals, 1_000);
    expect(window.caches['introspection']).toEqual({ hits: 7, misses: 1, hitRate: 0.875 });
  });

  it('exports only what the contract names, whatever else its statistics hold', () => {
    const registry = new MetricsRegistry();
    const stats = { hits: 1, misses: 0, size: 1, maxSize: 2, keys: ['a secret'] };
    registry.cache('introspection', () => stats);
    expect([...registry.readCaches()]).toEqual([
      ['introspection', { hits: 1, misses: 0, size: 1, maxSize: 2 }],
    ]);
  });

  it('has its name alone', () => {
    const registry = new MetricsRegistry();
    const read = () => ({ hits: 0, misses: 0, size: 0, maxSize: 1 });
    registry.cache('jwks', read);
    expect(() => registry.cache('jwks', read)).toThrow('"jwks" are registered already');
  });
});

describe('an endpoint that registers itself', () => {
  it('exports zeros before its first request', () => {
    const registry = new MetricsRegistry();
    const recorder = new MetricsRecorder(new IssuerRows([ISSUER], 8), registry, new FakeClock());
    registry.endpoint('introspection');
    expect([...recorder.requestDurations().keys()]).toEqual(['introspection']);
    expect(registry.endpoint('introspection').counts()).toContainEqual({ outcome: 'timeout', count: 0 });
    recorder.recordRequest({
      endpoint: 'introspection',
      url: ISSUER,
      outcome: 'timeout',
      status: undefined,
      durationMs: 10,
    });
    expect(registry.endpoint('introspection').counts()).toContainEqual({ outcome: 'timeout', count: 1 });
    const { requests } = periodStats(recorder.totals().now, undefined, 1_000);
    expect(requests.results).toEqual([{ endpoint: 'introspection', outcome: 'timeout', count: 1 }]);
    expect(requests.durations['introspection']?.count).toBe(1);
  });
});
