import { elapsedMs, instantOf, type Clock, type Instant } from './clock.js';
import { decideServing, stateOf, type Serving } from './serving-policy.js';
import type { EntryState } from './value-source.js';

/** A value, and how old it is. */
export interface HeldValue<V> {
  readonly value: V;
  readonly since: Instant;
  readonly ttlMs: number;
}

/** What a look-up does with it at one moment. @param sourceDown - the last fetch failed. */
export function servingOf(
  held: HeldValue<unknown>,
  now: Instant,
  staleIfErrorMs: number,
  sourceDown: boolean,
): Serving {
  const ageMs = elapsedMs(held.since, now);
  // What is asked for nearly always, before anything is made ready for the other cases.
  if (ageMs < held.ttlMs) return 'serve';
  return decideServing(ageMs, { ttlMs: held.ttlMs, staleIfErrorMs }, sourceDown);
}

/** @param nextAtMs - the planned fetch, on the monotonic clock. */
export function describeValue(
  held: HeldValue<unknown> | undefined,
  nextAtMs: number | undefined,
  failures: number,
  { clock, staleIfErrorMs }: { readonly clock: Clock; readonly staleIfErrorMs: number },
): EntryState {
  const ageMs = held && elapsedMs(held.since, instantOf(clock));
  const ttlMs = held?.ttlMs ?? 0;
  return {
    state: stateOf(ageMs, { ttlMs, staleIfErrorMs }),
    ageMs,
    staleMs: Math.max(0, (ageMs ?? 0) - ttlMs),
    nextRefreshAt:
      nextAtMs === undefined
        ? undefined
        : new Date(clock.wallMs() + Math.max(0, nextAtMs - clock.monotonicMs())),
    failures,
  };
}
