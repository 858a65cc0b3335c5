import { CacheMissError, type Loaded, type RefreshRules } from './value-source.js';

/** A fetch under way. */
export interface Flight<V> {
  readonly promise: Promise<V>;
  readonly begunAtMs: number;
  readonly controller: AbortController;
  /** Nobody wants the outcome any more. */
  detached: boolean;
}

/** What becomes of a fetch that was not detached meanwhile. */
export interface FetchOutcome<V> {
  succeed(loaded: Loaded<V>): V;
  fail(error: unknown): never;
}

/** The fetches of one value: one at a time, shared by everybody, and at most one that is to follow it. */
export class FetchSlot<V> {
  private flight: Flight<V> | undefined;
  private next: Promise<V> | undefined;

  constructor(private readonly rules: Pick<RefreshRules, 'clock' | 'counters'>) {}

  get current(): Flight<V> | undefined {
    return this.flight;
  }

  /** Milliseconds since the fetch under way began; 0 if none is. */
  get busyForMs(): number {
    return this.flight === undefined ? 0 : this.rules.clock.monotonicMs() - this.flight.begunAtMs;
  }

  begin(load: (signal: AbortSignal) => Promise<Loaded<V>>, outcome: FetchOutcome<V>): Flight<V> {
    const { clock, counters } = this.rules;
    const controller = new AbortController();
    const end = (error?: unknown): void => {
      if (flight.detached) throw new CacheMissError('cleared during the fetch', 0, error);
      this.flight = undefined;
    };
    const flight: Flight<V> = {
      controller,
      begunAtMs: clock.monotonicMs(),
      detached: false,
      promise: load(controller.signal).then(
        (loaded) => {
          counters.refreshes++;
          end();
          return outcome.succeed(loaded);
        },
        (error: unknown) => {
          counters.failures++;
          end(error);
          return outcome.fail(error);
        },
      ),
    };
    // Perhaps nobody waits; whoever does has the same promise and sees the error.
    flight.promise.catch(() => undefined);
    this.flight = flight;
    return flight;
  }

  /** A fetch that begins after this call: the one under way, which may carry an older answer, is waited for first. */
  async following(begin: () => Flight<V>): Promise<V> {
    if (this.flight === undefined) return begin().promise;
    const beginNext = (): Promise<V> => {
      this.next = undefined;
      return (this.flight ?? begin()).promise;
    };
    return (this.next ??= this.flight.promise.then(beginNext, beginNext));
  }

  /** Ends the fetch under way; its outcome is lost. */
  detach(): void {
    const { flight } = this;
    this.next = undefined;
    this.flight = undefined;
    if (flight === undefined) return;
    flight.detached = true;
    flight.controller.abort();
  }
}
