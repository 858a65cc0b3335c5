import { Controller, Get, Inject } from '@nestjs/common';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  IdentityEvents,
  IdentityHealthIndicator,
  IdentityModule,
  IdentityStats,
  memoryStore,
  Public,
  type IdentityEvent,
  type IdentityStore,
} from 'nestjs-identity-model';
import { IdentityOpenTelemetryModule } from 'nestjs-identity-model/opentelemetry';
import { IdentityPrometheus, IdentityPrometheusModule } from 'nestjs-identity-model/prometheus';
import type { SharedStore } from '../lib/store/shared-store.js';
import { SHARED_STORE } from '../lib/store/shared-store-provider.js';
import { createApp } from './support/create-app.js';
import { nestLine } from './support/nest-line.js';
import { createKey } from './support/signing-key.js';

@Public()
@Controller()
class HealthController {
  @Inject(IdentityHealthIndicator) private readonly identity!: IdentityHealthIndicator;

  @Get('health') health(): unknown {
    return this.identity.check('identity');
  }
}

interface Started {
  readonly shared: SharedStore | null;
  readonly events: IdentityEvent[];
  readonly health: () => object;
  readonly scrape: () => Promise<string[]>;
  readonly collect: () => Promise<Record<string, unknown>>;
  readonly stats: IdentityStats;
}

async function start(store?: IdentityStore): Promise<Started> {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const meterProvider = new MeterProvider({ readers: [reader] });
  const { app } = await createApp('express', {
    imports: [
      IdentityModule.forRoot({
        issuers: [{ issuer: 'https://id.example.com', jwks: { keys: [createKey('ES256', 'ec-1').jwk] } }],
        audience: 'orders-api',
        store,
      }),
      IdentityPrometheusModule.forRoot(),
      IdentityOpenTelemetryModule.forRoot({ meterProvider }),
    ],
    controllers: [HealthController],
  });
  onTestFinished(async () => {
    await app.close();
    await meterProvider.shutdown();
  });
  const events: IdentityEvent[] = [];
  app.get(IdentityEvents).events$.subscribe((event) => events.push(event));
  return {
    shared: app.get<SharedStore | null>(SHARED_STORE),
    events,
    health: () => app.get(IdentityHealthIndicator).check('identity').identity,
    scrape: async () =>
      (await app.get(IdentityPrometheus).metrics())
        .split('\n')
        .filter((line) => /^identity_store_(requests|up|.*_count)/.test(line)),
    async collect() {
      await reader.forceFlush();
      const metrics =
        exporter
          .getMetrics()
          .at(-1)
          ?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
      return Object.fromEntries(
        metrics
          .filter(({ descriptor }) => descriptor.name.startsWith('identity.store'))
          .map(({ descriptor, dataPoints }) => [
            descriptor.name,
            dataPoints.map(({ attributes, value }) =>
              [...Object.values(attributes), value].map(String).join(' '),
            ),
          ]),
      );
    },
    stats: app.get(IdentityStats),
  };
}

describe('the option store', () => {
  it('is shown by metrics, statistics and health while it works', async () => {
    const { shared, health, scrape, collect, stats } = await start(memoryStore());
    expect(await shared?.putIfAbsent('a', 1_000)).toBe('put');
    expect(await shared?.putIfAbsent('a', 1_000)).toBe('present');
    expect(stats.snapshot().store).toMatchObject({ available: true, failures: 0 });
    expect(health()).toMatchObject({ status: 'up', store: { available: true, failures: 0 } });
    expect(await scrape()).toEqual([
      'identity_store_request_duration_seconds_count{outcome="ok"} 2',
      'identity_store_request_duration_seconds_count{outcome="unavailable"} 0',
      'identity_store_requests_total{result="put"} 1',
      'identity_store_requests_total{result="present"} 1',
      'identity_store_requests_total{result="timeout"} 0',
      'identity_store_requests_total{result="error"} 0',
      'identity_store_requests_total{result="spared"} 0',
      'identity_store_up{store="shared"} 1',
    ]);
    expect(await collect()).toEqual({
      'identity.store.requests': ['put 1', 'present 1', 'timeout 0', 'error 0', 'spared 0'],
      'identity.store.up': ['1'],
    });
  });

  it('is shown by all of them, and by events, while it fails', async () => {
    let isDown = true;
    const { shared, events, health, scrape, stats } = await start({
      putIfAbsent: async () => {
        if (isDown) throw new Error('READONLY You can’t write against a read only replica.');
        return true;
      },
    });
    expect(await shared?.putIfAbsent('a', 1_000)).toBe('unavailable');
    expect(await shared?.putIfAbsent('b', 1_000)).toBe('unavailable');
    expect(stats.snapshot().store).toMatchObject({ available: false, failures: 1 });
    expect(health()).toMatchObject({
      ...nestLine.degradedHealth,
      reasons: ['store_unavailable'],
      store: { available: false, failures: 1 },
    });
    expect(await scrape()).toEqual(
      expect.arrayContaining([
        'identity_store_requests_total{result="error"} 1',
        'identity_store_requests_total{result="spared"} 1',
        'identity_store_up{store="shared"} 0',
      ]),
    );
    isDown = false;
    await expect.poll(() => shared?.putIfAbsent('b', 1_000)).toBe('put');
    expect(events.filter(({ type }) => type.startsWith('store.'))).toEqual([
      {
        type: 'store.failed',
        reason: 'READONLY You can’t write against a read only replica.',
        failures: 1,
        retryInMs: expect.any(Number) as number,
      },
      { type: 'store.recovered', downMs: expect.any(Number) as number },
    ]);
    expect(health()).toMatchObject({ status: 'up' });
  });

  it('makes no series and no detail if it is not given', async () => {
    const { shared, health, scrape, collect, stats } = await start();
    expect(shared).toBeNull();
    expect([stats.snapshot().store, health()]).toEqual([
      undefined,
      expect.not.objectContaining({ store: expect.anything() as unknown }),
    ]);
    expect([await scrape(), await collect()]).toEqual([[], {}]);
  });

  it('stops the start if it is a client instead of a store', async () => {
    const client = { set: async () => 'OK' } as unknown as IdentityStore;
    await expect(start(client)).rejects.toThrow(/store: expected a store, .*"redisStore\(client\)"/);
  });
});

describe('memoryStore', () => {
  it('keeps a key once, for its time', async () => {
    const store = memoryStore();
    expect(await store.putIfAbsent('a', 60_000)).toBe(true);
    expect(await store.putIfAbsent('a', 60_000)).toBe(false);
    expect(await memoryStore().putIfAbsent('a', 60_000)).toBe(true);
  });

  it('rejects what does not fit', async () => {
    const store = memoryStore({ maxProofs: 10 });
    for (let at = 0; at < 10; at++) await store.putIfAbsent(String(at), 60_000);
    await expect(store.putIfAbsent('one more', 60_000)).rejects.toThrow('holds 10 keys');
    expect(await store.putIfAbsent('0', 60_000)).toBe(false);
  });

  it.each<[object, RegExp]>([
    [{ maxProof: 1 }, /memoryStore: "maxProof" is not known; did you mean "maxProofs"\?/],
    [{ maxProofs: 0 }, /"maxProofs" must be a whole number from 1 to 10000000/],
    [{ maxProofs: 10_000_001 }, /"maxProofs" must be/],
    [{ maxProofs: 1.5 }, /"maxProofs" must be/],
    [{ maxProofs: '9' }, /"maxProofs" must be/],
    [{ maxProofs: Number.NaN }, /"maxProofs" must be/],
    [
      { maxProofs: 8, maxProofsPerKey: 9 },
      /"maxProofsPerKey" must be a whole number from 1 to "maxProofs" \(8\)/,
    ],
    [{ maxProofsPerKey: 0 }, /"maxProofsPerKey" must be/],
  ])('refuses %j', (options, message) => {
    expect(() => memoryStore(options)).toThrow(message);
  });
});
