import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Counter, Gauge, Registry } from 'prom-client';
import { MetricsRecorder } from '../metrics/metrics-recorder.js';
import { printable } from '../model/printable.js';
import { MetricsReader, type MetricsReading } from '../stats/metrics-reader.js';
import { oncePerTick } from './once-per-tick.js';
import { DurationMetric } from './duration-metric.js';
import { METRICS } from './metric-names.js';
import { ROWS, type Row } from './metric-rows.js';

/** Injection token of {@link IdentityPrometheusOptions}. */
export const PROMETHEUS_OPTIONS = Symbol('nestjs-identity-model: prometheus options');

export interface IdentityPrometheusOptions {
  /** The registry that the metrics are added to. @default a new one */
  readonly registry?: Registry | undefined;
}

/**
 * The module's metrics for Prometheus. They are read while they are scraped, and cost nothing in between.
 *
 * @example
 * // See IdentityPrometheusModule for the module. No route is mounted; this is one:
 * @Get('metrics') @Header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
 * metrics(): Promise<string> {
 *   return this.prometheus.metrics();
 * }
 */
@Injectable()
export class IdentityPrometheus implements OnModuleInit, OnApplicationShutdown {
  readonly registry: Registry;
  private readonly read: () => MetricsReading;

  constructor(
    @Inject(PROMETHEUS_OPTIONS) options: IdentityPrometheusOptions,
    @Inject(MetricsReader) reader: MetricsReader,
    @Inject(MetricsRecorder) private readonly recorder: MetricsRecorder,
  ) {
    this.registry = options.registry ?? new Registry();
    this.read = oncePerTick(() => reader.read());
  }

  /** The `Content-Type` of {@link metrics}. */
  get contentType(): string {
    return this.registry.contentType;
  }

  /** The text that Prometheus scrapes. */
  async metrics(): Promise<string> {
    return this.registry.metrics();
  }

  /** @throws {Error} the registry has a metric of this name already: each module needs a registry of its own. */
  onModuleInit(): void {
    const { recorder } = this;
    this.registry.registerMetric(
      new DurationMetric(METRICS.validationDuration, () => Object.entries(recorder.durations)),
    );
    this.registry.registerMetric(
      new DurationMetric(METRICS.upstreamDuration, () => recorder.requestDurations()),
    );
    this.registry.registerMetric(
      new DurationMetric(METRICS.storeDuration, () =>
        Object.entries(recorder.registry.store?.counts.durations ?? {}),
      ),
    );
    this.register(Counter, 'validations');
    this.register(Counter, 'denials');
    this.register(Counter, 'wouldDeny');
    this.register(Counter, 'senders');
    this.register(Counter, 'resourceTokens');
    this.register(Counter, 'cacheRequests');
    this.register(Gauge, 'cacheEntries');
    this.register(Counter, 'upstreamRequests');
    this.register(Gauge, 'keySetAge');
    this.register(Gauge, 'keySetKeys');
    this.register(Gauge, 'state');
    this.register(Counter, 'storeRequests');
    this.register(Gauge, 'storeUp');
  }

  /** A registry of the application outlives this module. */
  onApplicationShutdown(): void {
    for (const { name } of Object.values(METRICS)) this.registry.removeSingleMetric(name);
  }

  private register(Kind: typeof Counter | typeof Gauge, metric: keyof typeof ROWS): void {
    const { name, help, labels } = METRICS[metric];
    const { read } = this;
    const collected = new Kind({
      name,
      help,
      labelNames: [...labels],
      registers: [],
      // Rebuilt at each scrape, so that a tenant that has left takes its series along.
      collect(this: Counter | Gauge) {
        this.reset();
        for (const [rowLabels, value] of ROWS[metric](read())) this.inc(printableLabels(rowLabels), value);
      },
    });
    this.registry.registerMetric(collected);
  }
}

/** A tenant's name came with a token; prom-client escapes quotes, backslashes and line breaks alone. */
function printableLabels(labels: Row[0]): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, printable(value)]));
}
