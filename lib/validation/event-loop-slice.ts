/** The real one, even if a test has replaced the global. */
const { setImmediate: defer } = globalThis;

/** How long batches may hold the event loop before others get their turn. */
const SLICE_MS = 4;

/**
 * The time that all batches of a service together may hold the event loop. With one for each, a thousand batches would hold it
 * for a thousand of them: what gives way goes on in one and the same round.
 *
 * By the clock and not by a count: how long a token takes depends on its algorithm.
 */
export class EventLoopSlice {
  private endMs = -Infinity;
  private following: Promise<void> | undefined;

  /**
   * What to wait for before more work; undefined while the slice lasts. Behind it ask again: who comes late in a slice waits for the
   * next one.
   *
   * @example
   * for (let turn = slice.next(); turn !== undefined; turn = slice.next()) await turn;
   */
  next(): Promise<void> | undefined {
    if (performance.now() < this.endMs) return undefined;
    return (this.following ??= new Promise((resolve) => {
      defer(() => {
        this.following = undefined;
        this.endMs = performance.now() + SLICE_MS;
        resolve();
      });
    }));
  }
}
