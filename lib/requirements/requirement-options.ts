import { isJsonObject } from '../model/json.js';
import { decoratorError } from './decorator-error.js';

/**
 * `enforce` denies access to a token that does not meet a requirement. `report` lets it in, and counts and reports what would
 * have been denied.
 */
export type RequirementMode = 'enforce' | 'report';

/** Options of a requirement: they stand last among the arguments of its decorator. */
export interface RequirementOptions {
  /** @default what the option `requirementMode` of the module says */
  readonly mode?: RequirementMode | undefined;
}

/** One value or more, and options behind them. */
export type OneOrMore<Value> =
  readonly [Value, ...Value[]] | readonly [Value, ...Value[], RequirementOptions];

/** The arguments of a decorator without the options behind them, and the mode that these name. */
export interface Arguments<Value> {
  readonly values: readonly Value[];
  readonly mode: RequirementMode | undefined;
}

/** @throws {IdentityError} `options_invalid`, for options that are none: a misspelt mode must not pass for another. */
export function readArguments<Value>(
  decorator: string,
  given: readonly (Value | RequirementOptions)[],
): Arguments<Value> {
  const last = given.at(-1);
  if (!isJsonObject(last)) return { values: given as readonly Value[], mode: undefined };
  return { values: given.slice(0, -1) as readonly Value[], mode: modeOf(decorator, last) };
}

/** @throws {IdentityError} `options_invalid`. */
export function modeOf(decorator: string, options: unknown): RequirementMode | undefined {
  if (options === undefined) return undefined;
  if (isJsonObject(options) && Object.keys(options).every((name) => name === 'mode')) {
    const { mode } = options;
    if (mode === undefined || mode === 'enforce' || mode === 'report') return mode;
  }
  throw decoratorError(decorator, "expects { mode: 'report' } or { mode: 'enforce' } as its options");
}
