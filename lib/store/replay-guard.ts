import { hash } from 'node:crypto';
import type { Clock } from '../cache/clock.js';
import type { EventReporter } from '../events/event-reporter.js';
import { KeyMemory, type Kept } from './key-memory.js';
import type { SharedStore } from './shared-store.js';

/**
 * What is decided while the store does not answer. `local`: each replica by what it has seen itself, so that a proof can be
 * used once at each of them; `refuse`: nothing, and the caller gets a 503.
 */
export type OnStoreFailure = 'local' | 'refuse';

/**
 * Whether a proof is used for the first time. `first-here`: at this replica, while the store did not answer. `undecided`: the store does
 * not answer and `onStoreFailure` is `refuse`, or no store answers and the memory is full, or the store is a memory and full. It is to be answered with 503
 * `store_unavailable`, never by letting it pass.
 */
export type Use = 'first' | 'first-here' | 'seen' | 'undecided';

/** What the guard works with. */
export interface ReplayGuardParts {
  /** undefined: this process is the only one, or each of several decides by itself. */
  readonly store: SharedStore | undefined;
  readonly onStoreFailure: OnStoreFailure;
  readonly clock: Clock;
  readonly reporter: Pick<EventReporter, 'report'>;
  /** Places in the memory of this process. @default 500000 */
  readonly maxEntries?: number;
  /** Places that proofs of one owner may have. @default a quarter of all */
  readonly maxPerOwner?: number | undefined;
}

/** More than the proofs that a processor can verify in the 80 s for which they are good by default. */
const MAX_ENTRIES = 500_000;
type NewlyKept = Exclude<Kept, 'present'>;

/** A use that the memory of this module did not know. */
interface Remembered {
  readonly key: string;
  readonly ttlMs: number;
  readonly owner: string | undefined;
  readonly kept: NewlyKept;
}

/** What no store is asked to exceed. */
const MAX_TTL_MS = 86_400_000;
const FULL_EVERY_MS = 60_000;

/**
 * Refuses the second use of a proof (RFC 9449 section 11.1), across replicas if there is a store.
 *
 * Each use is remembered in this process, too: a second one here costs no question, and stays refused when the store fails,
 * loses what it kept, or is replaced by a copy that is behind.
 */
export class ReplayGuard {
  private readonly memory: KeyMemory;
  /** By what is full. */
  private readonly reportedMs = { full: -Infinity, 'owner-full': -Infinity };

  /**
   * @param purpose - what the proofs are for, so that those of two kinds do not meet; a constant of the code.
   */
  constructor(
    private readonly purpose: string,
    private readonly parts: ReplayGuardParts,
  ) {
    const { maxEntries = MAX_ENTRIES, maxPerOwner = Math.ceil(maxEntries / 4) } = parts;
    this.memory = new KeyMemory(maxEntries, maxPerOwner);
  }

  /** Places of the memory in use, and how many there are. */
  get entries(): { readonly size: number; readonly maxSize: number } {
    return { size: this.memory.size, maxSize: this.memory.maxEntries };
  }

  /** Milliseconds after which an undecided use may be decided; for `Retry-After`. */
  get retryAfterMs(): number {
    return Math.max(1_000, this.parts.store?.retryInMs ?? 0);
  }

  /**
   * Decides and remembers in one step: of several that ask at a time one alone is told `first`.
   *
   * @param proof - what tells the proof from all others, for DPoP the thumbprint of the key and the `jti`. Of any length: only
   *   a hash of it is kept.
   * @param ttlMs - how long the proof could be used again, in milliseconds; bounded to a day.
   * @param owner - whose proofs may take a part of the memory only, for DPoP the thumbprint of the key. @default none
   * @returns a promise if the store is asked.
   */
  use(proof: string, ttlMs: number, owner?: string): Use | Promise<Use> {
    const { store } = this.parts;
    const key = this.keyOf(proof);
    const wholeMs = wholeTtlMs(ttlMs);
    const kept = this.remember(key, wholeMs, owner);
    if (kept === 'present') return 'seen';
    return store === undefined
      ? this.decideAlone(key, kept)
      : this.ask(store, { key, ttlMs: wholeMs, owner, kept });
  }

  /**
   * The same for a request whose use another module with the same store has begun: the store is not asked again, because it would
   * answer that the proof was used. What that module decided without the store counts for nothing here.
   */
  async follow(begun: Use | Promise<Use>, proof: string, ttlMs: number, owner?: string): Promise<Use> {
    const key = this.keyOf(proof);
    const kept = this.remember(key, wholeTtlMs(ttlMs), owner);
    if (kept === 'present') return 'seen';
    const use = await begun;
    return use === 'first' || use === 'seen' ? use : this.decideAlone(key, kept);
  }

  private remember(key: string, ttlMs: number, owner: string | undefined): Kept {
    const { clock } = this.parts;
    return this.memory.add(key, ttlMs, { wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() }, owner);
  }

  private async ask(store: SharedStore, { key, ttlMs, owner, kept }: Remembered): Promise<Use> {
    const answer = await store.putIfAbsent(key, ttlMs, owner);
    if (answer === 'unavailable') return this.decideAlone(key, kept);
    if (answer === 'full' || answer === 'owner-full') {
      // The store works, and other modules go by it: what is accepted without it would be accepted at each of them.
      this.memory.forget(key);
      this.reportFull(answer, store.bounds);
      return 'undecided';
    }
    return answer === 'put' ? 'first' : 'seen';
  }

  private decideAlone(key: string, kept: NewlyKept): Use {
    const { store, onStoreFailure } = this.parts;
    if (store !== undefined && onStoreFailure === 'refuse') {
      // It was not accepted, so a client that sends the same one again is no thief.
      this.memory.forget(key);
      return 'undecided';
    }
    if (kept === 'added') return store === undefined ? 'first' : 'first-here';
    this.reportFull(kept);
    return 'undecided';
  }

  /** RFC 9449 section 11.1 suggests a hash. 128 bits: another proof with the same one is not found, whatever is sent. */
  private keyOf(proof: string): string {
    return `${this.purpose}:${hash('sha256', proof, 'base64url').slice(0, 22)}`;
  }

  private reportFull(
    what: 'full' | 'owner-full',
    bounds: Pick<KeyMemory, 'maxEntries' | 'maxPerOwner'> = this.memory,
  ): void {
    const nowMs = this.parts.clock.monotonicMs();
    if (nowMs - this.reportedMs[what] < FULL_EVERY_MS) return;
    this.reportedMs[what] = nowMs;
    const { maxEntries, maxPerOwner } = bounds;
    const ofOneKey = what === 'owner-full';
    this.parts.reporter.report({
      type: 'replays.full',
      maxEntries: ofOneKey ? maxPerOwner : maxEntries,
      ofOneKey,
    });
  }
}

/** What is no number is kept longest: forgetting sooner would let a proof in twice. */
function wholeTtlMs(ttlMs: number): number {
  return ttlMs <= MAX_TTL_MS ? Math.max(1, Math.ceil(ttlMs)) : MAX_TTL_MS;
}
