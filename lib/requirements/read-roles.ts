import { readPath } from '../model/json.js';
import type { ValidatedToken } from '../model/token.js';
import { atOnce } from '../options/at-once.js';
import type { ClaimSource } from '../options/options.types.js';

/**
 * The roles of a token: a list of strings, or a string that is one role. It is not split, because names of
 * roles may have spaces in them. None without a source, or if the claim has another type.
 */
export function readRoles(
  claims: ValidatedToken['claims'],
  source: ClaimSource | undefined,
): ReadonlySet<string> {
  const value = source === undefined ? undefined : readSource(claims, source);
  if (typeof value === 'string') return new Set([value]);
  if (!Array.isArray(value)) return new Set();
  return new Set(value.filter((role): role is string => typeof role === 'string'));
}

function readSource(claims: ValidatedToken['claims'], source: ClaimSource): unknown {
  if (typeof source === 'function') return atOnce(source(claims), '"rolesClaim"');
  return readPath(claims, typeof source === 'string' ? [source] : source);
}
