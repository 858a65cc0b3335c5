import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { EventReporter } from '../events/event-reporter.js';
import { BackgroundWork } from './background-work.js';
import { DashboardMemory } from './dashboard-memory.js';
import { LiveUpdates } from './live-updates.js';

/**
 * Watches the module from its start to its end. It listens to seldom events only: a validation does not know that it is
 * there.
 */
@Injectable()
export class DashboardRecorder implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(
    @Inject(EventReporter) reporter: EventReporter,
    @Inject(DashboardMemory) private readonly memory: DashboardMemory,
    @Inject(LiveUpdates) private readonly live: LiveUpdates,
    @Inject(BackgroundWork) private readonly background: BackgroundWork,
  ) {
    reporter.listen((event) =>
      background.run(() => {
        memory.record(event);
        live.stateChanged();
      }),
    );
  }

  onApplicationBootstrap(): void {
    this.background.run(() => this.memory.readConfigured());
    this.live.start();
  }

  /** Before the server closes, which waits for open streams. */
  onModuleDestroy(): void {
    this.live.stop();
  }
}
