import { LRUCache } from 'lru-cache';

/** What a segmented LRU holds. */
export interface LruEntry {
  readonly name: string;
  /**
   * Gives its values up to make room, and keeps its backoffs.
   *
   * @param refetchAfterMs - its values are fetched again no sooner after their last fetch.
   */
  evict(refetchAfterMs: number): void;
  /** Ends for good. */
  close(): void;
}

export interface LruLimits {
  /** Entries with values. An eighth more at the most, if all of them are protected. */
  readonly maxEntries: number;
  /** Evicted entries that are remembered for the sake of their backoffs. */
  readonly maxEvicted: number;
  /** Entries that never had a value, remembered for the sake of their backoff. They drive out no others. */
  readonly maxEmpty: number;
}

/** Least time between two fetches of an entry that was driven out without a proof. */
const REFETCH_AFTER_MS = 2_000;

/**
 * An LRU in two segments, after Karedla's SLRU: new entries are on probation, and what a proof has promoted is protected.
 * A proof is what a stranger cannot bring about; a look-up is what anybody can, so it keeps no protected entry, and any
 * number of look-ups drives none out.
 */
export class SegmentedLru<E extends LruEntry> {
  private readonly protectedOnes: LRUCache<string, E>;
  private readonly probation: LRUCache<string, E>;
  private readonly evicted: LRUCache<string, E>;
  private readonly empty: LRUCache<string, E>;

  constructor(
    private readonly limits: LruLimits,
    private readonly create: (name: string) => E,
  ) {
    const segment = (refetchAfterMs: number): LRUCache<string, E> =>
      new LRUCache({
        max: Math.max(1, limits.maxEntries),
        dispose: (entry, name, reason) => {
          if (reason !== 'evict') return;
          entry.evict(refetchAfterMs);
          this.evicted.set(name, entry);
        },
      });
    // Whoever proved its worth was driven out by others that did, and need not wait.
    this.protectedOnes = segment(0);
    this.probation = segment(REFETCH_AFTER_MS);
    const remembered = (max: number): LRUCache<string, E> =>
      new LRUCache({
        max: Math.max(1, max),
        dispose: (entry, _name, reason) => {
          if (reason === 'evict') entry.close();
        },
      });
    this.evicted = remembered(limits.maxEvicted);
    this.empty = remembered(limits.maxEmpty);
  }

  /** The entry of a name, as a use of it; made if there is none. */
  touchOrAdd(name: string): E {
    const found = this.touch(name);
    if (found !== undefined) return found;
    const entry = this.create(name);
    this.empty.set(name, entry);
    return entry;
  }

  /** A use: makes the entry the most recently used one, unless it is protected. */
  touch(name: string): E | undefined {
    return (
      this.protectedOnes.peek(name) ??
      this.probation.get(name) ??
      this.evicted.get(name) ??
      this.empty.get(name)
    );
  }

  /** Without being a use. */
  peek(name: string): E | undefined {
    return (
      this.protectedOnes.peek(name) ??
      this.probation.peek(name) ??
      this.evicted.peek(name) ??
      this.empty.peek(name)
    );
  }

  /** The entry has a value: from now on it is worth a place among those that have one. */
  keep(entry: E): void {
    const { name } = entry;
    if (this.protectedOnes.peek(name) === entry || this.probation.peek(name) === entry) return;
    if (this.evicted.peek(name) === entry) this.evicted.delete(name);
    else if (this.empty.peek(name) === entry) this.empty.delete(name);
    // One that was closed and forgotten does not come back.
    else return;
    this.probation.set(name, entry);
    this.trim();
  }

  /**
   * The entry has proven its worth: a use of it, and the only one that keeps it.
   *
   * @returns the entry if this promotes it.
   */
  prove(name: string): E | undefined {
    if (this.protectedOnes.get(name) !== undefined) return undefined;
    const entry = this.probation.peek(name);
    if (entry === undefined) return undefined;
    this.probation.delete(name);
    this.protectedOnes.set(name, entry);
    this.trim();
    return entry;
  }

  /** Entries that have, or had until they were cleared, a value. */
  *kept(): Iterable<E> {
    yield* this.protectedOnes.values();
    yield* this.probation.values();
  }

  /** All that are remembered. */
  *all(): Iterable<E> {
    yield* this.kept();
    yield* this.evicted.values();
    yield* this.empty.values();
  }

  private trim(): void {
    const { maxEntries } = this.limits;
    const places = Math.max(1, maxEntries >> 3, maxEntries - this.protectedOnes.size);
    while (this.probation.size > places) this.probation.pop();
  }
}
