import type { Clock } from './clock.js';

/** At most one moment that is planned, of work in the background. */
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
    const fire = (): void => {
      this.cancel = undefined;
      run();
    };
    this.cancel = this.clock.schedule(fire, delayMs, { ref: false });
  }

  stop(): void {
    this.cancel?.();
    this.cancel = undefined;
  }
}
