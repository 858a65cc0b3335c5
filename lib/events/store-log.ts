import type { Logger } from '@nestjs/common';
import type { ReplaysFullEvent, StoreFailedEvent, StoreRecoveredEvent } from './identity-event.js';
import { SeldomLog } from './seldom-log.js';

/** The lines about what replicas share: how often it fails and comes back depends on a network. */
export class StoreLog {
  private readonly failed: SeldomLog;
  private readonly recovered: SeldomLog;
  /** Whether a line has said that it fails; only then one says that it answers again. */
  private toldFailure = false;

  constructor(private readonly logger: Pick<Logger, 'log' | 'warn' | 'error'>) {
    this.failed = new SeldomLog((line) => {
      this.toldFailure = true;
      logger.warn(line);
    });
    this.recovered = new SeldomLog((line) => {
      this.toldFailure = false;
      logger.log(line);
    });
  }

  write(event: StoreFailedEvent | StoreRecoveredEvent | ReplaysFullEvent): void {
    switch (event.type) {
      case 'store.failed':
        this.failed.add(() => `the store does not answer, and is left alone for a moment: ${event.reason}`);
        return;
      case 'store.recovered':
        if (!this.toldFailure) return;
        this.recovered.add(() => `the store answers again after ${String(Math.ceil(event.downMs / 1000))} s`);
        return;
      case 'replays.full':
        this.logger.error(
          event.ofOneKey
            ? `one client has used as many proofs as fit of one key (maxProofsPerKey, ${String(event.maxEntries)}); more of them get a 503 until some have ended`
            : `the memory of used proofs is full (${String(event.maxEntries)}); more of them get a 503 until some have ended`,
        );
        return;
    }
  }
}
