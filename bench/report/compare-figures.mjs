// Figures of a run against the committed ones. Pure.

/**
 * @typedef {import('../support/part.mjs').Figure} Figure
 * @typedef {'same' | 'better' | 'worse' | 'missing'} Verdict
 * @typedef {{ name: string, verdict: Verdict, committed: number, measured: number | undefined }} Comparison
 */

/**
 * A figure is worse if it is so by more than the tolerance, and better likewise. One that was committed and is not measured
 * any more is missing; a new one is compared with nothing.
 *
 * @param {Record<string, Figure>} committed
 * @param {Record<string, Figure>} measured
 * @param {number} tolerance a share of the committed figure, 0 or more
 * @returns {Comparison[]} in the order of the committed figures
 */
export function compareFigures(committed, measured, tolerance) {
  return Object.entries(committed).map(([name, { value: before, better }]) => {
    const now = measured[name]?.value;
    return { name, verdict: judge(before, now, better, tolerance), committed: before, measured: now };
  });
}

/** @param {readonly Comparison[]} comparisons */
export const hasFailed = (comparisons) =>
  comparisons.some(({ verdict }) => verdict === 'worse' || verdict === 'missing');

/**
 * Written so that NaN passes nothing.
 *
 * @param {number} before
 * @param {number | undefined} now
 * @param {Figure['better']} better
 * @param {number} tolerance
 * @returns {Verdict}
 */
function judge(before, now, better, tolerance) {
  if (now === undefined) return 'missing';
  const margin = Math.abs(before) * tolerance;
  const isWithin = now >= before - margin && now <= before + margin;
  if (isWithin) return 'same';
  return (better === 'more' ? now > before : now < before) ? 'better' : 'worse';
}
