import type { KeyQuery } from './select-keys.js';

/**
 * What a key that was missed is remembered by: its id; with the algorithm, if the id is known but not for it;
 * the algorithm alone, if the token has no id.
 */
export function missOf({ alg, kid }: KeyQuery, why: 'unknown' | 'unfit'): string {
  if (kid === undefined) return `alg ${alg}`;
  return why === 'unknown' ? `kid ${kid}` : `alg ${alg} kid ${kid}`;
}
