import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Subject, type Observable } from 'rxjs';
import { describeError } from '../errors/identity-error.js';
import { clipped } from '../model/printable.js';
import { ContainedObservable } from './contained-observable.js';
import type { IdentityEvent } from './identity-event.js';
import { SeldomLog } from './seldom-log.js';

/**
 * What the module does, as one stream of rxjs. It costs nothing without subscribers.
 *
 * @example
 * @Injectable()
 * export class Audit {
 *   constructor(events: IdentityEvents) {
 *     events.events$
 *       .pipe(filter((event) => event.type === 'access.denied'))
 *       .subscribe(({ code, issuer, reason }) => this.write({ code, issuer, reason }));
 *   }
 * }
 */
@Injectable()
export class IdentityEvents implements OnApplicationShutdown {
  private readonly subject = new Subject<IdentityEvent>();
  private readonly logger = new Logger('IdentityModule');
  private readonly failed = new SeldomLog((line) => this.logger.error(line));

  /**
   * Hot and without memory; completes when the application shuts down. A subscriber that throws, or whose
   * promise rejects, is logged, at most once a minute; it disturbs neither validation nor other subscribers.
   *
   * Your own `Subject` that is subscribed here is one subscriber. Its own subscribers are not contained: rxjs throws what they
   * throw outside of every call, which ends the process. Subscribe to `events$` itself, or to what `pipe` makes of it.
   *
   * @example
   * events.events$.subscribe((event) => {
   *   if (event.type === 'token.rejected') logger.warn(`${event.code}: ${event.reason}`);
   * });
   */
  readonly events$: Observable<IdentityEvent> = new ContainedObservable(this.subject, (error) =>
    this.reportFailed('a subscriber of IdentityEvents.events$', error),
  );

  /** Whether the stream has a subscriber: events of each request are made only then. */
  get observed(): boolean {
    return this.subject.observed;
  }

  /** @internal */
  emit(event: IdentityEvent): void {
    this.subject.next(event);
  }

  /**
   * Logs that a subscriber or a listener has thrown.
   *
   * @param what - names it.
   * @internal
   */
  reportFailed(what: string, error: unknown): void {
    this.failed.add(() => `${what} failed: ${clipped(describeError(error), 500)}`);
  }

  onApplicationShutdown(): void {
    this.subject.complete();
  }
}
