import type { EntryState } from '../cache/refreshing-cache.js';
import type { Endpoint, RequestOutcome } from '../http/request-recorder.js';
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

/** The caches there are; `tokens` is that of verified tokens, where it is on. */
export interface PerCache<T> {
  readonly discovery: T;
  readonly jwks: T;
  readonly tokens?: T;
}

/** Requests to providers that ended alike. */
export interface RequestCount {
  readonly endpoint: Endpoint;
  readonly outcome: RequestOutcome;
  readonly count: number;
}

/** What batches (`validateMany`) have taken. */
export interface BatchStats {
  readonly batches: number;
  readonly tokens: number;
  /** From start to end, added up. */
  readonly durationMs: number;
  /** How long the event loop was busy meanwhile, with whatever. */
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
  /** Refusals of guards that no validation has counted: no token, or one that the route demanded more of. */
  readonly denials: readonly DenialCount[];
  readonly caches: PerCache<LookUps>;
  readonly requests: {
    readonly results: readonly RequestCount[];
    readonly durations: Readonly<Record<Endpoint, DurationStats>>;
  };
  readonly batches: BatchStats;
}

/** The keys of an issuer. */
export interface KeySetSnapshot extends EntryState {
  /** Keys that can verify signatures. */
  readonly keys: number;
  /** How many different sets there have been; 0 before the first. */
  readonly generation: number;
}

/** One issuer, since the start. */
export interface IssuerSnapshot {
  readonly issuer: string;
  /** Whether the configuration names it: if not, it is a tenant. */
  readonly configured: boolean;
  readonly results: readonly ResultCount[];
  /** Refusals of its good tokens by guards. */
  readonly denials: readonly DenialCount[];
  readonly keySet: KeySetSnapshot;
  /** Absent where the configuration names the keys or their URL. */
  readonly metadata?: EntryState;
}

/** Everything that is measured, at one moment. */
export interface IdentitySnapshot {
  readonly sinceStart: PeriodStats;
  /** The last five minutes, to ten seconds. */
  readonly window: PeriodStats;
  /** Configured issuers, and tenants that are known now. */
  readonly issuers: readonly IssuerSnapshot[];
  /** Tokens that named no issuer of ours. */
  readonly other: readonly ResultCount[];
  /** Refusals of requests that brought no token. */
  readonly otherDenials: readonly DenialCount[];
  readonly entries: PerCache<{ readonly size: number; readonly maxSize: number }>;
}
