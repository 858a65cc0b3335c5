import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import {
  metrics,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Histogram,
  type MeterProvider,
  type ObservableResult,
  type TracerProvider,
} from '@opentelemetry/api';
import type { RequestRecord } from '../http/request-recorder.js';
import { IdentityStats } from '../metrics/identity-stats.js';
import { MetricsRecorder, type ValidationRecord } from '../metrics/metrics-recorder.js';
import type { LookUps } from '../metrics/snapshot.types.js';
import { requestRows } from '../metrics/totals.js';
import { outcomeOf } from '../metrics/validation-results.js';

/** Injection token of {@link IdentityOpenTelemetryOptions}. */
export const OPENTELEMETRY_OPTIONS = Symbol('nestjs-identity-model: opentelemetry options');

export interface IdentityOpenTelemetryOptions {
  /** @default the global one */
  readonly tracerProvider?: TracerProvider | undefined;
  /** @default the global one */
  readonly meterProvider?: MeterProvider | undefined;
  /** Whether each validation becomes a span `identity.validate`, each request a span `identity.fetch`. @default true */
  readonly spans?: boolean | undefined;
}

const SCOPE = 'nestjs-identity-model';

/**
 * What is measured, as OpenTelemetry's instruments and spans. No attribute is made of anything that came
 * with a request: issuers are configured or accepted ones, results are codes.
 */
@Injectable()
export class IdentityOpenTelemetry implements OnApplicationShutdown {
  private readonly stops: (() => void)[] = [];

  constructor(
    @Inject(OPENTELEMETRY_OPTIONS) private readonly options: IdentityOpenTelemetryOptions,
    @Inject(IdentityStats) private readonly stats: IdentityStats,
    @Inject(MetricsRecorder) private readonly measurements: MetricsRecorder,
  ) {
    // Before any module is initialized: the warm-up makes the first requests.
    this.listen();
  }

  private listen(): void {
    const meter = (this.options.meterProvider ?? metrics.getMeterProvider()).getMeter(SCOPE);
    const seconds = (name: string, description: string): Histogram =>
      meter.createHistogram(name, {
        description,
        unit: 's',
        advice: { explicitBucketBoundaries: BOUNDS_SEC },
      });
    const validation = seconds('identity.token.validation.duration', 'How long validations of tokens took.');
    const request = seconds('identity.upstream.request.duration', 'How long requests to providers took.');
    this.stops.push(
      this.measurements.observe({
        validation: (record) => {
          validation.record(record.durationMs / 1000, { 'identity.outcome': outcomeOf(record.result) });
          if (this.options.spans !== false) this.traceValidation(record);
        },
        request: (record) => {
          request.record(record.durationMs / 1000, { 'identity.endpoint': record.endpoint });
          if (this.options.spans !== false) this.traceRequest(record);
        },
      }),
    );
    const watch = (
      kind: 'createObservableCounter' | 'createObservableGauge',
      name: string,
      unit: string,
      read: (result: ObservableResult) => void,
    ): void => {
      const instrument = meter[kind](name, { unit });
      instrument.addCallback(read);
      this.stops.push(() => instrument.removeCallback(read));
    };
    watch('createObservableCounter', 'identity.token.validations', '{validation}', (result) => {
      const { issuers, other } = this.stats.snapshot();
      for (const { issuer, results } of [...issuers, { issuer: 'other', results: other }]) {
        for (const row of results) {
          result.observe(row.count, {
            'identity.issuer': issuer,
            'identity.result': row.result,
            'identity.verified': row.verified,
          });
        }
      }
    });
    watch('createObservableCounter', 'identity.access.denied', '{request}', (result) => {
      const { issuers, otherDenials } = this.stats.snapshot();
      for (const { issuer, denials } of [...issuers, { issuer: 'other', denials: otherDenials }]) {
        for (const { code, count } of denials) {
          result.observe(count, { 'identity.issuer': issuer, 'identity.code': code });
        }
      }
    });
    watch('createObservableCounter', 'identity.cache.requests', '{request}', (result) => {
      for (const [cache, { hits, misses }] of Object.entries<LookUps>({
        ...this.stats.snapshot().sinceStart.caches,
      })) {
        result.observe(hits, { 'identity.cache': cache, 'identity.result': 'hit' });
        result.observe(misses, { 'identity.cache': cache, 'identity.result': 'miss' });
      }
    });
    watch('createObservableGauge', 'identity.cache.entries', '{entry}', (result) => {
      for (const [cache, { size }] of Object.entries<{ size: number }>({
        ...this.stats.snapshot().entries,
      })) {
        result.observe(size, { 'identity.cache': cache });
      }
    });
    watch('createObservableCounter', 'identity.upstream.requests', '{request}', (result) => {
      for (const { endpoint, outcome, count } of requestRows(this.measurements.requests)) {
        result.observe(count, { 'identity.endpoint': endpoint, 'identity.outcome': outcome });
      }
    });
    watch('createObservableGauge', 'identity.key_set.age', 's', (result) => {
      for (const { issuer, keySet } of this.stats.snapshot().issuers) {
        if (keySet.ageMs !== undefined) result.observe(keySet.ageMs / 1000, { 'identity.issuer': issuer });
      }
    });
    watch('createObservableGauge', 'identity.key_set.keys', '{key}', (result) => {
      for (const { issuer, keySet } of this.stats.snapshot().issuers) {
        result.observe(keySet.keys, { 'identity.issuer': issuer });
      }
    });
    watch('createObservableGauge', 'identity.state', '1', (result) => {
      for (const { issuer, keySet, metadata } of this.stats.snapshot().issuers) {
        for (const [document, entry] of Object.entries({ keys: keySet, ...(metadata && { metadata }) })) {
          const attributes = { 'identity.issuer': issuer, 'identity.document': document };
          result.observe(1, { ...attributes, 'identity.state': entry.state });
        }
      }
    });
  }

  onApplicationShutdown(): void {
    for (const stop of this.stops.splice(0)) stop();
  }

  private traceValidation({ issuer, result, verified, durationMs }: ValidationRecord): void {
    // A refused token is its sender's fault, and anybody can send one: an error is what the operator can mend.
    const fault = outcomeOf(result) === 'unavailable' ? result : undefined;
    this.span('identity.validate', SpanKind.INTERNAL, durationMs, fault, {
      'identity.issuer': issuer ?? 'other',
      'identity.result': result,
      'identity.verified': verified,
    });
  }

  /** Names of OpenTelemetry's semantic conventions for HTTP clients. The query may hold a secret, and stays out. */
  private traceRequest({ endpoint, url, outcome, status, durationMs }: RequestRecord): void {
    const { protocol, hostname, port, pathname } = new URL(url);
    const isGood = outcome === 'ok' || outcome === 'not_modified';
    this.span('identity.fetch', SpanKind.CLIENT, durationMs, isGood ? undefined : outcome, {
      'identity.endpoint': endpoint,
      'http.request.method': 'GET',
      'server.address': hostname,
      'server.port': Number(port) || (protocol === 'http:' ? 80 : 443),
      'url.scheme': protocol.slice(0, -1),
      'url.path': pathname,
      ...(status === undefined ? {} : { 'http.response.status_code': status }),
    });
  }

  /** A span of what has ended just now, below whatever is active. */
  private span(
    name: string,
    kind: SpanKind,
    durationMs: number,
    fault: string | undefined,
    attributes: Attributes,
  ): void {
    const endMs = performance.timeOrigin + performance.now();
    const tracer = (this.options.tracerProvider ?? trace.getTracerProvider()).getTracer(SCOPE);
    const span = tracer.startSpan(name, {
      kind,
      startTime: endMs - durationMs,
      attributes: fault === undefined ? attributes : { ...attributes, 'error.type': fault },
    });
    if (fault !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(endMs);
  }
}

const BOUNDS_SEC = [0.00001, 0.00005, 0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];
