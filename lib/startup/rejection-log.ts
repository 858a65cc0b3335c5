import { Inject, Injectable, Logger } from '@nestjs/common';
import { BudgetedLog } from '../events/budgeted-log.js';
import { IdentityEvents } from '../events/identity-events.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/resolved-options.js';

/** Anybody can send bad tokens. */
const LINES_IN_A_MINUTE = 60;

/** Logs each rejected request and denied access with its code and reason, if the option `logRejections` asks for it. */
@Injectable()
export class RejectionLog {
  constructor(
    @Inject(RESOLVED_OPTIONS) { logRejections }: ResolvedOptions,
    @Inject(IdentityEvents) events: IdentityEvents,
  ) {
    if (!logRejections) return;
    const logger = new Logger('IdentityModule');
    const log = new BudgetedLog((line) => logger.warn(line), LINES_IN_A_MINUTE);
    events.events$.subscribe((event) => {
      const { type } = event;
      if (type !== 'token.rejected' && type !== 'request.rejected' && type !== 'access.denied') return;
      log.add(() => `${type}: ${event.code}: ${event.reason}`);
    });
  }
}
