/** After the first failure, in milliseconds; doubles with each probe that fails. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

/** A failure that ended the answers, or a probe that failed. */
export interface Pause {
  /** Failures in a row. */
  readonly failures: number;
  /** Milliseconds to the next probe. */
  readonly retryInMs: number;
}

/** What a question was allowed as. It is handed back with the outcome. */
export type Permit = number;

/**
 * Whether to ask a store. After one failure nobody asks for a pause (250 ms, doubling to 5 s, the upper half of it by chance);
 * then one question is the probe, while all others are still spared. So a store that is down costs one wait in a pause.
 * Pure: the time is handed in.
 */
export class CircuitBreaker {
  private failures = 0;
  /** Questions of before a failure are of an earlier generation: what becomes of them says nothing new. */
  private generation: Permit = 0;
  private pauseEndsMs = 0;
  private isProbing = false;
  private failedSinceMs = 0;

  get isOpen(): boolean {
    return this.failures > 0;
  }

  /** Failures in a row. */
  get failuresInRow(): number {
    return this.failures;
  }

  /** Milliseconds to the next probe; 0 if there is no pause. */
  leftMs(nowMs: number): number {
    return this.isOpen ? Math.max(0, this.pauseEndsMs - nowMs) : 0;
  }

  /** @returns undefined if the store is to be left alone. A permit must come back by one of the methods below. */
  ask(nowMs: number): Permit | undefined {
    if (!this.isOpen) return this.generation;
    if (this.isProbing || nowMs < this.pauseEndsMs) return undefined;
    this.isProbing = true;
    return this.generation;
  }

  /**
   * @param random - in [0, 1).
   * @returns undefined if the failure is of a question from before the last one: it began the same pause.
   */
  recordFailure(permit: Permit, nowMs: number, random: number): Pause | undefined {
    if (permit !== this.generation) return undefined;
    if (!this.isOpen) this.failedSinceMs = nowMs;
    this.generation++;
    this.failures++;
    this.isProbing = false;
    const full = Math.min(FIRST_PAUSE_MS * 2 ** (this.failures - 1), LONGEST_PAUSE_MS);
    const retryInMs = full * (0.5 + random / 2);
    this.pauseEndsMs = nowMs + retryInMs;
    return { failures: this.failures, retryInMs };
  }

  /** @returns for how long there was no answer, in milliseconds; undefined if nothing had failed. */
  recordSuccess(permit: Permit, nowMs: number): number | undefined {
    if (permit !== this.generation || !this.isOpen) return undefined;
    this.generation++;
    this.failures = 0;
    this.isProbing = false;
    return nowMs - this.failedSinceMs;
  }
}
