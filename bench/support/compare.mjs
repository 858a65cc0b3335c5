// Rounds in which all contenders come one after the other, so that what the machine does meanwhile hits all of them.
import { ratioSpread, spreadOf } from './statistics.mjs';

/**
 * @typedef {import('./statistics.mjs').Spread} Spread
 * @typedef {{ name: string, one: (token: string) => unknown }} Contender
 * @typedef {{ name: string, us: Spread, ratio: Spread }} Compared `ratio`: to the first contender
 */

/**
 * Microseconds a token, and the ratio to the first contender, taken round by round.
 *
 * @param {readonly Contender[]} contenders the floor first
 * @param {readonly string[]} tokens
 * @param {{ rounds: number, warmUp?: number, refused?: boolean, floorTokens?: readonly string[] }} options `refused`: all
 *   but the first must refuse the tokens
 * @returns {Promise<Compared[]>}
 */
export async function compare(
  contenders,
  tokens,
  { rounds, warmUp = 3, refused = false, floorTokens = tokens },
) {
  const times = contenders.map(() => /** @type {number[]} */ ([]));
  for (let round = 0; round < rounds + warmUp; round++) {
    for (const [index, contender] of contenders.entries()) {
      const us = await timeRound(contender, index === 0 ? floorTokens : tokens, refused && index > 0);
      if (round >= warmUp) times[index]?.push(us);
    }
  }
  const [base = []] = times;
  return contenders.map(({ name }, index) => {
    const own = times[index] ?? [];
    return { name, us: spreadOf(own), ratio: ratioSpread(own, base) };
  });
}

/**
 * @param {Contender} contender
 * @param {readonly string[]} tokens
 * @param {boolean} expectsRefusal
 */
async function timeRound({ one, name }, tokens, expectsRefusal) {
  const startMs = performance.now();
  for (const token of tokens) {
    try {
      const result = one(token);
      if (result instanceof Promise) await result;
      if (expectsRefusal) throw new Accepted(name);
    } catch (error) {
      if (error instanceof Accepted || !expectsRefusal) throw error;
    }
  }
  return ((performance.now() - startMs) * 1_000) / tokens.length;
}

/** A contender let through what it had to refuse. */
class Accepted extends Error {}
