import { LRUCache } from 'lru-cache';
import type { Clock } from '../cache/clock.js';
import { hitRateOf } from '../cache/cache-stats.js';
import type { ValidatedToken } from '../model/token.js';
import { TokenSizes } from './estimate-bytes.js';

export interface TokenCacheBounds {
  readonly maxEntries: number;
  readonly maxBytes: number;
}

/** Statistics of the cache of verified tokens. */
export interface TokenCacheStats {
  readonly hits: number;
  readonly misses: number;
  readonly size: number;
  readonly maxSize: number;
  /** Estimated, within a factor of 2 of the heap. */
  readonly bytes: number;
  readonly maxBytes: number;
  readonly hitRate: number;
  readonly evictions: number;
}

/** A token whose signature was verified before. */
export interface RememberedToken {
  readonly validated: ValidatedToken;
  /** `typ` as it is compared. */
  readonly type: string | null;
  /** The key set it was verified with; another one proves nothing about it. */
  readonly generation: object;
}

/**
 * Enough of a signature to tell tokens apart (72 bits); the whole token is compared in any case. V8 makes a copy of so short a
 * slice, whose hash is found in half the time of a longer one's.
 */
const TAIL_LENGTH = 12;
const SWEEP_MS = 60_000;

/**
 * Tokens whose signature was verified, to spare the check when they come again. It holds what the
 * check proved, never a decision: the caller has to hold time, audience, type and all else against
 * the token again, and the generation against the keys of now.
 */
export class TokenCache {
  private readonly bySignatureTail: LRUCache<string, RememberedToken>;
  private readonly sizes = new TokenSizes();
  private hits = 0;
  private misses = 0;
  private evictions = 0;
  private nextSweepMs: number;

  constructor(
    private readonly bounds: TokenCacheBounds,
    private readonly clock: Clock,
  ) {
    this.nextSweepMs = clock.monotonicMs() + SWEEP_MS;
    this.bySignatureTail = new LRUCache({
      max: bounds.maxEntries,
      maxSize: bounds.maxBytes,
      sizeCalculation: ({ validated: { token, claims } }) => this.sizes.estimate(token, claims),
      dispose: (_value, _key, reason) => {
        if (reason === 'evict') this.evictions++;
      },
    });
  }

  /** The token, if this very text was verified before. Neither hit nor miss is counted yet. */
  find(token: string): RememberedToken | undefined {
    const found = this.bySignatureTail.get(token.slice(-TAIL_LENGTH));
    return found !== undefined && found.validated.token === token ? found : undefined;
  }

  remember(verified: RememberedToken): void {
    const nowMs = this.clock.monotonicMs();
    if (nowMs >= this.nextSweepMs) {
      this.nextSweepMs = nowMs + SWEEP_MS;
      this.sweep();
    }
    // A slice of a token holds on to the whole token; a copy does not.
    const tail = Buffer.from(verified.validated.token.slice(-TAIL_LENGTH)).toString();
    this.bySignatureTail.set(tail, verified);
  }

  forget(token: string): void {
    this.bySignatureTail.delete(token.slice(-TAIL_LENGTH));
  }

  recordHit(): void {
    this.hits++;
  }

  recordMiss(): void {
    this.misses++;
  }

  stats(): TokenCacheStats {
    return {
      hits: this.hits,
      misses: this.misses,
      size: this.bySignatureTail.size,
      maxSize: this.bounds.maxEntries,
      bytes: this.bySignatureTail.calculatedSize,
      maxBytes: this.bounds.maxBytes,
      hitRate: hitRateOf(this.hits, this.misses),
      evictions: this.evictions,
    };
  }

  /** Expired tokens leave; those that do not come again are found here only. */
  private sweep(): void {
    const nowSec = this.clock.wallMs() / 1000;
    for (const [tail, { validated }] of this.bySignatureTail.entries()) {
      if (validated.claims.exp < nowSec) this.bySignatureTail.delete(tail);
    }
  }
}
