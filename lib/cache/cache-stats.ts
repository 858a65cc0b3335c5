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

/** Share of hits, 0 where nothing was counted. */
export function hitRateOf(hits: number, misses: number): number {
  const all = hits + misses;
  return all === 0 ? 0 : hits / all;
}
