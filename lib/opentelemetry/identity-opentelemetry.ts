import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import {
  metrics,
  trace,
  type Attributes,
  type BatchObservableResult,
  type Histogram,
  type Meter,
  type MeterProvider,
  type Tracer,
  type TracerProvider,
} from '@opentelemetry/api';
import { MetricsRecorder } from '../metrics/metrics-recorder.js';
import { outcomeOf } from '../metrics/validation-results.js';
import { printable } from '../model/printable.js';
import { MetricsReader } from '../stats/metrics-reader.js';
import { BOUNDS_SEC, INSTRUMENTS } from './instruments.js';
import { traceRequest, traceValidation } from './spans.js';

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
 * The module's metrics as OpenTelemetry's instruments and spans. No attribute is made of anything that came
 * with a request: issuers are configured or accepted ones, results are codes.
 */
@Injectable()
export class IdentityOpenTelemetry implements OnApplicationShutdown {
  private readonly removers: (() => void)[];

  constructor(
    @Inject(OPENTELEMETRY_OPTIONS) private readonly options: IdentityOpenTelemetryOptions,
    @Inject(MetricsReader) private readonly reader: MetricsReader,
    @Inject(MetricsRecorder) private readonly recorder: MetricsRecorder,
  ) {
    const meter = (options.meterProvider ?? metrics.getMeterProvider()).getMeter(SCOPE);
    // In the constructor, before any module is initialized: the warm-up makes the first requests.
    this.removers = [this.recordDurations(meter), this.observeCounts(meter)];
    if (options.spans !== false) this.removers.push(this.recordSpans());
  }

  onApplicationShutdown(): void {
    for (const remove of this.removers.splice(0)) remove();
  }

  /**
   * Histograms cannot be observed from outside as counters can: each validation and each request is recorded when it ends. The
   * outcome is the only attribute, since each value multiplies the buckets.
   */
  private recordDurations(meter: Meter): () => void {
    const validation = createHistogram(
      meter,
      'identity.token.validation.duration',
      'How long validations of tokens took.',
    );
    const request = createHistogram(
      meter,
      'identity.upstream.request.duration',
      'How long requests to providers took.',
    );
    return this.recorder.observe({
      validation: ({ durationMs, result }) =>
        validation.record(durationMs / 1000, { 'identity.outcome': outcomeOf(result) }),
      request: ({ durationMs, endpoint }) =>
        request.record(durationMs / 1000, { 'identity.endpoint': endpoint }),
    });
  }

  /** One callback for all instruments, so that one collection takes one reading, and all of it is of the same moment. */
  private observeCounts(meter: Meter): () => void {
    const instruments = INSTRUMENTS.map((spec) => ({
      observe: spec.observe,
      instrument: meter[spec.kind](spec.name, { unit: spec.unit }),
    }));
    const all = instruments.map(({ instrument }) => instrument);
    const collect = (result: BatchObservableResult): void => {
      const reading = this.reader.read();
      for (const { instrument, observe } of instruments) {
        for (const [value, attributes] of observe(reading)) {
          result.observe(instrument, value, printableAttributes(attributes));
        }
      }
    };
    meter.addBatchObservableCallback(collect, all);
    return () => meter.removeBatchObservableCallback(collect, all);
  }

  /** Costs one object for each validation; `spans: false` spares it. */
  private recordSpans(): () => void {
    return this.recorder.observe({
      validation: (record) => traceValidation(this.tracer, record),
      request: (record) => traceRequest(this.tracer, record),
    });
  }

  /** Asked for at each span: a global provider may be set after this module was created. */
  private get tracer(): Tracer {
    return (this.options.tracerProvider ?? trace.getTracerProvider()).getTracer(SCOPE);
  }
}

/** As labels are in Prometheus: an issuer is text from outside. */
function printableAttributes(attributes: Attributes): Attributes {
  const issuer = attributes['identity.issuer'];
  return typeof issuer === 'string' ? { ...attributes, 'identity.issuer': printable(issuer) } : attributes;
}

function createHistogram(meter: Meter, name: string, description: string): Histogram {
  return meter.createHistogram(name, {
    description,
    unit: 's',
    advice: { explicitBucketBoundaries: BOUNDS_SEC },
  });
}
