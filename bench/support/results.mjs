// Results of a part, one file each, with the machine and the day.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Where results, tables and curves go. */
export const FOLDER = new URL('../results/', import.meta.url);

/**
 * @typedef {{ machine: import('./machine.mjs').Machine, measuredOn: string, result: unknown }} Stored
 */

/** @param {string} part */
const fileOf = (part) => fileURLToPath(new URL(`${part}.json`, FOLDER));

/**
 * @param {string} part
 * @returns {Stored | undefined} undefined if it was not measured yet
 */
export function readResult(part) {
  const file = fileOf(part);
  return existsSync(file) ? /** @type {Stored} */ (JSON.parse(readFileSync(file, 'utf8'))) : undefined;
}

/**
 * @param {string} part
 * @param {Stored} stored
 */
export function writeResult(part, stored) {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(fileOf(part), `${JSON.stringify(stored, round, 2)}\n`);
}

/**
 * Four digits tell all there is to tell.
 *
 * @param {string} _name
 * @param {unknown} value
 */
function round(_name, value) {
  return typeof value === 'number' && Number.isFinite(value) ? Number(value.toPrecision(4)) : value;
}
