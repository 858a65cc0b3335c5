import { Backoff } from './backoff.js';
import { elapsedMs, instantOf } from './clock.js';
import { FetchSlot, type Flight } from './fetch-slot.js';
import { describeValue, servingOf, type HeldValue } from './held-value.js';
import { refreshAheadMs, type Serving } from './serving-policy.js';
import { Timer } from './timer.js';
import { CacheMissError, type EntryState, type Loaded } from './value-source.js';
import type { RefreshRules, ValueSource } from './value-source.js';

/**
 * One value that is expensive to fetch and goes bad slowly. It has at most one fetch in flight, is renewed in the
 * background before its TTL ends, survives an outage of its source for `staleIfErrorMs`, and fails fast while the
 * source is in backoff. It knows neither HTTP nor NestJS: what the value is and how long it lives, its source decides.
 */
export class RefreshingValue<V> {
  private held: HeldValue<V> | undefined;
  private readonly fetches: FetchSlot<V>;
  private backoff = new Backoff();
  /** The next fetch must not build on the value that is held. */
  private unconditional = false;
  /** Cleared, and not fetched since: a fetch that began earlier must not bring the value back. */
  private cleared = false;
  /** Left to make room; a fetch in flight may still bring it back. */
  private evicted = false;
  private closed = false;
  private lastUsedMs = 0;
  private readonly timer: Timer;

  /** @param keepsWarm - renew it even if nobody asks; otherwise only within one TTL of its last use. */
  constructor(
    private readonly source: ValueSource<V>,
    private readonly rules: RefreshRules,
    private readonly keepsWarm: boolean,
  ) {
    this.fetches = new FetchSlot(rules);
    this.timer = new Timer(rules.clock);
  }

  /** The value if one may be served without waiting; renews it in the background when it is due. Not counted. */
  getIfServable(): V | undefined {
    const { held } = this;
    if (held === undefined) return undefined;
    const now = instantOf(this.rules.clock);
    this.lastUsedMs = now.monotonicMs;
    const serving = this.servingOf(held, now);
    if (serving === 'serve-and-renew') this.renewInBackground();
    return serving === 'serve' || serving === 'serve-and-renew' ? held.value : undefined;
  }

  /** The value if one may be served, without being a use of it. */
  peek(): V | undefined {
    return this.canServe ? this.held?.value : undefined;
  }

  /**
   * The value, waiting for a fetch if one is needed. Counted as one hit or one miss.
   *
   * @throws {CacheMissError} nothing may be served and the fetch failed, or the source is in backoff.
   * @throws what the source says if it admits no fetch.
   */
  async get(): Promise<V> {
    const { counters } = this.rules;
    const value = this.getIfServable();
    if (value !== undefined) {
      counters.hits++;
      return value;
    }
    counters.misses++;
    return this.load();
  }

  /** Like {@link get}, for a caller that counts by itself. */
  async load(): Promise<V> {
    for (;;) {
      const value = this.getIfServable();
      if (value !== undefined) return value;
      const flight = this.join();
      try {
        return await flight.promise;
      } catch (error) {
        if (this.closed) throw error;
        if (flight.detached) continue;
        if (this.held !== undefined && this.canServe) return this.held.value;
        throw error;
      }
    }
  }

  /**
   * Starts a fetch for a look-up that cannot wait; nothing happens while one runs or the source is in backoff.
   *
   * @returns why the source admits no fetch now.
   */
  prefetch(): Error | undefined {
    this.lastUsedMs = this.rules.clock.monotonicMs();
    return this.renewInBackground();
  }

  /**
   * Fetches now, and settles with a fetch that began after this call: one that is already in flight may
   * carry an older answer, so it is waited for first. All callers meanwhile share the next one.
   *
   * @throws {CacheMissError} the fetch failed. The last good value stays.
   * @throws what the source says if it admits no fetch.
   */
  async refresh(): Promise<V> {
    return this.fetches.following(() => this.start(true));
  }

  /**
   * {@link refresh}, as if nothing were held: the source is handed no previous value. What is held serves
   * until the new value is here, and stays if the fetch fails.
   */
  async refreshUnconditionally(): Promise<V> {
    this.unconditional = true;
    return this.refresh();
  }

  /** Forgets the value, and the backoff. A fetch in flight ends and brings nothing back; the next look-up fetches. */
  clear(): void {
    this.timer.stop();
    this.held = undefined;
    this.cleared = true;
    this.backoff = new Backoff();
    this.fetches.detach();
  }

  /**
   * Leaves to make room. The backoff stays: a flood that drives values out must not have their source asked more often.
   * A fetch in flight brings the value back.
   *
   * @param refetchAfterMs - the next fetch comes no sooner after the last one, also if that succeeded.
   */
  evict(refetchAfterMs: number): void {
    this.timer.stop();
    this.evicted = true;
    if (this.held === undefined) return;
    this.rules.counters.evictions++;
    if (refetchAfterMs > 0) {
      const { clock } = this.rules;
      const leftMs = refetchAfterMs - elapsedMs(this.held.since, instantOf(clock));
      this.backoff.extendTo(clock.monotonicMs() + leftMs);
    }
    if (!this.isFetching) this.held = undefined;
  }

  /** Takes over what a former value of the same source holds, at its age, and its backoff. */
  adopt(former: RefreshingValue<V>): void {
    this.held = former.held;
    this.backoff = former.backoff;
    this.lastUsedMs = former.lastUsedMs;
    if (this.held !== undefined) this.planRenewal(this.held);
  }

  /** Ends the fetch and the timer for good. */
  close(): void {
    this.closed = true;
    this.clear();
  }

  /** Whether a fetch is on its way. */
  get isFetching(): boolean {
    return this.fetches.current !== undefined;
  }

  /** Whether a value is there, however old it is. */
  get isHeld(): boolean {
    return this.held !== undefined;
  }

  /** Milliseconds until a look-up may start a fetch; 0 if it may now. */
  get backoffLeftMs(): number {
    return this.backoff.leftMs(this.rules.clock.monotonicMs());
  }

  /** Milliseconds since the fetch under way began; 0 if none is. */
  get fetchingForMs(): number {
    return this.fetches.busyForMs;
  }

  state(): EntryState {
    return describeValue(this.held, this.timer.atMs, this.backoff.failures, this.rules);
  }

  private get canServe(): boolean {
    return this.held !== undefined && this.servingOf(this.held) !== 'fetch';
  }

  private servingOf(held: HeldValue<V>, now = instantOf(this.rules.clock)): Serving {
    return servingOf(held, now, this.rules.staleIfErrorMs, this.backoff.failures > 0);
  }

  /** The fetch in flight, or a new one unless the source is in backoff. */
  private join(): Flight<V> {
    const { current } = this.fetches;
    if (current !== undefined) return current;
    const waitMs = this.backoffLeftMs;
    if (waitMs === 0) return this.start(false);
    const { failures, lastError } = this.backoff;
    const why = failures > 0 ? 'the last fetch failed' : 'it was fetched a moment ago, and driven out';
    throw new CacheMissError(why, waitMs, lastError);
  }

  /** @returns why the source admits no fetch now. The next look-up asks again. */
  private renewInBackground(): Error | undefined {
    if (this.closed || this.isFetching || this.backoffLeftMs > 0) return undefined;
    const refusal = this.source.admit?.();
    if (refusal === undefined) this.begin(false);
    return refusal;
  }

  private start(isDemanded: boolean): Flight<V> {
    if (this.closed) throw new CacheMissError('the cache is closed', 0);
    const refusal = this.source.admit?.();
    if (refusal !== undefined) throw refusal;
    return this.begin(isDemanded);
  }

  private begin(isDemanded: boolean): Flight<V> {
    const noSharing = isDemanded || this.cleared;
    this.timer.stop();
    const previous = this.unconditional ? undefined : this.held?.value;
    this.unconditional = false;
    return this.fetches.begin(async (signal) => this.source.load({ signal, previous, noSharing }), {
      succeed: (loaded) => this.succeed(loaded),
      fail: (error) => this.fail(error),
    });
  }

  private succeed({ value, ttlMs }: Loaded<V>): V {
    const previous = this.held?.value;
    this.backoff.reset();
    this.cleared = false;
    this.evicted = false;
    this.held = { value, since: instantOf(this.rules.clock), ttlMs };
    this.planRenewal(this.held);
    this.source.onRefreshed?.(value, previous);
    return value;
  }

  private fail(error: unknown): never {
    const { clock } = this.rules;
    const hasValue = this.held !== undefined;
    const retryInMs = this.backoff.recordFailure(error, hasValue, clock.monotonicMs(), clock.random());
    if (this.evicted) this.held = undefined;
    if (this.held !== undefined || this.keepsWarm) this.plan(retryInMs);
    this.source.onFailed?.({ error, failures: this.backoff.failures, retryInMs });
    throw new CacheMissError('the fetch failed', retryInMs, error);
  }

  private planRenewal({ ttlMs, since }: HeldValue<V>): void {
    if (!Number.isFinite(ttlMs)) return;
    const { clock, refreshAheadRatio } = this.rules;
    const aheadMs = refreshAheadMs(ttlMs, refreshAheadRatio, clock.random());
    this.plan(Math.max(0, aheadMs - elapsedMs(since, instantOf(clock))));
  }

  private plan(delayMs: number): void {
    if (this.closed || this.evicted) return;
    const { clock } = this.rules;
    this.timer.start(() => {
      const idleMs = clock.monotonicMs() - this.lastUsedMs;
      if (this.keepsWarm || idleMs <= (this.held?.ttlMs ?? 0)) this.renewInBackground();
    }, delayMs);
  }
}
