import { Inject, Injectable } from '@nestjs/common';
import type { IdentityEvent, UserEvent } from './identity-event.js';
import { IdentityEvents } from './identity-events.js';
import { OperatorLog } from './operator-log.js';
import { printableEvent } from './printable-event.js';

/** Takes the events of all parts of the module, and passes them to the stream, to listeners and to the log. */
@Injectable()
export class EventReporter {
  private readonly log = new OperatorLog();
  private readonly listeners: ((event: IdentityEvent) => void)[] = [];

  constructor(@Inject(IdentityEvents) private readonly events: IdentityEvents) {}

  /** For seldom events. */
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

  /** Calls back for seldom events. The stream stays unobserved, so that requests still make no events. */
  listen(listener: (event: IdentityEvent) => void): void {
    this.listeners.push(listener);
  }

  /** Whether the stream has a subscriber: code that runs for each token asks first, and makes no event for nobody. */
  get isObserved(): boolean {
    return this.events.observed;
  }

  /** For events of each request: made only if the stream has a subscriber. */
  reportIfObserved(make: () => IdentityEvent): void {
    if (this.events.observed) this.events.emit(make());
  }

  /** The same for events that an operator has to know: they are logged too, at most once a minute for each type. */
  reportUser(type: UserEvent['type'], make: () => UserEvent): void {
    let made: UserEvent | undefined;
    const event = (): UserEvent => (made ??= make());
    this.log.writeUser(type, event);
    if (this.events.observed) this.events.emit(event());
  }

  warn(line: string): void {
    this.log.warn(line);
  }

  /** What an operator should know once, at start. */
  info(line: string): void {
    this.log.info(line);
  }
}
