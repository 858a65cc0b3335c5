import { backoffMs } from './serving-policy.js';

/** How long a source is left alone after failures. The time is handed in. */
export class Backoff {
  /** Failed fetches in a row. */
  failures = 0;
  lastError: unknown;
  /** Monotonic time before which no look-up starts a fetch. */
  private notBeforeMs = 0;

  leftMs(nowMs: number): number {
    return Math.max(0, this.notBeforeMs - nowMs);
  }

  /**
   * @param hasValue - whether a value is there to be served meanwhile: then one can wait longer.
   * @param random - in [0, 1).
   * @returns milliseconds to the next attempt.
   */
  recordFailure(error: unknown, hasValue: boolean, nowMs: number, random: number): number {
    this.failures++;
    this.lastError = error;
    const { failures } = this;
    const retryInMs = backoffMs({ failures, retryAfterMs: readRetryAfterMs(error), hasValue, random });
    this.notBeforeMs = nowMs + retryInMs;
    return retryInMs;
  }

  /** No look-up starts a fetch before, whatever else is known. */
  extendTo(notBeforeMs: number): void {
    this.notBeforeMs = Math.max(this.notBeforeMs, notBeforeMs);
  }

  reset(): void {
    this.failures = 0;
    this.lastError = undefined;
    this.notBeforeMs = 0;
  }
}

function readRetryAfterMs(error: unknown): number | undefined {
  const value: unknown = error instanceof Error ? Reflect.get(error, 'retryAfterMs') : undefined;
  return typeof value === 'number' && value < Infinity ? value : undefined;
}
