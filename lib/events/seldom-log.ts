/** At most one line in so long a time, with the number of those that were left out. */
const LEAST_MS = 60_000;

/** Lines that callers decide the number of: whoever sends tokens must not be able to fill the log. */
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
