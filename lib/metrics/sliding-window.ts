interface Sample<T> {
  readonly atMs: number;
  readonly value: T;
}

/**
 * Keeps copies of running totals, so that a difference gives the recent past. It has no timer: the owner of the totals asks
 * {@link isDue} before each change, so that a time without changes needs no sample.
 */
export class SlidingWindow<T> {
  private samples: Sample<T>[] = [];
  private nextMs = -Infinity;

  /** @param slotMs - least time between two samples, and the precision of the window. */
  constructor(
    readonly lengthMs: number,
    private readonly slotMs: number,
  ) {}

  isDue(nowMs: number): boolean {
    return nowMs >= this.nextMs;
  }

  /** @param value - the totals as they have been since they changed last. */
  add(nowMs: number, value: T): void {
    this.samples = this.samples.filter(({ atMs }) => atMs >= nowMs - this.lengthMs);
    this.samples.push({ atMs: nowMs, value });
    this.nextMs = nowMs + this.slotMs;
  }

  /** The totals at the window's beginning; call {@link add} before, where it is due. */
  start(nowMs: number): Sample<T> | undefined {
    return this.samples.find(({ atMs }) => atMs >= nowMs - this.lengthMs);
  }
}
