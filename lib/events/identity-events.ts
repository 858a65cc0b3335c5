import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Subject, type Observable } from 'rxjs';
import type { IdentityEvent } from './identity-event.js';

/** What the module does, as one stream. It costs nothing while nobody listens. */
@Injectable()
export class IdentityEvents implements OnApplicationShutdown {
  private readonly subject = new Subject<IdentityEvent>();

  /** Hot and without memory; completes when the application shuts down. */
  readonly events$: Observable<IdentityEvent> = this.subject.asObservable();

  /** Whether somebody listens: events that are made for every request are made only then. */
  get observed(): boolean {
    return this.subject.observed;
  }

  /** @internal */
  emit(event: IdentityEvent): void {
    this.subject.next(event);
  }

  onApplicationShutdown(): void {
    this.subject.complete();
  }
}
