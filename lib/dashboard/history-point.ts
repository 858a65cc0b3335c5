import { ERROR_CODES } from '../errors/error-codes.js';
import { deniedByRoutes } from '../metrics/denials.js';
import type { LookUps, PeriodStats } from '../metrics/period-stats.js';

/** What happened in one interval. Rates are by the second, and null where nothing was measured. */
export interface HistoryPoint {
  /** Milliseconds since 1970, at the end of the interval. */
  readonly atMs: number;
  readonly accepted: number;
  readonly refusedVerified: number;
  readonly refusedUnverified: number;
  /** Could not be judged: no keys, an own check that broke. */
  readonly undecided: number;
  /** Of validations that accepted. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  /** From 0 to 1. */
  readonly discoveryHitRate: number | null;
  readonly jwksHitRate: number | null;
  readonly tokensHitRate: number | null;
  /** Requests to providers, and how many of them failed; counted, not by the second. */
  readonly requests: number;
  readonly faults: number;
  /** The slower of both documents. */
  readonly upstreamP95Ms: number | null;
}

/** Outcomes of requests that brought what was asked for, or that nobody waited for any more. */
const FAULTLESS: ReadonlySet<string> = new Set(['ok', 'not_modified', 'aborted']);

export function historyPoint(period: PeriodStats, atMs: number): HistoryPoint {
  const { validations, caches, requests, lengthMs } = period;
  const counts = { accepted: 0, refusedVerified: 0, refusedUnverified: 0, undecided: 0 };
  for (const { result, verified, count } of validations.results) {
    if (result === 'ok') counts.accepted += count;
    else if (ERROR_CODES[result].kind !== 'rejected') counts.undecided += count;
    else if (verified) counts.refusedVerified += count;
    else counts.refusedUnverified += count;
  }
  // Good tokens that a route demanded more of: a validation has counted them as accepted.
  const refused = Math.min(deniedByRoutes(period.denials), counts.accepted);
  counts.accepted -= refused;
  counts.refusedVerified += refused;
  const perSecond = (count: number): number => (lengthMs > 0 ? (count * 1_000) / lengthMs : 0);
  const { ok } = validations.durations;
  const { discovery, jwks } = requests.durations;
  const asked = discovery.count + jwks.count > 0;
  return {
    atMs,
    accepted: perSecond(counts.accepted),
    refusedVerified: perSecond(counts.refusedVerified),
    refusedUnverified: perSecond(counts.refusedUnverified),
    undecided: perSecond(counts.undecided),
    p50Ms: ok.count > 0 ? ok.p50Ms : null,
    p95Ms: ok.count > 0 ? ok.p95Ms : null,
    p99Ms: ok.count > 0 ? ok.p99Ms : null,
    discoveryHitRate: rateOf(caches.discovery),
    jwksHitRate: rateOf(caches.jwks),
    tokensHitRate: caches.tokens === undefined ? null : rateOf(caches.tokens),
    requests: requests.results.reduce((all, { count }) => all + count, 0),
    faults: faultsIn(period),
    upstreamP95Ms: asked ? Math.max(discovery.p95Ms, jwks.p95Ms) : null,
  };
}

/** Requests to providers that failed. */
export function faultsIn({ requests }: PeriodStats): number {
  return requests.results.reduce((all, { outcome, count }) => all + (FAULTLESS.has(outcome) ? 0 : count), 0);
}

function rateOf({ hits, misses, hitRate }: LookUps): number | null {
  return hits + misses > 0 ? hitRate : null;
}
