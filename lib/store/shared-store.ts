import type { Clock } from '../cache/clock.js';
import { describeError } from '../errors/identity-error.js';
import type { EventReporter } from '../events/event-reporter.js';
import { clipped } from '../model/printable.js';
import type { IdentityStore } from '../options/identity-store.js';
import { CircuitBreaker, type Permit } from './circuit-breaker.js';
import { boundedMemoryOf, type BoundedMemory } from './memory-store.js';
import { StoreCounts, type StoreMetrics } from '../metrics/store-counts.js';

const DEFAULT_TIMEOUT_MS = 100;
const MAX_REASON_LENGTH = 500;

/** `unavailable`: nothing is known, neither whether the key was there nor whether it is now. */
export type StoreAnswer = 'put' | 'present' | 'unavailable' | Full;
/** The store is one in memory, answers, and has no place for the key: for no key, or for none of its owner. */
type Full = 'full' | 'owner-full';

/** How one question ended. */
type Outcome =
  | { readonly result: 'put' | 'present' | Full }
  | { readonly result: 'timeout' | 'error'; readonly reason: string };

/**
 * The store of the application, asked so that it can do no harm: no question waits longer than the time limit, none throws,
 * and while the store fails only probes ask it.
 */
export class SharedStore implements StoreMetrics {
  readonly counts = new StoreCounts();
  readonly timeoutMs: number;
  /** undefined for a store that says of no bounds. */
  readonly bounds: Pick<BoundedMemory, 'maxEntries' | 'maxPerOwner'> | undefined;
  private readonly breaker = new CircuitBreaker();

  constructor(
    private readonly store: IdentityStore,
    private readonly clock: Clock,
    private readonly reporter: Pick<EventReporter, 'report'>,
  ) {
    this.timeoutMs = store.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.bounds = boundedMemoryOf(store);
  }

  get isAvailable(): boolean {
    return !this.breaker.isOpen;
  }

  get failures(): number {
    return this.breaker.failuresInRow;
  }

  /** Milliseconds after which asking again makes sense. */
  get retryInMs(): number {
    return this.breaker.leftMs(this.clock.monotonicMs());
  }

  /**
   * @param ttlMs - as the interface of stores has it: a whole number of milliseconds, a day at the most.
   * @param owner - whose key it is, for a store that bounds those of one owner.
   */
  async putIfAbsent(key: string, ttlMs: number, owner?: string): Promise<StoreAnswer> {
    const startMs = this.clock.monotonicMs();
    const permit = this.breaker.ask(startMs);
    if (permit === undefined) {
      this.counts.recordSpared();
      return 'unavailable';
    }
    const outcome = await this.outcomeInTime(key, ttlMs, owner);
    const nowMs = this.clock.monotonicMs();
    this.counts.record(countedAs(outcome.result), nowMs - startMs);
    if ('reason' in outcome) {
      this.recordFailure(permit, nowMs, outcome.reason);
      return 'unavailable';
    }
    const downMs = this.breaker.recordSuccess(permit, nowMs);
    if (downMs !== undefined) this.reporter.report({ type: 'store.recovered', downMs });
    return outcome.result;
  }

  private recordFailure(permit: Permit, nowMs: number, reason: string): void {
    const pause = this.breaker.recordFailure(permit, nowMs, this.clock.random());
    if (pause !== undefined) this.reporter.report({ type: 'store.failed', reason, ...pause });
  }

  private async outcomeInTime(key: string, ttlMs: number, owner: string | undefined): Promise<Outcome> {
    const { clock, timeoutMs } = this;
    const limit = startLimit(clock, timeoutMs);
    const outcome = await Promise.race([outcomeOf(this.store, key, ttlMs, owner), limit.over]);
    limit.cancel();
    return outcome;
  }
}

/** For metrics, a key that was not kept is an error, even if the store has answered. */
function countedAs(result: Outcome['result']): 'put' | 'present' | 'timeout' | 'error' {
  return result === 'full' || result === 'owner-full' ? 'error' : result;
}

/** Never rejects. What a store answers is of the application, and not trusted to fit its type. */
async function outcomeOf(
  store: IdentityStore,
  key: string,
  ttlMs: number,
  owner: string | undefined,
): Promise<Outcome> {
  try {
    const kept = boundedMemoryOf(store)?.keep(key, ttlMs, owner);
    if (kept !== undefined) return { result: kept === 'added' ? 'put' : kept };
    const wasAbsent: unknown = await store.putIfAbsent(key, ttlMs);
    if (wasAbsent === true) return { result: 'put' };
    if (wasAbsent === false) return { result: 'present' };
    return { result: 'error', reason: 'putIfAbsent answered neither true nor false' };
  } catch (error) {
    return {
      result: 'error',
      reason: clipped(describeError(error) || 'it said no reason', MAX_REASON_LENGTH),
    };
  }
}

/** The timer is no time limit of its own: if this process was late, the answer has arrived, and is read before the second one. */
function startLimit(clock: Clock, timeoutMs: number): { over: Promise<Outcome>; cancel: () => void } {
  let cancel = (): void => undefined;
  const over = new Promise<Outcome>((resolve) => {
    const expire = (): void =>
      resolve({ result: 'timeout', reason: `no answer within ${String(timeoutMs)} ms` });
    cancel = clock.schedule(() => (cancel = clock.schedule(expire, 0)), timeoutMs);
  });
  return { over, cancel: () => cancel() };
}
