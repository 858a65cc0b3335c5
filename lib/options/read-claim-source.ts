import type { OptionReader } from './option-reader.js';
import type { ClaimSource } from './options.types.js';

/** The name of a claim, a path of member names, or a function over the claims. */
export function readClaimSource(
  reader: OptionReader,
  name: 'scopeClaim' | 'rolesClaim',
): ClaimSource | undefined {
  const value = reader.raw(name);
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value !== '') return value;
  if (typeof value === 'function') return value as Exclude<ClaimSource, string | readonly string[]>;
  if (Array.isArray(value) && value.length > 0 && value.every((step) => typeof step === 'string')) {
    return Object.freeze([...value]);
  }
  reader.wrong(name, 'the name of a claim, a path of names, or a function of the claims');
  return undefined;
}
