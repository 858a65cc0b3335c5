import { SeldomLog } from './seldom-log.js';

const WINDOW_MS = 60_000;

/** So many lines in a minute, and then one line in a minute with the number of those that were left out. */
export class BudgetedLog {
  private readonly rest: SeldomLog;
  private windowStartMs = -Infinity;
  private written = 0;

  constructor(
    private readonly write: (line: string) => void,
    private readonly linesInAMinute: number,
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    this.rest = new SeldomLog(write, nowMs);
  }

  /** @param makeLine - called only if the line is written. */
  add(makeLine: () => string): void {
    const nowMs = this.nowMs();
    if (nowMs - this.windowStartMs >= WINDOW_MS) {
      this.windowStartMs = nowMs;
      this.written = 0;
    }
    if (this.written >= this.linesInAMinute) {
      this.rest.add(makeLine);
      return;
    }
    this.written++;
    this.write(makeLine());
  }
}
