import type { CacheCounters } from './cache-stats.js';
import type { Clock } from './clock.js';
import type { CacheState } from './serving-policy.js';

/** What a fetch brought. */
export interface Loaded<V> {
  readonly value: V;
  /** How long it is fresh from now on; Infinity for what never changes. */
  readonly ttlMs: number;
}

export interface LoadContext<V> {
  /** Ends the fetch: the value was cleared, or closed. */
  readonly signal: AbortSignal;
  /** The value so far; undefined if there is none, or if the fetch must not build on it. */
  readonly previous: V | undefined;
  /** The answer must be one that was asked for from now on: a refresh was requested, or the value cleared. */
  readonly noSharing: boolean;
}

/** A failed fetch. */
export interface LoadFailure {
  readonly error: unknown;
  /** Failed fetches in a row, this one included. */
  readonly failures: number;
  /** Another fetch will not start before. */
  readonly retryInMs: number;
}

/** Where a value comes from, and who hears of each fetch. */
export interface ValueSource<V> {
  /** Fetches the value. It must settle by itself in bounded time, and end early when its signal aborts. */
  load(context: LoadContext<V>): Promise<Loaded<V>>;
  /** Asked before each fetch. With an error the fetch does not begin, which is no failed one; those who need it get the error. */
  admit?(): Error | undefined;
  onRefreshed?(value: V, previous: V | undefined): void;
  onFailed?(failure: LoadFailure): void;
}

/** What many values of one kind have in common. */
export interface RefreshRules {
  /** How long after its TTL a value may be served at the most. */
  readonly staleIfErrorMs: number;
  /** Part of the TTL after which a value is renewed in the background. */
  readonly refreshAheadRatio: number;
  readonly clock: Clock;
  readonly counters: CacheCounters;
}

/** Thrown by a look-up that has nothing to serve. */
export class CacheMissError extends Error {
  override readonly name = 'CacheMissError';
  /** Milliseconds to the next attempt. */
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.retryAfterMs = retryAfterMs;
  }
}

/** The state of one cached value at one moment. */
export interface EntryState {
  readonly state: CacheState;
  /** Milliseconds since the value was fetched; undefined while cold. */
  readonly ageMs: number | undefined;
  /** Milliseconds since its TTL ended; 0 before, and while cold. */
  readonly staleMs: number;
  /** When the next fetch is planned; undefined if none is. */
  readonly nextRefreshAt: Date | undefined;
  /** Failed fetches since the last good one. */
  readonly failures: number;
}

/** The state of a value that was not fetched yet. */
export const COLD: EntryState = Object.freeze({
  state: 'cold',
  ageMs: undefined,
  staleMs: 0,
  nextRefreshAt: undefined,
  failures: 0,
});
