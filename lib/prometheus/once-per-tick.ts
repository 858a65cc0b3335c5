/**
 * A function that computes its value once for all calls of one synchronous stretch of code. prom-client asks each metric by
 * itself, but all of them before the first promise settles: so one reading serves a whole scrape, all metrics of a scrape
 * are of the same moment, and nothing is kept for the next one.
 */
export function oncePerTick<T extends object>(compute: () => T): () => T {
  let current: T | undefined;
  return () => {
    if (current !== undefined) return current;
    queueMicrotask(() => (current = undefined));
    return (current = compute());
  };
}
