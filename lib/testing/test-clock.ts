import type { Clock } from '../cache/clock.js';
import { assertInTest, type TestKitConsent } from './test-environment.js';

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/**
 * Time that passes when a test says so. Hand it to {@link withClock} and to the `TestIssuer`: then tokens expire
 * and caches refresh without anybody sleeping.
 *
 * @example
 * const clock = new TestClock();
 * const token = TestIssuer.inMemory({ clock }).token({ expiresInMs: 60_000 });
 * await clock.advance(120_000); // the token has expired, and the tolerance is over
 */
export class TestClock implements Clock {
  private elapsedMs = 0;
  private wallOffsetMs: number;
  private timers: Timer[] = [];
  private order = 0;
  private passing: Promise<void> = Promise.resolve();

  /**
   * @param startMs - milliseconds since 1970. @default now
   * @throws {IdentityError} `testing_in_production`.
   */
  constructor(startMs: number = Date.now(), consent: TestKitConsent = {}) {
    assertInTest('TestClock', consent);
    this.wallOffsetMs = startMs;
  }

  monotonicMs(): number {
    return this.elapsedMs;
  }

  wallMs(): number {
    return this.wallOffsetMs + this.elapsedMs;
  }

  /** In the middle, always: jitter neither shortens nor lengthens by chance. */
  random(): number {
    return 0.5;
  }

  /** Timers with the same moment run in the order in which they were set, as those of Node.js do. */
  schedule(run: () => void, delayMs: number): () => void {
    const timer = { atMs: this.elapsedMs + Math.max(0, delayMs), order: this.order++, run };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((each) => each !== timer);
    };
  }

  /**
   * Lets time pass. What is due runs at its moment, in order, and an issuer in memory answers it before the next.
   *
   * @param ms - milliseconds, not negative.
   */
  advance(ms: number): Promise<void> {
    if (!(ms >= 0))
      return Promise.reject(new RangeError('time does not go back; jumpWall() sets the wall clock'));
    // Two at a time are one after the other.
    const passed = this.passing.then(() => this.pass(ms));
    this.passing = passed.catch(() => undefined);
    return passed;
  }

  /**
   * The time jumps from timer to timer. After each one the event loop turns a few times, so that a fetch that the timer
   * has begun, and that an issuer in memory answers, is over before the next timer is due.
   */
  private async pass(ms: number): Promise<void> {
    const endMs = this.elapsedMs + ms;
    await settle();
    for (let due = this.takeDue(endMs); due !== undefined; due = this.takeDue(endMs)) {
      this.elapsedMs = Math.max(this.elapsedMs, due.atMs);
      due.run();
      await settle();
    }
    this.elapsedMs = endMs;
    await settle();
  }

  /** Sets the wall clock forwards or backwards, as an operator would; no timer runs. */
  jumpWall(ms: number): void {
    this.wallOffsetMs += ms;
  }

  private takeDue(endMs: number): Timer | undefined {
    const due = this.timers
      .filter(({ atMs }) => atMs <= endMs)
      .toSorted((a, b) => a.atMs - b.atMs || a.order - b.order)[0];
    this.timers = this.timers.filter((each) => each !== due);
    return due;
  }
}

/** The real one, also where a test has put fake timers in its place. */
const { setImmediate: defer } = globalThis;

/** Turns of the event loop that a look-up through an issuer in memory takes at most, with room to spare. */
const TURNS = 12;

async function settle(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await new Promise((resolve) => defer(resolve));
}
