import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Counter, Gauge, Registry } from 'prom-client';
import { IdentityStats } from '../metrics/identity-stats.js';
import { MetricsRecorder } from '../metrics/metrics-recorder.js';
import { requestRows } from '../metrics/totals.js';
import type { EntryState } from '../cache/refreshing-cache.js';
import { printable } from '../model/printable.js';
import { DurationMetric } from './duration-metric.js';
import { METRICS } from './metric-names.js';

/** Injection token of {@link IdentityPrometheusOptions}. */
export const PROMETHEUS_OPTIONS = Symbol('nestjs-identity-model: prometheus options');

export interface IdentityPrometheusOptions {
  /** Where the metrics are registered; one of their own where it is left out. */
  readonly registry?: Registry | undefined;
}

/** A row of a metric. */
type Row = readonly [labels: Readonly<Record<string, string>>, value: number];

const STATES: readonly EntryState['state'][] = ['cold', 'fresh', 'stale', 'expired'];

/** What is measured, for Prometheus. Everything is read while it is scraped; in between it costs nothing. */
@Injectable()
export class IdentityPrometheus implements OnModuleInit, OnApplicationShutdown {
  readonly registry: Registry;

  constructor(
    @Inject(PROMETHEUS_OPTIONS) options: IdentityPrometheusOptions,
    @Inject(IdentityStats) private readonly stats: IdentityStats,
    @Inject(MetricsRecorder) private readonly measurements: MetricsRecorder,
  ) {
    this.registry = options.registry ?? new Registry();
  }

  /** The `Content-Type` of {@link metrics}. */
  get contentType(): string {
    return this.registry.contentType;
  }

  /** The text that Prometheus scrapes. */
  async metrics(): Promise<string> {
    return this.registry.metrics();
  }

  /** @throws {Error} the registry holds one of the names already: each module needs a registry of its own. */
  onModuleInit(): void {
    const { registry, measurements, stats } = this;
    registry.registerMetric(new DurationMetric(METRICS.validationDuration, measurements.durations));
    registry.registerMetric(new DurationMetric(METRICS.upstreamDuration, measurements.requestDurations));
    this.add(Counter, METRICS.validations, () => this.validationRows());
    this.add(Counter, METRICS.denials, () => this.denialRows());
    this.add(Counter, METRICS.cacheRequests, () =>
      Object.entries(stats.snapshot().sinceStart.caches).flatMap(([cache, { hits, misses }]): Row[] => [
        [{ cache, result: 'hit' }, hits],
        [{ cache, result: 'miss' }, misses],
      ]),
    );
    this.add(Gauge, METRICS.cacheEntries, () =>
      Object.entries(stats.snapshot().entries).map(([cache, { size }]): Row => [{ cache }, size]),
    );
    this.add(Counter, METRICS.upstreamRequests, () =>
      requestRows(measurements.requests).map(({ endpoint, outcome, count }): Row => [
        { endpoint, outcome },
        count,
      ]),
    );
    this.add(Gauge, METRICS.keySetAge, () =>
      stats
        .snapshot()
        .issuers.flatMap(({ issuer, keySet: { ageMs } }): Row[] =>
          ageMs === undefined ? [] : [[{ issuer }, ageMs / 1000]],
        ),
    );
    this.add(Gauge, METRICS.keySetKeys, () =>
      stats.snapshot().issuers.map(({ issuer, keySet }): Row => [{ issuer }, keySet.keys]),
    );
    this.add(Gauge, METRICS.state, () => this.stateRows());
  }

  /** A registry of the application goes on without us. */
  onApplicationShutdown(): void {
    for (const { name } of Object.values(METRICS)) this.registry.removeSingleMetric(name);
  }

  private validationRows(): Row[] {
    const { issuers, other } = this.stats.snapshot();
    return [...issuers, { issuer: 'other', results: other }].flatMap(({ issuer, results }) =>
      results.map(({ result, verified, count }): Row => [
        { issuer, result, verified: String(verified) },
        count,
      ]),
    );
  }

  private denialRows(): Row[] {
    const { issuers, otherDenials } = this.stats.snapshot();
    return [...issuers, { issuer: 'other', denials: otherDenials }].flatMap(({ issuer, denials }) =>
      denials.map(({ code, count }): Row => [{ issuer, code }, count]),
    );
  }

  private stateRows(): Row[] {
    return this.stats
      .snapshot()
      .issuers.flatMap(({ issuer, keySet, metadata }) =>
        Object.entries({ keys: keySet.state, ...(metadata && { metadata: metadata.state }) }).flatMap(
          ([document, now]) =>
            STATES.map((state): Row => [{ issuer, document, state }, state === now ? 1 : 0]),
        ),
      );
  }

  private add(
    Kind: typeof Counter | typeof Gauge,
    { name, help, labels }: { name: string; help: string; labels: readonly string[] },
    rows: () => readonly Row[],
  ): void {
    const metric = new Kind({
      name,
      help,
      labelNames: [...labels],
      registers: [],
      // Made anew at each scrape, so that what has left is not told any more.
      collect(this: Counter | Gauge) {
        this.reset();
        for (const [rowLabels, value] of rows()) this.inc(printableLabels(rowLabels), value);
      },
    });
    this.registry.registerMetric(metric);
  }
}

/** A tenant's name came with a token; prom-client escapes quotes, backslashes and line breaks alone. */
function printableLabels(labels: Row[0]): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, printable(value)]));
}
