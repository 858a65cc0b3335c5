import { LRUCache } from 'lru-cache';
import { elapsedMs, instantOf, type Clock, type Instant } from './clock.js';
import {
  backoffMs,
  decideServing,
  refreshAheadMs,
  stateOf,
  type CacheState,
  type Serving,
} from './serving-policy.js';
import { hitRateOf, type CacheStats } from './cache-stats.js';

/** What a fetch brought. */
export interface Loaded<V> {
  readonly value: V;
  /** How long it is fresh from now on; Infinity for what never changes. */
  readonly ttlMs: number;
}

export interface LoadContext<V> {
  /** Ends the fetch: the entry was cleared, or the cache closed. */
  readonly signal: AbortSignal;
  /** The value so far; undefined where there is none. */
  readonly previous: V | undefined;
  /** The answer must be one that was asked for from now on: a refresh was demanded, or the entry cleared. */
  readonly mustBeginNow: boolean;
}

export interface RefreshingCacheOptions<V> {
  /** Fetches a value. It must settle by itself in bounded time, and end early when its signal aborts. */
  readonly load: (key: string, context: LoadContext<V>) => Promise<Loaded<V>>;
  /**
   * Entries with a value held besides the pinned ones. One that was proven ({@link RefreshingCache.prove}) is driven
   * out by proven ones only, and leaves an eighth of the places to others at the least.
   */
  readonly maxEntries: number;
  /** Entries without a value, held for the sake of their backoff; they drive out no others. */
  readonly maxColdEntries: number;
  /** Keys that never leave, and that are kept warm even when nobody asks. */
  readonly pinned: ReadonlySet<string>;
  readonly staleIfErrorMs: number;
  /** Part of the TTL after which a value is renewed in the background. */
  readonly refreshAheadRatio: number;
  readonly clock: Clock;
  /** A fetch brought a value. */
  readonly onRefreshed?: (key: string, value: V, previous: V | undefined) => void;
  /** A fetch failed; another one will not start before `retryInMs`. */
  readonly onFailed?: (key: string, failure: { error: unknown; failures: number; retryInMs: number }) => void;
}

/** Thrown by a look-up that has nothing to serve. */
export class CacheMissError extends Error {
  override readonly name = 'CacheMissError';
  /** Milliseconds to the next attempt. */
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.retryAfterMs = retryAfterMs;
  }
}

/** The state of one entry at one moment. */
export interface EntryState {
  readonly state: CacheState;
  /** Milliseconds since the value was fetched; undefined while cold. */
  readonly ageMs: number | undefined;
  /** Milliseconds since its TTL ended; 0 before, and while cold. */
  readonly staleMs: number;
  /** When the next fetch is planned; undefined where none is. */
  readonly nextRefreshAt: Date | undefined;
  /** Failed fetches since the last good one. */
  readonly failures: number;
}

interface Flight<V> {
  readonly promise: Promise<V>;
  readonly begunAtMs: number;
  readonly controller: AbortController;
  /** The entry was cleared meanwhile: its outcome is nobody's any more. */
  detached: boolean;
}

class Entry<V> {
  held: { readonly value: V; readonly since: Instant; readonly ttlMs: number } | undefined;
  flight: Flight<V> | undefined;
  /** A fetch that starts as soon as the one in flight has ended. */
  next: Promise<V> | undefined;
  failures = 0;
  lastError: unknown;
  /** Monotonic time before which no look-up starts a fetch. */
  notBeforeMs = 0;
  /** The next fetch shall not build on the value that is held. */
  anew = false;
  /** Cleared, and not fetched since: a fetch that began earlier must not bring the value back. */
  cleared = false;
  lastUsedMs = 0;
  timer: { readonly cancel: () => void; readonly atMs: number } | undefined;

  constructor(readonly key: string) {}
}

/** Least time between two fetches of an entry that was driven out unproven. */
const REFETCH_AFTER_MS = 2_000;

/**
 * A bounded cache of values that are expensive to fetch and go bad slowly. Each entry has at most one
 * fetch in flight, is renewed in the background before its TTL ends, survives an outage of its source
 * for `staleIfErrorMs`, and fails fast while the source is backed off from. It knows neither HTTP nor
 * Nest; what a value is and how long it lives is the loader's business.
 */
export class RefreshingCache<V> {
  private readonly pinned = new Map<string, Entry<V>>();
  private readonly proven: LRUCache<string, Entry<V>>;
  private readonly unproven: LRUCache<string, Entry<V>>;
  private readonly cold: LRUCache<string, Entry<V>>;
  /** Entries with a fetch in flight: one that was driven out meanwhile is still found, and cleared. */
  private readonly fetching = new Map<string, Entry<V>>();
  private hits = 0;
  private misses = 0;
  private refreshes = 0;
  private failures = 0;
  private evictions = 0;
  private closed = false;

  constructor(private readonly options: RefreshingCacheOptions<V>) {
    for (const key of options.pinned) this.pinned.set(key, new Entry(key));
    const max = Math.max(1, options.maxEntries);
    this.proven = new LRUCache({
      max,
      dispose: (entry, _key, reason) => {
        if (reason === 'evict') this.retire(entry, 0);
      },
    });
    this.unproven = new LRUCache({
      max,
      dispose: (entry, _key, reason) => {
        if (reason === 'evict') this.retire(entry, REFETCH_AFTER_MS);
      },
    });
    this.cold = new LRUCache({ max: Math.max(1, options.maxColdEntries) });
  }

  /** The value where one may be served without waiting; renews it in the background when it is due. Not counted. */
  peek(key: string): V | undefined {
    const entry = this.find(key);
    if (entry?.held === undefined || this.closed) return undefined;
    const now = instantOf(this.options.clock);
    entry.lastUsedMs = now.monotonicMs;
    switch (this.servingOf(entry, now)) {
      case 'serve':
        return entry.held.value;
      case 'serve-and-renew':
        this.renewInBackground(entry);
        return entry.held.value;
      case 'renew-first':
      case 'fetch':
        return undefined;
    }
  }

  /** The value where one may be served, without being a use of it. */
  look(key: string): V | undefined {
    const entry = this.inspect(key);
    return entry?.held === undefined || this.servingOf(entry) === 'fetch' ? undefined : entry.held.value;
  }

  /**
   * The value, waiting for a fetch where that is needed. Counted as one hit or one miss.
   *
   * @throws {CacheMissError} nothing may be served and the fetch failed, or is backed off from.
   */
  async get(key: string): Promise<V> {
    const value = this.peek(key);
    if (value !== undefined) {
      this.recordHit();
      return value;
    }
    this.recordMiss();
    return this.load(key);
  }

  /** Like {@link get}, for a caller that counts by itself. */
  async load(key: string): Promise<V> {
    for (;;) {
      const entry = this.findOrAdd(key);
      const value = this.peek(key);
      if (value !== undefined) return value;
      const flight = this.join(entry);
      try {
        return await flight.promise;
      } catch (error) {
        if (this.closed) throw error;
        if (flight.detached) continue;
        if (entry.held !== undefined && this.servingOf(entry) !== 'fetch') return entry.held.value;
        throw error;
      }
    }
  }

  /** Starts a fetch for a look-up that cannot wait; nothing happens while one runs or is backed off from. */
  prefetch(key: string): void {
    const entry = this.findOrAdd(key);
    entry.lastUsedMs = this.options.clock.monotonicMs();
    this.renewInBackground(entry);
  }

  /**
   * Fetches now, and settles with a fetch that began after this call: one that is already in flight may
   * carry an older answer, so it is waited for first. All callers meanwhile share the next one.
   *
   * @throws {CacheMissError} the fetch failed. The last good value stays.
   */
  async refresh(key: string): Promise<V> {
    const entry = this.findOrAdd(key);
    if (entry.flight === undefined) return this.start(entry, true).promise;
    entry.next ??= entry.flight.promise.then(
      () => this.startNext(entry),
      () => this.startNext(entry),
    );
    return entry.next;
  }

  /**
   * {@link refresh}, as if nothing were held: the loader is handed no previous value. What is held serves
   * until the new value is here, and stays where the fetch fails.
   *
   * @throws {CacheMissError} the fetch failed.
   */
  async refreshAnew(key: string): Promise<V> {
    this.findOrAdd(key).anew = true;
    return this.refresh(key);
  }

  /** Forgets one value, or all. A fetch in flight ends and brings nothing back; the next look-up fetches. */
  clear(key?: string): void {
    const entries = key === undefined ? this.entries() : [this.inspect(key)];
    for (const entry of entries) {
      if (entry === undefined) continue;
      stopTimer(entry);
      entry.held = undefined;
      entry.failures = 0;
      entry.lastError = undefined;
      entry.notBeforeMs = 0;
      entry.next = undefined;
      entry.cleared = true;
      const flight = entry.flight;
      entry.flight = undefined;
      this.fetching.delete(entry.key);
      if (flight !== undefined) {
        flight.detached = true;
        flight.controller.abort();
      }
    }
  }

  /** Ends all fetches and timers for good. */
  close(): void {
    this.closed = true;
    this.clear();
  }

  /** Whether any fetch is on its way. */
  get isFetching(): boolean {
    return this.fetching.size > 0;
  }

  recordHit(): void {
    this.hits++;
  }

  recordMiss(): void {
    this.misses++;
  }

  /**
   * The value has proven its worth, a token was verified with it: a use of the entry, and the only one that keeps it.
   * Look-ups for what a stranger made up drive out no proven entry.
   */
  prove(key: string): void {
    if (this.pinned.has(key) || this.proven.get(key) !== undefined) return;
    const entry = this.unproven.peek(key);
    if (entry === undefined) return;
    this.unproven.delete(key);
    this.proven.set(key, entry);
    this.trimUnproven();
  }

  /** Milliseconds until a look-up may start a fetch; 0 where it may now. */
  backoffLeftMs(key: string): number {
    const entry = this.inspect(key);
    return entry === undefined ? 0 : Math.max(0, entry.notBeforeMs - this.options.clock.monotonicMs());
  }

  /** Milliseconds since the fetch under way began; 0 where none is. */
  fetchingForMs(key: string): number {
    const flight = this.inspect(key)?.flight;
    return flight === undefined ? 0 : this.options.clock.monotonicMs() - flight.begunAtMs;
  }

  state(key: string): EntryState {
    const entry = this.inspect(key);
    const clock = this.options.clock;
    const ageMs = entry?.held === undefined ? undefined : elapsedMs(entry.held.since, instantOf(clock));
    const timer = entry?.timer;
    return {
      state: stateOf(ageMs, this.lifetimeOf(entry)),
      ageMs,
      staleMs: Math.max(0, (ageMs ?? 0) - (entry?.held?.ttlMs ?? 0)),
      nextRefreshAt:
        timer === undefined
          ? undefined
          : new Date(clock.wallMs() + Math.max(0, timer.atMs - clock.monotonicMs())),
      failures: entry?.failures ?? 0,
    };
  }

  stats(): CacheStats {
    let size = 0;
    for (const entry of this.entries()) if (entry.held !== undefined && this.isHeld(entry)) size++;
    return {
      hits: this.hits,
      misses: this.misses,
      size,
      maxSize: Math.max(this.pinned.size, this.options.maxEntries),
      hitRate: hitRateOf(this.hits, this.misses),
      refreshes: this.refreshes,
      failures: this.failures,
      evictions: this.evictions,
    };
  }

  private *entries(): Iterable<Entry<V>> {
    yield* this.pinned.values();
    yield* this.proven.values();
    yield* this.unproven.values();
    yield* this.cold.values();
    for (const entry of this.fetching.values()) if (!this.isHeld(entry)) yield entry;
  }

  private isHeld(entry: Entry<V>): boolean {
    const { key } = entry;
    return (
      (this.pinned.get(key) ?? this.proven.peek(key) ?? this.unproven.peek(key) ?? this.cold.peek(key)) ===
      entry
    );
  }

  /** A use: makes the entry the most recently used one, unless it is a proven one. */
  private find(key: string): Entry<V> | undefined {
    return (
      this.pinned.get(key) ??
      this.proven.peek(key) ??
      this.unproven.get(key) ??
      this.cold.get(key) ??
      this.fetching.get(key)
    );
  }

  /** A mere look. */
  private inspect(key: string): Entry<V> | undefined {
    return (
      this.pinned.get(key) ??
      this.proven.peek(key) ??
      this.unproven.peek(key) ??
      this.cold.peek(key) ??
      this.fetching.get(key)
    );
  }

  private findOrAdd(key: string): Entry<V> {
    const found = this.find(key);
    if (found !== undefined) return found;
    const entry = new Entry<V>(key);
    this.cold.set(key, entry);
    return entry;
  }

  private lifetimeOf(entry: Entry<V> | undefined): { ttlMs: number; staleIfErrorMs: number } {
    return { ttlMs: entry?.held?.ttlMs ?? 0, staleIfErrorMs: this.options.staleIfErrorMs };
  }

  private servingOf(entry: Entry<V>, now = instantOf(this.options.clock)): Serving {
    const { held } = entry;
    if (held === undefined) return 'fetch';
    const ageMs = elapsedMs(held.since, now);
    // What is asked for nearly always, before anything is made ready for the other cases.
    if (ageMs < held.ttlMs) return 'serve';
    return decideServing(ageMs, this.lifetimeOf(entry), entry.failures > 0);
  }

  /** The fetch in flight, or a new one unless the source is backed off from. */
  private join(entry: Entry<V>): Flight<V> {
    if (entry.flight !== undefined) return entry.flight;
    const waitMs = entry.notBeforeMs - this.options.clock.monotonicMs();
    if (waitMs > 0) {
      const why =
        entry.failures > 0 ? 'the last fetch failed' : 'it was fetched a moment ago, and driven out';
      throw new CacheMissError(why, waitMs, entry.lastError);
    }
    return this.start(entry);
  }

  private renewInBackground(entry: Entry<V>): void {
    if (this.closed || entry.flight !== undefined) return;
    if (this.options.clock.monotonicMs() < entry.notBeforeMs) return;
    this.start(entry);
  }

  private startNext({ key }: Entry<V>): Promise<V> {
    const entry = this.findOrAdd(key);
    entry.next = undefined;
    return (entry.flight ?? this.start(entry, true)).promise;
  }

  private start(entry: Entry<V>, mustBeginNow = entry.cleared): Flight<V> {
    if (this.closed) throw new CacheMissError('the cache is closed', 0);
    stopTimer(entry);
    const controller = new AbortController();
    const previous = entry.anew ? undefined : entry.held?.value;
    entry.anew = false;
    const loading = this.callLoader(entry.key, { signal: controller.signal, previous, mustBeginNow });
    const flight: Flight<V> = {
      controller,
      begunAtMs: this.options.clock.monotonicMs(),
      detached: false,
      promise: loading.then(
        (loaded) => this.succeed(entry, flight, loaded),
        (error: unknown) => this.fail(entry, flight, error),
      ),
    };
    // Nobody may be waiting; whoever is has the same promise and sees the error.
    flight.promise.catch(() => undefined);
    entry.flight = flight;
    this.fetching.set(entry.key, entry);
    return flight;
  }

  /** Async, so that a loader that throws at once fails like any other. */
  private async callLoader(key: string, context: LoadContext<V>): Promise<Loaded<V>> {
    return this.options.load(key, context);
  }

  private succeed(entry: Entry<V>, flight: Flight<V>, loaded: Loaded<V>): V {
    this.refreshes++;
    if (flight.detached) throw new CacheMissError('cleared during the fetch', 0);
    const previous = entry.held?.value;
    entry.flight = undefined;
    this.fetching.delete(entry.key);
    entry.failures = 0;
    entry.lastError = undefined;
    entry.notBeforeMs = 0;
    entry.cleared = false;
    this.promote(entry);
    entry.held = { value: loaded.value, since: instantOf(this.options.clock), ttlMs: loaded.ttlMs };
    if (Number.isFinite(loaded.ttlMs)) {
      const { refreshAheadRatio, clock } = this.options;
      this.plan(entry, refreshAheadMs(loaded.ttlMs, refreshAheadRatio, clock.random()));
    }
    this.options.onRefreshed?.(entry.key, loaded.value, previous);
    return loaded.value;
  }

  /** From its first value on, an entry is worth a place among those that have one. */
  private promote(entry: Entry<V>): void {
    if (this.cold.peek(entry.key) === entry) this.cold.delete(entry.key);
    if (this.inspect(entry.key) !== undefined) return;
    this.unproven.set(entry.key, entry);
    this.trimUnproven();
  }

  private trimUnproven(): void {
    const { maxEntries } = this.options;
    const places = Math.max(1, maxEntries >> 3, maxEntries - this.proven.size);
    while (this.unproven.size > places) this.unproven.pop();
  }

  /**
   * What is driven out leaves its backoff behind: a flood must not have its source asked more often.
   *
   * @param refetchAfterMs - from the last fetch on, also if it succeeded.
   */
  private retire(entry: Entry<V>, refetchAfterMs: number): void {
    this.evictions++;
    stopTimer(entry);
    const { clock } = this.options;
    if (entry.held !== undefined && refetchAfterMs > 0) {
      const leftMs = refetchAfterMs - elapsedMs(entry.held.since, instantOf(clock));
      entry.notBeforeMs = Math.max(entry.notBeforeMs, clock.monotonicMs() + leftMs);
    }
    // A fetch in flight brings the entry back, with a value or with a backoff.
    if (entry.flight !== undefined || entry.notBeforeMs <= clock.monotonicMs()) return;
    entry.held = undefined;
    this.cold.set(entry.key, entry);
  }

  private fail(entry: Entry<V>, flight: Flight<V>, error: unknown): never {
    this.failures++;
    if (flight.detached) throw new CacheMissError('cleared during the fetch', 0, error);
    entry.flight = undefined;
    this.fetching.delete(entry.key);
    entry.failures++;
    entry.lastError = error;
    const retryInMs = backoffMs({
      failures: entry.failures,
      retryAfterMs: readRetryAfterMs(error),
      hasValue: entry.held !== undefined,
      random: this.options.clock.random(),
    });
    entry.notBeforeMs = this.options.clock.monotonicMs() + retryInMs;
    if (!this.isHeld(entry)) {
      entry.held = undefined;
      this.cold.set(entry.key, entry);
    }
    if (entry.held !== undefined || this.pinned.has(entry.key)) this.plan(entry, retryInMs);
    this.options.onFailed?.(entry.key, { error, failures: entry.failures, retryInMs });
    throw new CacheMissError('the fetch failed', retryInMs, error);
  }

  private plan(entry: Entry<V>, delayMs: number): void {
    stopTimer(entry);
    if (this.closed || this.inspect(entry.key) !== entry) return;
    const { clock } = this.options;
    const fire = (): void => {
      entry.timer = undefined;
      if (this.isWanted(entry)) this.renewInBackground(entry);
    };
    const cancel = clock.schedule(fire, delayMs, { ref: false });
    entry.timer = { cancel, atMs: clock.monotonicMs() + delayMs };
  }

  /** Pinned entries are kept warm always; others only within one TTL of their last use. */
  private isWanted(entry: Entry<V>): boolean {
    if (this.pinned.has(entry.key)) return true;
    const idleMs = this.options.clock.monotonicMs() - entry.lastUsedMs;
    return idleMs <= (entry.held?.ttlMs ?? 0);
  }
}

function stopTimer(entry: Entry<unknown>): void {
  entry.timer?.cancel();
  entry.timer = undefined;
}

function readRetryAfterMs(error: unknown): number | undefined {
  const value: unknown = error instanceof Error ? Reflect.get(error, 'retryAfterMs') : undefined;
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
