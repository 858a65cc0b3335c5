import { Inject, Injectable } from '@nestjs/common';
import type { IdentityEvent, UserEvent } from './identity-event.js';
import { IdentityEvents } from './identity-events.js';
import { OperatorLog } from './operator-log.js';
import { printableEvent } from './printable-event.js';

/** Where the parts of the module tell what happened: to the stream, and to the log what belongs there. */
@Injectable()
export class EventReporter {
  private readonly log = new OperatorLog();
  private readonly listeners: ((event: IdentityEvent) => void)[] = [];

  constructor(@Inject(IdentityEvents) private readonly events: IdentityEvents) {}

  /** Something that happens seldom. */
  report(reported: IdentityEvent): void {
    const event = printableEvent(reported);
    this.log.write(event);
    for (const listener of this.listeners) {
      try {
        listener(event);
      } catch (error) {
        this.events.reportFailed('a listener to events', error);
      }
    }
    if (this.events.observed) this.events.emit(event);
  }

  /** Calls back for what happens seldom; the stream stays unobserved, so that requests go on making no events. */
  listen(listener: (event: IdentityEvent) => void): void {
    this.listeners.push(listener);
  }

  /** Something that happens at each request: made only where somebody listens. */
  reportIfObserved(make: () => IdentityEvent): void {
    if (this.events.observed) this.events.emit(make());
  }

  /** The same for what an operator has to know about: it is logged too, at most once a minute for each type. */
  reportUser(type: UserEvent['type'], make: () => UserEvent): void {
    let made: UserEvent | undefined;
    const event = (): UserEvent => (made ??= make());
    this.log.writeUser(type, event);
    if (this.events.observed) this.events.emit(event());
  }

  warn(line: string): void {
    this.log.warn(line);
  }
}
