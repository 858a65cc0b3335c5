import { Observable, type Observer, type Operator, type Subscriber, type Subscription } from 'rxjs';
import { isThenable } from '../model/thenable.js';

type NextOrObserver<T> = Partial<Observer<T>> | ((value: T) => void) | null | undefined;

interface Subscribed<T> {
  readonly next?: ((value: T) => unknown) | null | undefined;
  readonly error?: ((error: unknown) => unknown) | null | undefined;
  readonly complete?: (() => unknown) | null | undefined;
}

/**
 * A stream whose subscribers cannot end the process. rxjs throws what a subscriber throws, or an error that
 * nobody handles, outside of every call stack (`reportUnhandledError`): in Node.js that is the end, and here
 * anybody could bring it about with a token. What breaks is handed to `onBroken`; the subscription stays.
 *
 * Operators in `pipe` stay contained. A stream that is made of this one by a creation operator of rxjs
 * (`merge`, `combineLatest`) is rxjs's own, with its rules.
 */
export class ContainedObservable<T> extends Observable<T> {
  constructor(
    source: Observable<T>,
    private readonly onBroken: (error: unknown) => void,
  ) {
    super((subscriber) => source.subscribe(subscriber));
  }

  /** What `pipe` makes of this stream is one of the same kind. */
  override lift<R>(operator?: Operator<T, R>): Observable<R> {
    const lifted = new ContainedObservable<R>(this as unknown as Observable<R>, this.onBroken);
    if (operator !== undefined) lifted.operator = operator as Operator<unknown, R>;
    lifted.source = this as unknown as Observable<R>;
    return lifted;
  }

  override subscribe(
    observerOrNext?: NextOrObserver<T>,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    // The inside of an operator, or of firstValueFrom: rxjs hands its errors on to the end of the chain.
    if (isSubscriber(observerOrNext)) return super.subscribe(observerOrNext);
    const observer: Subscribed<T> =
      typeof observerOrNext === 'function' || observerOrNext === null || observerOrNext === undefined
        ? { next: observerOrNext, error, complete }
        : observerOrNext;
    return super.subscribe({
      next: (value) => this.contain(() => observer.next?.(value)),
      error: (cause: unknown) => {
        if (typeof observer.error === 'function') this.contain(() => observer.error?.(cause));
        else this.onBroken(cause);
      },
      complete: () => this.contain(() => observer.complete?.()),
    });
  }

  /** An asynchronous subscriber answers with a promise: its rejection would end the process as well. */
  private contain(run: () => unknown): void {
    try {
      const later = run();
      if (isThenable(later)) later.then(undefined, (error: unknown) => this.onBroken(error));
    } catch (error) {
      this.onBroken(error);
    }
  }
}

/** By its shape: an application may have an rxjs of its own. */
function isSubscriber<T>(value: NextOrObserver<T> | Subscriber<T>): value is Subscriber<T> {
  return typeof value === 'object' && value !== null && 'add' in value && 'unsubscribe' in value;
}
