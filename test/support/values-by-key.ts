import { CacheCounters, type CacheStats } from '../../lib/cache/cache-stats.js';
import type { Clock } from '../../lib/cache/clock.js';
import { RefreshingValue } from '../../lib/cache/refreshing-value.js';
import { SegmentedLru, type LruEntry, type LruLimits } from '../../lib/cache/segmented-lru.js';
import { COLD, type EntryState, type Loaded, type LoadContext } from '../../lib/cache/value-source.js';

const PINNED = 'a';

class Entry<V> implements LruEntry {
  constructor(
    readonly name: string,
    readonly value: RefreshingValue<V>,
  ) {}

  evict(refetchAfterMs: number): void {
    this.value.evict(refetchAfterMs);
  }

  close(): void {
    this.value.close();
  }
}

/** Values by key, as the registry of issuers holds them; PINNED stands beside them, as a configured issuer does. */
export class ValuesByKey<V> {
  readonly counters = new CacheCounters();
  private readonly pinned: Entry<V>;
  private readonly lru: SegmentedLru<Entry<V>>;

  constructor(
    private readonly load: (key: string, context: LoadContext<V>) => Promise<Loaded<V>>,
    private readonly clock: Clock,
    limits: LruLimits,
    private readonly staleIfErrorMs = 24 * 3_600_000,
  ) {
    this.pinned = this.create(PINNED);
    this.lru = new SegmentedLru(limits, (name) => this.create(name));
  }

  /** As a look-up that counts. */
  get(key: string): Promise<V> {
    return this.touch(key).value.get();
  }

  refresh(key: string): Promise<V> {
    return this.touch(key).value.refresh();
  }

  peek(key: string): V | undefined {
    return this.touch(key).value.getIfServable();
  }

  prove(key: string): void {
    if (key !== PINNED) this.lru.prove(key);
  }

  state(key: string): EntryState {
    return (key === PINNED ? this.pinned : this.lru.peek(key))?.value.state() ?? COLD;
  }

  backoffLeftMs(key: string): number {
    return this.lru.peek(key)?.value.backoffLeftMs ?? 0;
  }

  prefetch(key: string): void {
    this.touch(key).value.prefetch();
  }

  refreshUnconditionally(key: string): Promise<V> {
    return this.touch(key).value.refreshUnconditionally();
  }

  clear(key?: string): void {
    if (key === undefined) for (const entry of this.all()) entry.value.clear();
    else (key === PINNED ? this.pinned : this.lru.peek(key))?.value.clear();
  }

  close(): void {
    for (const entry of this.all()) entry.close();
  }

  stats(): CacheStats {
    const held = [this.pinned, ...this.lru.kept()].filter(({ value }) => value.isHeld);
    return this.counters.stats(held.length, 0);
  }

  private *all(): Iterable<Entry<V>> {
    yield this.pinned;
    yield* this.lru.all();
  }

  private touch(key: string): Entry<V> {
    return key === PINNED ? this.pinned : this.lru.touchOrAdd(key);
  }

  private create(name: string): Entry<V> {
    const source = {
      load: (context: LoadContext<V>) => this.load(name, context),
      onRefreshed: (): void => {
        if (name !== PINNED) this.lru.keep(entry);
      },
    };
    const { clock, counters } = this;
    const rules = { staleIfErrorMs: this.staleIfErrorMs, refreshAheadRatio: 0.8, clock, counters };
    const entry = new Entry<V>(name, new RefreshingValue<V>(source, rules, name === PINNED));
    return entry;
  }
}
