/**
 * - `cold`: no value yet.
 * - `fresh`: younger than its TTL.
 * - `stale`: past its TTL, but may still be served while it is renewed or the source is down.
 * - `expired`: past that bound too; never served.
 */
export type CacheState = 'cold' | 'fresh' | 'stale' | 'expired';

export interface Lifetime {
  /** How long a value is fresh. */
  readonly ttlMs: number;
  /** How long after that it may be served at the most. */
  readonly staleIfErrorMs: number;
}

export function stateOf(ageMs: number | undefined, lifetime: Lifetime): CacheState {
  if (ageMs === undefined) return 'cold';
  if (ageMs < lifetime.ttlMs) return 'fresh';
  return ageMs < lifetime.ttlMs + lifetime.staleIfErrorMs ? 'stale' : 'expired';
}

/**
 * What a look-up does:
 *
 * - `serve`: the value, at once.
 * - `serve-and-renew`: the value, at once, and a fetch in the background.
 * - `renew-first`: wait for a fetch; the value only if that fails.
 * - `fetch`: wait for a fetch; there is nothing else that may be served.
 */
export type Serving = 'serve' | 'serve-and-renew' | 'renew-first' | 'fetch';

/**
 * A stale value is served at once for one more TTL, because a renewal is on its way. Later than that
 * that was not asked for a long time (the process was frozen, the tenant idle), so the answer may have changed:
 * the look-up waits, unless the source is known to be down. Nothing is served past `staleIfErrorMs`.
 */
export function decideServing(ageMs: number | undefined, lifetime: Lifetime, sourceDown: boolean): Serving {
  switch (stateOf(ageMs, lifetime)) {
    case 'fresh':
      return 'serve';
    case 'stale':
      return sourceDown || (ageMs ?? Infinity) < 2 * lifetime.ttlMs ? 'serve-and-renew' : 'renew-first';
    case 'cold':
    case 'expired':
      return 'fetch';
  }
}

/** When to renew ahead: from `ratio` of the TTL on, spread over half of what is left of it. */
export function refreshAheadMs(ttlMs: number, ratio: number, random: number): number {
  return ttlMs * (ratio + ((1 - ratio) / 2) * random);
}

const BACKOFF_BASE_MS = 1_000;
const BACKOFF_MAX_MS = 60_000;
const RETRY_AFTER_MAX_WARM_MS = 600_000;

export interface BackoffInput {
  /** Failed fetches in a row, at least 1. */
  readonly failures: number;
  /** What the source asked for, if it did. */
  readonly retryAfterMs?: number | undefined;
  /** Whether a value is there to be served meanwhile: then one can wait longer. */
  readonly hasValue: boolean;
  /** In [0, 1). */
  readonly random: number;
}

/** Time to the next attempt: 1 s doubling to 60 s, the upper half of it by chance; or what the source asked for. */
export function backoffMs(input: BackoffInput): number {
  if (input.retryAfterMs !== undefined) {
    const most = input.hasValue ? RETRY_AFTER_MAX_WARM_MS : BACKOFF_MAX_MS;
    return Math.min(Math.max(input.retryAfterMs, BACKOFF_BASE_MS), most);
  }
  const full = Math.min(BACKOFF_BASE_MS * 2 ** (input.failures - 1), BACKOFF_MAX_MS);
  return full * (0.5 + input.random / 2);
}
