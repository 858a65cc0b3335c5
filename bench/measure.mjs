// Rounds in which all contenders take their turn, so that what the machine does meanwhile hits all of them.

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/**
 * Microseconds a token, and the ratio to the first contender: the median of the ratios of each round.
 *
 * @param {readonly import('./contenders.mjs').Contender[]} contenders the floor first
 * @param {readonly string[]} tokens
 * @param {{ rounds: number, warmUp?: number, refused?: boolean, floorTokens?: readonly string[] }} options
 * @returns {Promise<{ name: string, us: number, ratio: number }[]>}
 */
export async function compare(
  contenders,
  tokens,
  { rounds, warmUp = 3, refused = false, floorTokens = tokens },
) {
  const times = contenders.map(() => /** @type {number[]} */ ([]));
  for (let round = 0; round < rounds + warmUp; round++) {
    for (const [index, { one, name }] of contenders.entries()) {
      const list = index === 0 ? floorTokens : tokens;
      const expectsRefusal = refused && index > 0;
      const startNs = process.hrtime.bigint();
      for (const token of list) {
        try {
          const result = one(token);
          if (result instanceof Promise) await result;
          if (expectsRefusal) throw new Accepted(name);
        } catch (error) {
          if (error instanceof Accepted || !expectsRefusal) throw error;
        }
      }
      const us = Number(process.hrtime.bigint() - startNs) / 1000 / list.length;
      if (round >= warmUp) times[index]?.push(us);
    }
  }
  const base = times[0] ?? [];
  return contenders.map(({ name }, index) => {
    const own = times[index] ?? [];
    return { name, us: median(own), ratio: median(own.map((us, round) => us / (base[round] ?? NaN))) };
  });
}

/** A contender let through what it had to refuse. */
class Accepted extends Error {}
