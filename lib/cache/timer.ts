import type { Clock } from './clock.js';

/** At most one moment that is planned. */
export class Timer {
  private cancel: (() => void) | undefined;
  private planned: number | undefined;

  constructor(private readonly clock: Clock) {}

  /** When it runs, on the monotonic clock; undefined if nothing is planned. */
  get atMs(): number | undefined {
    return this.cancel && this.planned;
  }

  /** Takes the place of what was planned before. */
  start(run: () => void, delayMs: number): void {
    this.stop();
    this.planned = this.clock.monotonicMs() + delayMs;
    this.cancel = this.clock.schedule(() => {
      this.cancel = undefined;
      run();
    }, delayMs);
  }

  stop(): void {
    this.cancel?.();
    this.cancel = undefined;
  }
}
