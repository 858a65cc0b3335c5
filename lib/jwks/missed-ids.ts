import type { Clock } from '../cache/clock.js';

export interface MissedIdsOptions {
  /** How long a first miss is remembered. */
  readonly firstMs: number;
  /** What that grows to at the most, when the id is missed again and again. 0 remembers nothing. */
  readonly mostMs: number;
  readonly clock: Clock;
}

interface Missed {
  readonly untilMs: number;
  readonly forMs: number;
}

/** Ids remembered at the most; the oldest leaves. */
export const MAX_REMEMBERED = 4_096;

/**
 * What refreshes have lately shown not to exist. A first miss is remembered shortly, because a provider may sign
 * with a key just before it publishes it; a miss that follows soon after is remembered for twice as long.
 */
export class MissedIds {
  private readonly ids = new Map<string, Missed>();
  private cancelSweep: (() => void) | undefined;

  constructor(private readonly options: MissedIdsOptions) {}

  /** Whether the answer for this id is decided. */
  has(id: string): boolean {
    const missed = this.ids.get(id);
    return missed !== undefined && this.options.clock.monotonicMs() < missed.untilMs;
  }

  add(id: string): void {
    const { firstMs, mostMs, clock } = this.options;
    const nowMs = clock.monotonicMs();
    const before = this.ids.get(id);
    const again = before !== undefined && nowMs < forgetAtMs(before);
    const forMs = Math.min(again ? before.forMs * 2 : firstMs, mostMs);
    if (forMs <= 0) return;
    this.ids.delete(id);
    this.makeRoom();
    this.ids.set(id, { untilMs: nowMs + forMs, forMs });
    this.cancelSweep ??= clock.schedule(() => this.sweep(), mostMs, { ref: false });
  }

  clear(): void {
    this.ids.clear();
    this.cancelSweep?.();
    this.cancelSweep = undefined;
  }

  /** Ids held in memory, those included whose time is over. */
  get size(): number {
    return this.ids.size;
  }

  private makeRoom(): void {
    for (const oldest of this.ids.keys()) {
      if (this.ids.size < MAX_REMEMBERED) break;
      this.ids.delete(oldest);
    }
  }

  /** Made-up ids are never asked for again: nothing else would remove them. */
  private sweep(): void {
    const { clock, mostMs } = this.options;
    this.cancelSweep = undefined;
    const nowMs = clock.monotonicMs();
    for (const [id, missed] of this.ids) if (nowMs >= forgetAtMs(missed)) this.ids.delete(id);
    if (this.ids.size > 0) this.cancelSweep = clock.schedule(() => this.sweep(), mostMs, { ref: false });
  }
}

/** An id is held for as long again as it was remembered, to know a repetition. */
function forgetAtMs({ untilMs, forMs }: Missed): number {
  return untilMs + forMs;
}
