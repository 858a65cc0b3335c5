// A part of the bench: it measures, judges its own noise, and says its figures and its tables.

/**
 * @typedef {import('./busyness.mjs').Noise} Noise
 * @typedef {{ value: number, better: 'more' | 'less' }} Figure a ratio within one run, which another machine may be held against
 * @typedef {{ result: unknown, noise: Noise[] }} Measured
 * @typedef {{ rounds: number }} Extent
 */

/**
 * @template R
 * @typedef {{
 *   name: string,
 *   about: string,
 *   group?: string,
 *   optional?: boolean,
 *   ignoresOthers?: boolean,
 *   rounds: number,
 *   tolerance: number,
 *   measure: (extent: Extent) => Promise<{ result: R, noise: Noise[] }>,
 *   figures: (result: R) => Record<string, Figure>,
 *   table: (result: R) => string[],
 * }} Part
 * `rounds`: what a run needs to be written down. `tolerance`: by which share a figure may be worse than the committed one.
 * `optional`: runs only when it is named. `ignoresOthers`: other processes do not change its figures, or it finds out by itself
 * whether they did.
 */

/**
 * @template R
 * @param {Part<R>} part
 * @returns {Part<unknown>} `result` comes from `measure`, or from the file that it was written to
 */
export const definePart = (part) => /** @type {Part<unknown>} */ (/** @type {unknown} */ (part));

/** @param {number} value @returns {Figure} */
export const less = (value) => ({ value, better: 'less' });

/** @param {number} value @returns {Figure} */
export const more = (value) => ({ value, better: 'more' });
