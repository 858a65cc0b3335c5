import type { RequestOutcome } from '../http/request-recorder.js';
import type { DenialCount } from './denials.js';
import type { DurationStats } from './duration-histogram.js';
import type { DurationOutcome, ResultCount } from './validation-results.js';

/** Look-ups in one cache. */
export interface LookUps {
  readonly hits: number;
  readonly misses: number;
  /** From 0 to 1; 0 before the first look-up. */
  readonly hitRate: number;
}

/**
 * By name of the cache: `discovery` and `jwks` always, `tokens` (verified tokens) if `tokenCache` is on. More names may
 * come with more caches.
 */
export interface PerCache<T> {
  readonly discovery: T;
  readonly jwks: T;
  readonly [cache: string]: T | undefined;
}

/** By name of the endpoint: `discovery` and `jwks` always. More names may come with more endpoints. */
export interface PerEndpoint<T> {
  readonly discovery: T;
  readonly jwks: T;
  readonly [endpoint: string]: T | undefined;
}

/** Requests to providers that ended alike. */
export interface RequestCount {
  /** `discovery` or `jwks`; more names may come with more endpoints. */
  readonly endpoint: string;
  readonly outcome: RequestOutcome;
  readonly count: number;
}

/** What batches (`validateMany`) have taken. */
export interface BatchStats {
  readonly batches: number;
  readonly tokens: number;
  /** From start to end, added up. */
  readonly durationMs: number;
  /** How long the event loop was busy meanwhile, whatever it did. */
  readonly eventLoopMs: number;
}

/** What was measured in one stretch of time. */
export interface PeriodStats {
  readonly lengthMs: number;
  readonly validations: {
    readonly total: number;
    readonly perSecond: number;
    readonly results: readonly ResultCount[];
    readonly durations: Readonly<Record<DurationOutcome, DurationStats>>;
  };
  /** Denials of guards that no validation has counted: no token, or one that does not meet the requirements of the route. */
  readonly denials: readonly DenialCount[];
  readonly caches: PerCache<LookUps>;
  readonly requests: {
    readonly results: readonly RequestCount[];
    readonly durations: PerEndpoint<DurationStats>;
  };
  readonly batches: BatchStats;
}
