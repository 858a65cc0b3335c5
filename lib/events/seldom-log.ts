/** Least time between two lines. */
const LEAST_MS = 60_000;

/** A rate limit for lines whose number clients decide: they must not be able to fill the log. Omitted lines are counted. */
export class SeldomLog {
  private lastMs = -Infinity;
  private omitted = 0;

  constructor(
    private readonly write: (line: string) => void,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** @param makeLine - called only if the line is written. */
  add(makeLine: () => string): void {
    const nowMs = this.nowMs();
    if (nowMs - this.lastMs < LEAST_MS) {
      this.omitted++;
      return;
    }
    const more = this.omitted === 0 ? '' : ` (and ${String(this.omitted)} times before, not logged)`;
    this.lastMs = nowMs;
    this.omitted = 0;
    this.write(makeLine() + more);
  }
}
