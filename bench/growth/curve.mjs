// A cost that grows with something: one measurement a point, all points of all series in interleaved rounds.
import { spreadOf } from '../support/statistics.mjs';

/**
 * @typedef {import('../support/statistics.mjs').Spread} Spread
 * @typedef {{ name: string, points: { x: number, y: Spread }[] }} Series
 * @typedef {{ title: string, x: string, y: string, series: Series[] }} Curve
 * @typedef {{ series: string, x: number, run: () => number | Promise<number> }} Point `run` measures once
 */

const WARM_UP = 2;

/**
 * @param {{ title: string, x: string, y: string }} labels
 * @param {readonly Point[]} points
 * @param {number} rounds
 * @returns {Promise<Curve>}
 */
export async function measureCurve(labels, points, rounds) {
  const values = points.map(() => /** @type {number[]} */ ([]));
  for (let round = -WARM_UP; round < rounds; round++) {
    for (const [index, { run }] of points.entries()) {
      const value = await run();
      if (round >= 0) values[index]?.push(value);
    }
  }
  const names = [...new Set(points.map(({ series }) => series))];
  return {
    ...labels,
    series: names.map((name) => ({
      name,
      points: points.flatMap(({ series, x }, index) =>
        series === name ? [{ x, y: spreadOf(values[index] ?? []) }] : [],
      ),
    })),
  };
}

/**
 * Microseconds a token of one pass.
 *
 * @param {(token: string) => unknown} one
 * @param {readonly string[]} tokens
 */
export function timePass(one, tokens) {
  const startMs = performance.now();
  for (const token of tokens) one(token);
  return ((performance.now() - startMs) * 1_000) / tokens.length;
}

/**
 * The value of a series at a place.
 *
 * @param {Curve} curve
 * @param {string} name
 * @param {number} place
 */
export function valueAt({ series }, name, place) {
  const point = series.find((one) => one.name === name)?.points.find(({ x }) => x === place);
  return point?.y.median ?? NaN;
}
