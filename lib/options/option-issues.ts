import { inspect } from 'node:util';
import { IdentityError } from '../errors/identity-error.js';

/** What is wrong with one option. */
export interface OptionIssue {
  /** From the group that is read: `ttlMs`, `tls.ca`; absent for the group itself. */
  readonly path?: string;
  readonly message: string;
}

/** The same issues as the group above names them: `ttlMs` of the group `jwks` is `jwks.ttlMs`. */
export function issuesBelow(name: string, issues: readonly OptionIssue[]): readonly OptionIssue[] {
  return issues.map(({ path, message }) => ({
    path: path === undefined ? name : `${name}.${path}`,
    message,
  }));
}

/**
 * One start shows all that is wrong: nobody should have to start an application once for each mistake.
 *
 * @throws {IdentityError} `options_invalid`, if there are issues.
 */
export function throwIfAny(issues: readonly OptionIssue[]): void {
  if (issues.length === 0) return;
  const lines = issues.map(({ path, message }) => `\n  - ${path ?? 'options'}: ${message}`);
  throw new IdentityError('options_invalid', `The options of IdentityModule are wrong:${lines.join('')}`);
}

export function expected(what: string, given: unknown): string {
  return `expected ${what}, got ${show(given)}`;
}

/** A value in a message. Strings are not shown in full: an option may hold a secret. */
function show(value: unknown): string {
  if (typeof value === 'string') return value === '' ? "''" : inspect(value.slice(0, 60));
  return inspect(value, { depth: 0, breakLength: Infinity }).slice(0, 60);
}
