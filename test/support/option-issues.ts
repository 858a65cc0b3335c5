import type { IdentityError } from '../../lib/errors/identity-error.js';
import { resolveOptions } from '../../lib/options/resolve-options.js';

/** What is wrong with options, a line for each; none if they are right. */
export function optionIssues(options: object): string[] {
  try {
    resolveOptions(options, {});
    return [];
  } catch (error) {
    return (error as IdentityError).message.split('\n  - ').slice(1);
  }
}
