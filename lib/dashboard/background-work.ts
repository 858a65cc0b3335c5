import { Inject, Injectable, Logger } from '@nestjs/common';
import { CLOCK, type Clock } from '../cache/clock.js';
import { describeError } from '../errors/identity-error.js';

/**
 * Runs the dashboard's work beside the module that it watches: a failure is logged, and breaks neither the fetch whose
 * event started the work nor, in a timer, the process.
 */
@Injectable()
export class BackgroundWork {
  private readonly logger = new Logger('IdentityDashboard');
  private readonly timers = new Map<string, () => void>();
  private lastError = '';

  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  /** A failure that repeats is logged once. */
  run(work: () => void): void {
    try {
      work();
    } catch (error) {
      const message = describeError(error);
      if (message !== this.lastError) {
        this.logger.warn(`the dashboard could not be kept up to date: ${message}`);
      }
      this.lastError = message;
    }
  }

  /** Runs work later; calls under a name whose work still waits are ignored. */
  schedule(name: string, delayMs: number, work: () => void): void {
    if (this.timers.has(name)) return;
    const fire = (): void => {
      this.timers.delete(name);
      this.run(work);
    };
    const cancel = this.clock.schedule(fire, delayMs, { ref: false });
    this.timers.set(name, cancel);
  }

  cancelAll(): void {
    for (const cancel of this.timers.values()) cancel();
  }
}
