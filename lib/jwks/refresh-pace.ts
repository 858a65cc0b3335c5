export interface RefreshPaceOptions {
  /** Least time between two refreshes, while they bring something. */
  readonly cooldownMs: number;
  /** What the cooldown grows to at the most. */
  readonly maxCooldownMs: number;
  /** Refreshes that may begin without a cooldown between them, after a quiet time. @default 1 */
  readonly burst?: number | undefined;
}

/** Fruitless refreshes in a short time before the cooldown grows; each further one doubles it. */
const FRUITLESS_BEFORE_GROWTH = 4;
/** More than these are not counted, so that a flood of any length is over in a minute. */
const MAX_FRUITLESS = 6;
/** After this time one fruitless refresh is forgotten. */
const FORGET_ONE_AFTER_MS = 10_000;

/**
 * When the next refresh may begin: a token bucket that refills by one refresh in a cooldown. The cooldown grows
 * while refreshes bring nothing, and is the configured one again within a minute. Pure: the time is handed in.
 */
export class RefreshPace {
  private left: number;
  private lastMs = -Infinity;
  private fruitless = 0;
  private fruitlessAtMs = 0;

  constructor(private readonly options: RefreshPaceOptions) {
    this.left = options.burst ?? 1;
  }

  /** The moment from which a refresh may begin; it may be past. */
  notBeforeMs(nowMs: number): number {
    return this.lastMs + (1 - this.left) * this.cooldownMs(nowMs);
  }

  begin(nowMs: number): void {
    const refilled = this.left + (nowMs - this.lastMs) / this.cooldownMs(nowMs);
    this.left = Math.max(0, Math.min(refilled, this.options.burst ?? 1) - 1);
    this.lastMs = nowMs;
  }

  /** A refresh that began is not held against the next one. */
  giveBack(): void {
    // `begin` keeps it within the burst.
    this.left++;
  }

  /** A refresh brought nothing new, or failed. */
  recordFruitless(nowMs: number): void {
    this.fruitless = Math.min(this.fruitlessNow(nowMs) + 1, MAX_FRUITLESS);
    this.fruitlessAtMs = nowMs;
  }

  recordFruitful(): void {
    this.fruitless = 0;
  }

  cooldownMs(nowMs: number): number {
    const { cooldownMs, maxCooldownMs } = this.options;
    const doublings = Math.max(0, Math.floor(this.fruitlessNow(nowMs)) - FRUITLESS_BEFORE_GROWTH + 1);
    return Math.min(cooldownMs * 2 ** doublings, Math.max(cooldownMs, maxCooldownMs));
  }

  private fruitlessNow(nowMs: number): number {
    return Math.max(0, this.fruitless - (nowMs - this.fruitlessAtMs) / FORGET_ONE_AFTER_MS);
  }
}
