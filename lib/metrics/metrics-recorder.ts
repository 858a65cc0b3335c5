import { performance } from 'node:perf_hooks';
import type { Clock } from '../cache/clock.js';
import type { ErrorCode } from '../errors/error-codes.js';
import type { IdentityEvent } from '../events/identity-event.js';
import type { RequestRecord, RequestRecorder } from '../http/request-recorder.js';
import { DenialCounts, type DenialCode } from './denials.js';
import { DurationHistogram } from './duration-histogram.js';
import type { IssuerRows } from './issuer-rows.js';
import { MetricsObservers, type MetricsObserver } from './metrics-observers.js';
import { mapValues, type MetricsRegistry } from './metrics-registry.js';
import { ReportedRoutes } from './reported-routes.js';
import type { Sender } from './sender-counts.js';
import { SlidingWindow } from './sliding-window.js';
import { perOutcome, type OutcomeDurations, type Totals } from './totals.js';
import type { ValidationRecorder, ValidationResult } from './validation-recorder.js';
import { outcomeOf, ResultCounts } from './validation-results.js';

const WINDOW_MS = 300_000;
/** Least time between two samples of the window. */
const SLOT_MS = 10_000;

/** What was counted at two moments. */
export interface WindowTotals {
  readonly now: Totals;
  readonly nowMs: number;
  readonly startMs: number;
  /** The beginning of the window. */
  readonly before: { readonly totals: Totals; readonly atMs: number };
}

/**
 * Counts validations, denials and requests. It depends on nothing that it counts: caches and endpoints are in the
 * {@link MetricsRegistry}. A validation costs two readings of the clock and a few additions: no objects, no strings,
 * nothing that grows with what is sent.
 */
export class MetricsRecorder implements ValidationRecorder, RequestRecorder {
  /** Live: they grow while they are held. */
  readonly durations: OutcomeDurations = perOutcome(() => DurationHistogram.empty());
  /** Routes with requirements that are only reported. */
  readonly reportedRoutes = new ReportedRoutes();
  private readonly results = new ResultCounts();
  private readonly denials = new DenialCounts();
  private batches = { batches: 0, tokens: 0, durationMs: 0, eventLoopMs: 0 };
  private readonly window = new SlidingWindow<Totals>(WINDOW_MS, SLOT_MS);
  private readonly observers = new MetricsObservers();
  private readonly startMs: number;

  constructor(
    readonly rows: IssuerRows,
    readonly registry: MetricsRegistry,
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
    if (!this.observers.isEmpty) {
      this.observers.validation({ issuer, result, verified, durationMs: nowMs - startMs });
    }
  }

  /**
   * A denial of a guard that no validation has counted.
   *
   * @param issuer - of the valid token; undefined if the request had no token.
   */
  recordDenial(issuer: string | undefined, code: ErrorCode): void {
    this.sampleIfDue(this.clock.monotonicMs());
    (issuer === undefined ? this.rows.otherDenials : this.rows.of(issuer).denials).add(code);
    this.denials.add(code);
  }

  /**
   * A call that was let in, and that a requirement would have denied if it were enforced.
   *
   * @param issuer - of the valid token; undefined if the request had no token.
   * @param client - one of the names that the rows were made for.
   */
  recordWouldDeny(issuer: string | undefined, code: DenialCode, client: string): void {
    (issuer === undefined ? this.rows.otherWouldDeny : this.rows.of(issuer).wouldDeny).add(code, client);
  }

  /**
   * A token was used by whom it may be used; only while tokens that are bound to a key are accepted.
   *
   * @param client - one of the names that the rows were made for.
   */
  recordSender(issuer: string, sender: Sender, client: string): void {
    this.rows.of(issuer).senders.add(sender, client);
  }

  recordRequest(request: RequestRecord): void {
    this.sampleIfDue(this.clock.monotonicMs());
    this.registry.endpoint(request.endpoint).record(request.outcome, request.durationMs);
    this.observers.request(request);
  }

  startBatch(): (tokens: number) => void {
    const startMs = performance.now();
    const start = performance.eventLoopUtilization();
    return (tokens) => {
      const { batches } = this;
      // Before the end of the duration is read, as its start was after: a process that is held up in between adds to the longer of the two.
      const { active } = performance.eventLoopUtilization(start);
      this.batches = {
        batches: batches.batches + 1,
        tokens: batches.tokens + tokens,
        durationMs: batches.durationMs + performance.now() - startMs,
        eventLoopMs: batches.eventLoopMs + active,
      };
    };
  }

  /** Counts the generations of key sets. */
  recordEvent(event: IdentityEvent): void {
    // The first set of an issuer is refreshed, not rotated.
    if (event.type === 'jwks.refreshed') {
      const row = this.rows.of(event.issuer);
      row.generation = Math.max(row.generation, 1);
    } else if (event.type === 'jwks.rotated') this.rows.of(event.issuer).generation++;
  }

  /** Costs one object for each validation while there is an observer. Returns the function that removes it. */
  observe(observer: MetricsObserver): () => void {
    return this.observers.add(observer);
  }

  /** Live histograms by name of the endpoint. */
  requestDurations(): ReadonlyMap<string, DurationHistogram> {
    return mapValues(this.registry.allEndpoints(), ({ durations }) => durations);
  }

  /** What grew since the start, and in the window. */
  totals(): WindowTotals {
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
      durations: perOutcome((outcome) => this.durations[outcome].copy()),
      endpoints: mapValues(this.registry.allEndpoints(), (metrics) => metrics.copy()),
      batches: this.batches,
      caches: this.registry.readCaches(),
    };
  }
}
