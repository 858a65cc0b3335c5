import { hitRateOf } from '../cache/cache-stats.js';
import type { DenialCounts } from './denials.js';
import { DurationHistogram, type DurationStats } from './duration-histogram.js';
import type { EndpointMetrics } from './endpoint-metrics.js';
import { mapValues, type CacheCounts } from './metrics-registry.js';
import type {
  BatchStats,
  LookUps,
  PerCache,
  PerEndpoint,
  PeriodStats,
  RequestCount,
} from './period-stats.js';
import { DURATION_OUTCOMES, type DurationOutcome, type ResultCounts } from './validation-results.js';

export type OutcomeDurations = Readonly<Record<DurationOutcome, DurationHistogram>>;

/** All that only grows, at one moment; the difference of two is what happened in between. */
export interface Totals {
  readonly results: ResultCounts;
  readonly denials: DenialCounts;
  readonly durations: OutcomeDurations;
  readonly endpoints: ReadonlyMap<string, EndpointMetrics>;
  readonly batches: BatchStats;
  readonly caches: ReadonlyMap<string, CacheCounts>;
}

/** One histogram for each outcome of a validation. */
export function perOutcome<V>(make: (outcome: DurationOutcome) => V): Record<DurationOutcome, V> {
  return Object.fromEntries(DURATION_OUTCOMES.map((outcome) => [outcome, make(outcome)])) as Record<
    DurationOutcome,
    V
  >;
}

/** Every endpoint with every outcome. */
export function requestCounts(endpoints: ReadonlyMap<string, EndpointMetrics>): readonly RequestCount[] {
  return [...endpoints].flatMap(([endpoint, metrics]) =>
    metrics.counts().map((row) => ({ endpoint, ...row })),
  );
}

/** @param earlier - undefined for the time since the start. */
export function periodStats(now: Totals, earlier: Totals | undefined, lengthMs: number): PeriodStats {
  const results = earlier === undefined ? now.results : now.results.since(earlier.results);
  const endpoints = mapValues(now.endpoints, (metrics, name) => metrics.since(earlier?.endpoints.get(name)));
  const { total } = results;
  return {
    lengthMs,
    validations: {
      total,
      perSecond: lengthMs > 0 ? (total * 1000) / lengthMs : 0,
      results: results.rows(),
      durations: perOutcome((outcome) => durationsSince(outcome, now, earlier)),
    },
    denials: (earlier === undefined ? now.denials : now.denials.since(earlier.denials)).rows(),
    // The services whose names the types promise have registered them in their constructors.
    caches: Object.fromEntries(
      mapValues(now.caches, (counts, name) => lookUpsSince(counts, earlier?.caches.get(name))),
    ) as PerCache<LookUps> & Record<string, LookUps>,
    requests: {
      results: requestCounts(endpoints).filter(({ count }) => count > 0),
      durations: Object.fromEntries(
        mapValues(endpoints, ({ durations }) => durations.stats()),
      ) as PerEndpoint<DurationStats> & Record<string, DurationStats>,
    },
    batches: batchesSince(now.batches, earlier?.batches),
  };
}

/** Buckets of histograms only grow, so those of a period are a difference; its percentiles follow from that. */
function durationsSince(outcome: DurationOutcome, now: Totals, earlier: Totals | undefined): DurationStats {
  const durations = now.durations[outcome];
  return (earlier === undefined ? durations : durations.since(earlier.durations[outcome])).stats();
}

/** The rate of the period, not the difference of two rates. */
function lookUpsSince(now: CacheCounts, earlier: CacheCounts | undefined): LookUps {
  const hits = now.hits - (earlier?.hits ?? 0);
  const misses = now.misses - (earlier?.misses ?? 0);
  return { hits, misses, hitRate: hitRateOf(hits, misses) };
}

function batchesSince(now: BatchStats, earlier: BatchStats | undefined): BatchStats {
  return {
    batches: now.batches - (earlier?.batches ?? 0),
    tokens: now.tokens - (earlier?.tokens ?? 0),
    durationMs: now.durationMs - (earlier?.durationMs ?? 0),
    eventLoopMs: now.eventLoopMs - (earlier?.eventLoopMs ?? 0),
  };
}
