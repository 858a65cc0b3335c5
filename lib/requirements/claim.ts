import { readPath } from '../model/json.js';
import { quoted } from '../model/printable.js';
import type { ValidatedToken } from '../model/token.js';
import { atOnce } from '../options/at-once.js';
import { decoratorError } from './decorator-error.js';
import { requirementDecorator, type AccessDecorator } from './requirement-decorator.js';
import { readArguments, type RequirementOptions } from './requirement-options.js';
import type { Requirement } from './requirement.js';

type Primitive = string | number | boolean;
type Expected = readonly [ClaimPredicate] | readonly Primitive[];
type ExpectedAndOptions =
  readonly [ClaimPredicate, RequirementOptions] | readonly [...Primitive[], RequirementOptions];
/** Decides over the value of a claim; undefined if the token has none. */
export type ClaimPredicate = (value: unknown, claims: ValidatedToken['claims']) => boolean;

/**
 * Requires a claim: with values, that it is one of them, or a list that holds one of them; with a function, that it returns
 * `true`; alone, that it is there and not null. Otherwise 403 `claim_not_met`.
 *
 * @param claim - a name, or a path such as `['realm_access', 'roles']`.
 * @param expected - values or a function; behind them, options: `{ mode: 'report' }` lets tokens without it in, and reports it.
 * @throws {IdentityError} `options_invalid`, for no claim, and for a value that is undefined or an object.
 * @example
 * `@RequireClaim('tenant', 'acme')` or `@RequireClaim('age', (value) => typeof value === 'number' && value >= 18)`
 */
export function RequireClaim(
  claim: string | readonly string[],
  ...expected: Expected | ExpectedAndOptions
): AccessDecorator {
  const { values, mode } = readArguments<ClaimPredicate | Primitive>('RequireClaim', expected);
  const path = typeof claim === 'string' ? [claim] : [...claim];
  if (path.length === 0 || path.some((step) => typeof step !== 'string' || step === '')) {
    throw decoratorError('RequireClaim', 'expects the name of a claim or a path of names');
  }
  if (values.some((value) => value === undefined)) {
    throw decoratorError(
      'RequireClaim',
      'was given undefined for a value; leave it out to require any value',
    );
  }
  if (values.some((value) => typeof value === 'object')) {
    throw decoratorError('RequireClaim', 'expects strings, numbers or booleans as values, and options last');
  }
  return requirementDecorator(
    'RequireClaim',
    new ClaimRequirement(path, toPredicate(values as Expected)),
    mode,
  );
}

export class ClaimRequirement implements Requirement {
  readonly code = 'claim_not_met';

  constructor(
    readonly path: readonly string[],
    readonly accepts: ClaimPredicate,
  ) {}

  get demand(): string {
    return `The claim ${quoted(this.path.join('.'))} is not what @RequireClaim of the route requires.`;
  }

  isMet({ claims }: ValidatedToken): boolean {
    return atOnce(this.accepts(readPath(claims, this.path), claims), '@RequireClaim') === true;
  }
}

function toPredicate(expected: Expected): ClaimPredicate {
  const [first] = expected;
  if (first === undefined) return (value) => value !== undefined && value !== null;
  if (typeof first === 'function') return first;
  const values = new Set<unknown>(expected);
  return (value) => (Array.isArray(value) ? value.some((item) => values.has(item)) : values.has(value));
}
