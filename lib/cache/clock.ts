export interface ScheduleOptions {
  /** Whether the timer keeps the process alive. @default true */
  readonly ref?: boolean;
}

/** Time, timers and chance as the cache sees them; injected, so that tests run hours in milliseconds. */
export interface Clock {
  /** Milliseconds that never step back. They may stop while the process is frozen. */
  monotonicMs(): number;
  /** Milliseconds since 1970. They may jump. */
  wallMs(): number;
  /**
   * Calls `run` after `delayMs`. Returns its cancellation.
   *
   * @param options - `ref: false` for work in the background, which must not keep the process alive. What a caller
   *   awaits must keep it: otherwise a process with nothing else to do ends in the middle, without an error.
   */
  schedule(run: () => void, delayMs: number, options?: ScheduleOptions): () => void;
  /** In [0, 1). */
  random(): number;
}

/** Injection token of the {@link Clock}. */
export const CLOCK = Symbol('nestjs-identity-model: clock');

/** Node's `setTimeout` fires at once beyond this. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  schedule: (run, delayMs, { ref = true } = {}) => {
    const timer = setTimeout(run, Math.min(Math.max(delayMs, 0), MAX_TIMER_MS));
    if (!ref) timer.unref();
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};

/** A point in time on both clocks. */
export interface Instant {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

export function instantOf(clock: Clock): Instant {
  return { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() };
}

/**
 * Milliseconds between two instants: the larger of what the two clocks say. The monotonic clock may stand
 * still while a container is frozen, the wall clock may step back; neither may make a value younger.
 */
export function elapsedMs(since: Instant, now: Instant): number {
  return Math.max(now.monotonicMs - since.monotonicMs, now.wallMs - since.wallMs, 0);
}
