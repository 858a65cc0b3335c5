import type { Clock } from '../../lib/cache/clock.js';
import { answersArrived, isNetworkBusy } from './quiet-network.js';

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** Time that passes when a test says so: hours in milliseconds. */
export class FakeClock implements Clock {
  private nowMs = 1_000;
  private wallOffsetMs: number;
  private timers: Timer[] = [];
  private order = 0;
  /** What chance says next. */
  chance = 0;

  /** @param answersInTime - requests are answered at the moment at which they were sent; if not, when the test has idle turns. */
  constructor(
    wallMs = 1_700_000_000_000,
    private readonly answersInTime = true,
  ) {
    this.wallOffsetMs = wallMs - this.nowMs;
  }

  monotonicMs(): number {
    return this.nowMs;
  }

  wallMs(): number {
    return this.nowMs + this.wallOffsetMs;
  }

  random(): number {
    return this.chance;
  }

  schedule(run: () => void, delayMs: number): () => void {
    const timer = { atMs: this.nowMs + Math.max(0, delayMs), order: this.order++, run };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((each) => each !== timer);
    };
  }

  get pendingTimers(): number {
    return this.timers.length;
  }

  /**
   * Lets time pass: each timer runs at its moment, and what it started goes on before the next. A request over a real
   * connection is answered at the moment at which it was sent, unless its provider keeps it waiting.
   */
  async advance(ms: number): Promise<void> {
    const endMs = this.nowMs + ms;
    await this.settle();
    for (;;) {
      const due = this.timers
        .filter(({ atMs }) => atMs <= endMs)
        .toSorted((a, b) => a.atMs - b.atMs || a.order - b.order)[0];
      if (due === undefined) break;
      this.timers = this.timers.filter((each) => each !== due);
      this.nowMs = Math.max(this.nowMs, due.atMs);
      due.run();
      await this.settle();
    }
    this.nowMs = endMs;
    await settle();
  }

  private async settle(): Promise<void> {
    await settle();
    if (this.answersInTime && isNetworkBusy()) await answersArrived();
  }

  /** The wall clock is set, forwards or backwards. */
  jumpWall(ms: number): void {
    this.wallOffsetMs += ms;
  }

  /** The process stands still: the wall clock goes on, the monotonic one and all timers do not. */
  freeze(ms: number): void {
    this.jumpWall(ms);
  }
}

/** Lets everything run that waits for no timer. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 25; turn++) await Promise.resolve();
}
