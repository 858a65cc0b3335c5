/** The real one, even if a test has replaced the global. */
const { setImmediate: defer } = globalThis;

/** How long one turn may hold the event loop before others get theirs. */
const TURN_MS = 5;
/** How many share a turn: about {@link TURN_MS} of RS256 with 2,048 bits. */
const PLACES = 128;
/** More than this do not queue up: they have their turn at once. */
const MAX_WAITING = 4_096;

interface Turn {
  readonly begun: Promise<void>;
  readonly begin: () => void;
  taken: number;
}

/**
 * Lets the requests that arrive in one poll phase of the event loop verify back to back, behind one `setImmediate`.
 * Checks of signatures and the framework's own work push each other out of the processor's caches; taken
 * in turns, both are faster. See docs/performance.md for the measurements.
 *
 * A turn is one promise that all who share it await: they go on one after the other, in the order in which they came and
 * each in its own async context, and what follows from that comes behind them all.
 */
export class VerificationTurns {
  /** Those that have not begun, the first one first. */
  private readonly waiting: Turn[] = [];
  private untilMs = 0;

  /**
   * What to wait for before a verification; undefined if too many wait already. Behind it ask {@link again}.
   *
   * @example
   * for (let turn = turns.next(); turn !== undefined; turn = turns.again()) await turn;
   */
  next(): Promise<void> | undefined {
    let last = this.waiting.at(-1);
    if (last === undefined || last.taken === PLACES) {
      if (this.waiting.length * PLACES >= MAX_WAITING) return undefined;
      last = createTurn();
      this.waiting.push(last);
      if (this.waiting.length === 1) this.schedule();
    }
    last.taken++;
    return last.begun;
  }

  /** The next turn for who comes too late in the present one; undefined for who has it. */
  again(): Promise<void> | undefined {
    return performance.now() < this.untilMs ? undefined : this.next();
  }

  private schedule(): void {
    defer(() => {
      const turn = this.waiting.shift();
      // One turn in each round of the event loop: what has arrived meanwhile is read between two of them.
      if (this.waiting.length > 0) this.schedule();
      this.untilMs = performance.now() + TURN_MS;
      turn?.begin();
    });
  }
}

function createTurn(): Turn {
  let begin = (): void => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  return { begun, begin, taken: 0 };
}
