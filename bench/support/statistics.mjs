// Medians and quartiles, and ratios that are taken pair by pair within a round.

/**
 * @typedef {{ q1: number, median: number, q3: number }} Spread a median with its quartiles
 */

/**
 * The value below which a share of the values lies, interpolated between neighbours.
 *
 * @param {readonly number[]} values in any order
 * @param {number} share from 0 to 1
 */
function quantile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)] ?? NaN;
  const above = sorted[Math.ceil(place)] ?? NaN;
  return below + (above - below) * (place - Math.floor(place));
}

/** @param {readonly number[]} values */
export const median = (values) => quantile(values, 0.5);

/**
 * @param {readonly number[]} values
 * @returns {Spread}
 */
export function spreadOf(values) {
  return { q1: quantile(values, 0.25), median: median(values), q3: quantile(values, 0.75) };
}

/**
 * The ratio to a base, taken in each round before the median: what the machine did in a round hit both.
 *
 * @param {readonly number[]} values one a round
 * @param {readonly number[]} base one a round, in the same order
 * @returns {Spread}
 */
export function ratioSpread(values, base) {
  if (values.length !== base.length) throw new Error('ratios need as many rounds of one as of the other');
  return spreadOf(values.map((value, round) => value / (base[round] ?? NaN)));
}

/**
 * How far the quartiles are apart, as a share of the median.
 *
 * @param {Spread} spread
 */
export const relativeSpread = ({ q1, median: middle, q3 }) => (q3 - q1) / middle;
