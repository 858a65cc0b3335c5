import { hitRateOf } from '../cache/cache-stats.js';
import { ENDPOINTS, REQUEST_OUTCOMES, type Endpoint } from '../http/request-recorder.js';
import type { DenialCounts } from './denials.js';
import { DurationHistogram } from './duration-histogram.js';
import type { BatchStats, LookUps, PerCache, PeriodStats, RequestCount } from './snapshot.types.js';
import { DURATION_OUTCOMES, type DurationOutcome, type ResultCounts } from './validation-results.js';

export type Histograms<K extends string> = Readonly<Record<K, DurationHistogram>>;
export type CacheCounts = PerCache<{ readonly hits: number; readonly misses: number }>;

/** All that only grows, at one moment; the difference of two is what happened in between. */
export interface Totals {
  readonly results: ResultCounts;
  readonly denials: DenialCounts;
  readonly durations: Histograms<DurationOutcome>;
  /** One cell for each endpoint and outcome, in the order of both lists. */
  readonly requests: readonly number[];
  readonly requestDurations: Histograms<Endpoint>;
  readonly batches: BatchStats;
  readonly caches: CacheCounts;
}

export function emptyHistograms<K extends string>(names: readonly K[]): Histograms<K> {
  return mapNames(names, () => DurationHistogram.empty());
}

export function copyHistograms<K extends string>(names: readonly K[], from: Histograms<K>): Histograms<K> {
  return mapNames(names, (name) => from[name].copy());
}

export function requestRows(cells: readonly number[]): readonly RequestCount[] {
  return ENDPOINTS.flatMap((endpoint, row) =>
    REQUEST_OUTCOMES.map((outcome, column) => ({
      endpoint,
      outcome,
      count: cells[row * REQUEST_OUTCOMES.length + column] ?? 0,
    })),
  );
}

/** @param earlier - undefined for the time since the start. */
export function periodStats(now: Totals, earlier: Totals | undefined, lengthMs: number): PeriodStats {
  const results = earlier === undefined ? now.results : now.results.since(earlier.results);
  const { total } = results;
  return {
    lengthMs,
    validations: {
      total,
      perSecond: lengthMs > 0 ? (total * 1000) / lengthMs : 0,
      results: results.rows(),
      durations: statsOf(DURATION_OUTCOMES, now.durations, earlier?.durations),
    },
    denials: (earlier === undefined ? now.denials : now.denials.since(earlier.denials)).rows(),
    caches: lookUpsSince(now.caches, earlier?.caches),
    requests: {
      results: requestRows(now.requests.map((count, cell) => count - (earlier?.requests[cell] ?? 0))).filter(
        ({ count }) => count > 0,
      ),
      durations: statsOf(ENDPOINTS, now.requestDurations, earlier?.requestDurations),
    },
    batches: batchesSince(now.batches, earlier?.batches),
  };
}

function statsOf<K extends string>(
  names: readonly K[],
  now: Histograms<K>,
  earlier: Histograms<K> | undefined,
): Record<K, ReturnType<DurationHistogram['stats']>> {
  return mapNames(names, (name) =>
    (earlier === undefined ? now[name] : now[name].since(earlier[name])).stats(),
  );
}

function lookUpsSince(now: CacheCounts, earlier: CacheCounts | undefined): PerCache<LookUps> {
  const of = (name: keyof CacheCounts): LookUps => {
    const hits = (now[name]?.hits ?? 0) - (earlier?.[name]?.hits ?? 0);
    const misses = (now[name]?.misses ?? 0) - (earlier?.[name]?.misses ?? 0);
    return { hits, misses, hitRate: hitRateOf(hits, misses) };
  };
  return {
    discovery: of('discovery'),
    jwks: of('jwks'),
    ...(now.tokens === undefined ? {} : { tokens: of('tokens') }),
  };
}

function batchesSince(now: BatchStats, earlier: BatchStats | undefined): BatchStats {
  return {
    batches: now.batches - (earlier?.batches ?? 0),
    tokens: now.tokens - (earlier?.tokens ?? 0),
    durationMs: now.durationMs - (earlier?.durationMs ?? 0),
    eventLoopMs: now.eventLoopMs - (earlier?.eventLoopMs ?? 0),
  };
}

function mapNames<K extends string, V>(names: readonly K[], make: (name: K) => V): Record<K, V> {
  return Object.fromEntries(names.map((name) => [name, make(name)])) as Record<K, V>;
}
