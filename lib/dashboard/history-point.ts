import { ERROR_CODES } from '../errors/error-codes.js';
import { deniedByRoutes } from '../metrics/denials.js';
import type { LookUps, PeriodStats } from '../metrics/period-stats.js';

/** What happened in one interval. Rates are by the second, and null where nothing was measured. */
export interface HistoryPoint {
  /** Milliseconds since 1970, at the end of the interval. */
  readonly atMs: number;
  readonly accepted: number;
  readonly rejectedVerified: number;
  readonly rejectedUnverified: number;
  /** Could not be decided: no keys, or a check of the application failed. */
  readonly undecided: number;
  /** Of validations that accepted. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  /** By cache, from 0 to 1. */
  readonly hitRates: Readonly<Record<string, number | null>>;
  /** Requests to providers, and how many of them failed; counted, not by the second. */
  readonly requests: number;
  readonly faults: number;
  /** Of the slowest endpoint. */
  readonly upstreamP95Ms: number | null;
}

/** Outcomes of requests that brought what was asked for, or that nobody waited for any more. */
const FAULTLESS: ReadonlySet<string> = new Set(['ok', 'not_modified', 'aborted']);

/** Rates are by the second, so that points of intervals of different length can be compared. null: nothing happened. */
export function historyPoint(period: PeriodStats, atMs: number): HistoryPoint {
  const { validations, caches, requests, lengthMs } = period;
  const counts = { accepted: 0, rejectedVerified: 0, rejectedUnverified: 0, undecided: 0 };
  for (const { result, verified, count } of validations.results) {
    if (result === 'ok') counts.accepted += count;
    else if (ERROR_CODES[result].kind !== 'rejected') counts.undecided += count;
    else if (verified) counts.rejectedVerified += count;
    else counts.rejectedUnverified += count;
  }
  // Good tokens that a route demanded more of: a validation has counted them as accepted.
  const denied = Math.min(deniedByRoutes(period.denials), counts.accepted);
  counts.accepted -= denied;
  counts.rejectedVerified += denied;
  const perSecond = (count: number): number => (lengthMs > 0 ? (count * 1_000) / lengthMs : 0);
  const { ok } = validations.durations;
  const upstream = Object.values(requests.durations).filter((each) => each !== undefined && each.count > 0);
  return {
    atMs,
    accepted: perSecond(counts.accepted),
    rejectedVerified: perSecond(counts.rejectedVerified),
    rejectedUnverified: perSecond(counts.rejectedUnverified),
    undecided: perSecond(counts.undecided),
    p50Ms: ok.count > 0 ? ok.p50Ms : null,
    p95Ms: ok.count > 0 ? ok.p95Ms : null,
    p99Ms: ok.count > 0 ? ok.p99Ms : null,
    hitRates: Object.fromEntries(Object.entries(caches).map(([cache, lookUps]) => [cache, rateOf(lookUps)])),
    requests: requests.results.reduce((all, { count }) => all + count, 0),
    faults: faultsIn(period),
    upstreamP95Ms: upstream.length > 0 ? Math.max(...upstream.map((each) => each?.p95Ms ?? 0)) : null,
  };
}

/** Requests to providers that failed. */
export function faultsIn({ requests }: PeriodStats): number {
  return requests.results.reduce((all, { outcome, count }) => all + (FAULTLESS.has(outcome) ? 0 : count), 0);
}

function rateOf(lookUps: LookUps | undefined): number | null {
  return lookUps !== undefined && lookUps.hits + lookUps.misses > 0 ? lookUps.hitRate : null;
}
