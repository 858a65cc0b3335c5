/** What a cache has done since it was made. */
export interface CacheStats {
  /** Look-ups answered without waiting for the network. */
  readonly hits: number;
  /** Look-ups that had to wait, or that could not be answered. */
  readonly misses: number;
  /** Entries that hold a value now. */
  readonly size: number;
  /** The most entries it will hold. */
  readonly maxSize: number;
  /** `hits / (hits + misses)`, from 0 to 1; 0 before the first look-up. */
  readonly hitRate: number;
  /** Fetches that brought a value. */
  readonly refreshes: number;
  /** Fetches that did not. */
  readonly failures: number;
  /** Entries that left to make room. */
  readonly evictions: number;
}

/** Counts what many values of one kind do, together: the key sets of all issuers are one cache to an operator. */
export class CacheCounters {
  hits = 0;
  misses = 0;
  refreshes = 0;
  failures = 0;
  evictions = 0;

  /** A look-up was answered at once. */
  recordHit(): void {
    this.hits++;
  }

  /** A look-up has to wait, or cannot be answered. */
  recordMiss(): void {
    this.misses++;
  }

  stats(size: number, maxSize: number): CacheStats {
    const { hits, misses, refreshes, failures, evictions } = this;
    return { hits, misses, size, maxSize, hitRate: hitRateOf(hits, misses), refreshes, failures, evictions };
  }
}

/** Share of hits; 0 if nothing was counted. */
export function hitRateOf(hits: number, misses: number): number {
  const all = hits + misses;
  return all === 0 ? 0 : hits / all;
}
