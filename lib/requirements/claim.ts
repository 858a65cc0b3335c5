import { readPath } from '../model/json.js';
import { quoted } from '../model/printable.js';
import type { ValidatedToken } from '../model/token.js';
import { atOnce } from '../options/at-once.js';
import { decoratorError, requirementDecorator, type AccessDecorator } from './requirement-decorator.js';
import type { Requirement } from './requirement.js';

type Primitive = string | number | boolean;
/** Decides over the value of a claim; undefined if the token has none. */
export type ClaimPredicate = (value: unknown, claims: ValidatedToken['claims']) => boolean;

/**
 * Demands a claim: with values, that it is one of them, or a list that holds one of them; with a function, that it returns
 * `true`; alone, that it is there and not null. Otherwise 403 `claim_not_met`.
 *
 * @param claim - a name, or a path such as `['realm_access', 'roles']`.
 * @throws {IdentityError} `options_invalid`, for no claim, and for a value that is undefined.
 * @example
 * `@RequireClaim('tenant', 'acme')` or `@RequireClaim('age', (value) => typeof value === 'number' && value >= 18)`
 */
export function RequireClaim(
  claim: string | readonly string[],
  ...expected: readonly [ClaimPredicate] | readonly Primitive[]
): AccessDecorator {
  const path = typeof claim === 'string' ? [claim] : [...claim];
  if (path.length === 0 || path.some((step) => typeof step !== 'string' || step === '')) {
    throw decoratorError('RequireClaim', 'expects the name of a claim or a path of names');
  }
  if (expected.some((value) => value === undefined)) {
    throw decoratorError('RequireClaim', 'was given undefined for a value; leave it out to demand any value');
  }
  return requirementDecorator('RequireClaim', new ClaimRequirement(path, toPredicate(expected)));
}

export class ClaimRequirement implements Requirement {
  readonly code = 'claim_not_met';

  constructor(
    readonly path: readonly string[],
    readonly accepts: ClaimPredicate,
  ) {}

  get demand(): string {
    return `The claim ${quoted(this.path.join('.'))} is not what @RequireClaim of the route demands.`;
  }

  isMet({ claims }: ValidatedToken): boolean {
    return atOnce(this.accepts(readPath(claims, this.path), claims), '@RequireClaim') === true;
  }
}

function toPredicate(expected: readonly [ClaimPredicate] | readonly Primitive[]): ClaimPredicate {
  const [first] = expected;
  if (first === undefined) return (value) => value !== undefined && value !== null;
  if (typeof first === 'function') return first;
  const values = new Set<unknown>(expected);
  return (value) => (Array.isArray(value) ? value.some((item) => values.has(item)) : values.has(value));
}
