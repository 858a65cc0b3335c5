import { performance } from 'node:perf_hooks';
import { Logger } from '@nestjs/common';
import type { Clock } from '../cache/clock.js';
import type { ErrorCode } from '../errors/error-codes.js';
import { describeError } from '../errors/identity-error.js';
import type { IdentityEvent } from '../events/identity-event.js';
import { SeldomLog } from '../events/seldom-log.js';
import { clipped } from '../model/printable.js';
import {
  ENDPOINTS,
  REQUEST_OUTCOMES,
  type RequestRecord,
  type RequestRecorder,
} from '../http/request-recorder.js';
import type { ValidationRecorder, ValidationResult } from '../validation/validation-recorder.js';
import { DenialCounts } from './denials.js';
import type { IssuerRows } from './issuer-rows.js';
import { SlidingWindow } from './sliding-window.js';
import { copyHistograms, emptyHistograms, type CacheCounts, type Totals } from './totals.js';
import { DURATION_OUTCOMES, outcomeOf, ResultCounts } from './validation-results.js';

/** One validation, as those are told who ask for each. */
export interface ValidationRecord {
  readonly issuer: string | undefined;
  readonly result: ValidationResult;
  readonly verified: boolean;
  readonly durationMs: number;
}

/** Is told of each validation and request, when it has ended. */
export interface MetricsObserver {
  readonly validation?: (record: ValidationRecord) => void;
  readonly request?: (record: RequestRecord) => void;
}

const WINDOW_MS = 300_000;
const SLOT_MS = 10_000;

/**
 * Where the parts of the module tell what they did. A validation costs two readings of the clock and a
 * few additions: no objects, no strings, nothing that grows with what is sent.
 */
export class MetricsRecorder implements ValidationRecorder, RequestRecorder {
  readonly durations = emptyHistograms(DURATION_OUTCOMES);
  readonly requestDurations = emptyHistograms(ENDPOINTS);
  /** One cell for each endpoint and outcome. */
  readonly requests: number[] = Array.from({ length: ENDPOINTS.length * REQUEST_OUTCOMES.length }, () => 0);
  private readonly results = new ResultCounts();
  private readonly denials = new DenialCounts();
  private batches = { batches: 0, tokens: 0, durationMs: 0, eventLoopMs: 0 };
  private readonly window = new SlidingWindow<Totals>(WINDOW_MS, SLOT_MS);
  private readonly observers = new Set<MetricsObserver>();
  private readonly broken = new SeldomLog((line) => new Logger('IdentityModule').error(line));
  private readonly startMs: number;
  /** The caches count by themselves. */
  private readCaches: () => CacheCounts = () => NO_LOOK_UPS;

  constructor(
    readonly rows: IssuerRows,
    private readonly clock: Clock,
  ) {
    this.startMs = clock.monotonicMs();
    this.sampleIfDue(this.startMs);
  }

  startValidation(): number {
    return this.clock.monotonicMs();
  }

  recordValidation(
    issuer: string | undefined,
    result: ValidationResult,
    verified: boolean,
    startMs: number,
  ): void {
    const nowMs = this.clock.monotonicMs();
    if (this.window.isDue(nowMs)) this.sampleIfDue(nowMs);
    (issuer === undefined ? this.rows.other : this.rows.of(issuer).results).add(result, verified);
    this.results.add(result, verified);
    this.durations[outcomeOf(result)].record(nowMs - startMs);
    if (this.observers.size > 0) {
      this.tell('validation', { issuer, result, verified, durationMs: nowMs - startMs });
    }
  }

  /**
   * A refusal of a guard that no validation has counted.
   *
   * @param issuer - of the token that was good; undefined where none came.
   */
  recordDenial(issuer: string | undefined, code: ErrorCode): void {
    this.sampleIfDue(this.clock.monotonicMs());
    (issuer === undefined ? this.rows.otherDenials : this.rows.of(issuer).denials).add(code);
    this.denials.add(code);
  }

  recordRequest(request: RequestRecord): void {
    this.sampleIfDue(this.clock.monotonicMs());
    const { endpoint, outcome, durationMs } = request;
    const cell = ENDPOINTS.indexOf(endpoint) * REQUEST_OUTCOMES.length + REQUEST_OUTCOMES.indexOf(outcome);
    this.requests[cell] = (this.requests[cell] ?? 0) + 1;
    this.requestDurations[endpoint].record(durationMs);
    this.tell('request', request);
  }

  startBatch(): (tokens: number) => void {
    const startMs = performance.now();
    const start = performance.eventLoopUtilization();
    return (tokens) => {
      const { batches } = this;
      this.batches = {
        batches: batches.batches + 1,
        tokens: batches.tokens + tokens,
        durationMs: batches.durationMs + performance.now() - startMs,
        eventLoopMs: batches.eventLoopMs + performance.eventLoopUtilization(start).active,
      };
    };
  }

  /** For what happens seldom. */
  recordEvent(event: IdentityEvent): void {
    // The first set of an issuer is refreshed, not rotated.
    if (event.type === 'jwks.refreshed') {
      const row = this.rows.of(event.issuer);
      row.generation = Math.max(row.generation, 1);
    } else if (event.type === 'jwks.rotated') this.rows.of(event.issuer).generation++;
  }

  /** Costs the making of an object for each validation while somebody observes. Returns its end. */
  observe(observer: MetricsObserver): () => void {
    this.observers.add(observer);
    return () => this.observers.delete(observer);
  }

  /** @param read - what the caches have counted. */
  watchCaches(read: () => CacheCounts): void {
    this.readCaches = read;
  }

  /** What grew since the start, and in the window. */
  totals(): { now: Totals; nowMs: number; startMs: number; before: { totals: Totals; atMs: number } } {
    const nowMs = this.clock.monotonicMs();
    this.sampleIfDue(nowMs);
    const now = this.copy();
    const start = this.window.start(nowMs);
    const before =
      start === undefined ? { totals: now, atMs: nowMs } : { totals: start.value, atMs: start.atMs };
    return { now, nowMs, startMs: this.startMs, before };
  }

  private sampleIfDue(nowMs: number): void {
    if (this.window.isDue(nowMs)) this.window.add(nowMs, this.copy());
  }

  private copy(): Totals {
    return {
      results: this.results.copy(),
      denials: this.denials.copy(),
      durations: copyHistograms(DURATION_OUTCOMES, this.durations),
      requests: [...this.requests],
      requestDurations: copyHistograms(ENDPOINTS, this.requestDurations),
      batches: this.batches,
      caches: this.readCaches(),
    };
  }

  /** An observer that breaks must not refuse a token, and goes on being told: what broke it may be over. */
  private tell<K extends keyof MetricsObserver>(
    what: K,
    record: Parameters<Required<MetricsObserver>[K]>[0],
  ): void {
    for (const observer of this.observers) {
      try {
        (observer[what] as ((it: typeof record) => void) | undefined)?.(record);
      } catch (error) {
        this.broken.add(() => `an observer of measurements broke: ${clipped(describeError(error), 500)}`);
      }
    }
  }
}

const NO_LOOK_UPS: CacheCounts = {
  discovery: { hits: 0, misses: 0 },
  jwks: { hits: 0, misses: 0 },
};
