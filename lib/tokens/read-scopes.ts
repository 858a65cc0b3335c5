import { readPath, type JsonObject } from '../model/json.js';
import { atOnce } from '../options/at-once.js';
import type { ClaimSource } from '../options/options.types.js';
import type { ValidatedToken } from '../model/token.js';

/** The value of the first source that has one; nothing at all is granted by an empty one, so it hides no other. */
function readClaim(claims: ValidatedToken['claims'], sources: readonly ClaimSource[]): unknown {
  for (const source of sources) {
    const value = readSource(claims, source);
    if (value !== undefined && value !== null && !isEmpty(value)) return value;
  }
  return undefined;
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'string' ? value.trim() === '' : Array.isArray(value) && value.length === 0;
}

/** The granted scopes: a string separated by spaces (RFC 8693 section 4.2), or a list of strings. */
export function readScopes(
  claims: ValidatedToken['claims'],
  sources: readonly ClaimSource[],
): ReadonlySet<string> {
  const value = readClaim(claims, sources);
  if (typeof value === 'string') return new Set(value.split(' ').filter((scope) => scope !== ''));
  if (!Array.isArray(value)) return new Set();
  return new Set(value.filter((scope): scope is string => typeof scope === 'string'));
}

function readSource(claims: ValidatedToken['claims'], source: ClaimSource): unknown {
  if (typeof source === 'function') return atOnce(source(claims), '"scopeClaim"');
  return readPath(claims satisfies JsonObject, typeof source === 'string' ? [source] : source);
}
