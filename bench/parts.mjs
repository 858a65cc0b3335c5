// All parts, in the order in which they run.
import { GROWTH_PARTS } from './growth/parts.mjs';
import { SERVER_PARTS } from './server/parts.mjs';
import { START_PARTS } from './start/parts.mjs';
import { VALIDATION_PARTS } from './validation/parts.mjs';

/** @type {readonly import('./support/part.mjs').Part<unknown>[]} */
export const PARTS = [...SERVER_PARTS, ...VALIDATION_PARTS, ...GROWTH_PARTS, ...START_PARTS];

/**
 * @param {readonly string[]} names of parts or groups; none means all that are not optional
 * @throws for a name that does not exist
 */
export function selectParts(names) {
  const known = new Set(PARTS.flatMap(({ name, group }) => [name, group]));
  const unknown = names.find((name) => !known.has(name));
  if (unknown !== undefined) {
    const list = PARTS.map(({ name, about }) => `  ${name.padEnd(12)} ${about}`).join('\n');
    throw new Error(
      `There is no part "${unknown}". Parts (server stands for all that belong to a server):\n${list}`,
    );
  }
  return PARTS.filter(({ name, group = '', optional = false }) =>
    names.length === 0 ? !optional : names.includes(name) || (names.includes(group) && !optional),
  );
}
