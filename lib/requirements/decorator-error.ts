import { IdentityError } from '../errors/identity-error.js';

/** @returns `options_invalid`. */
export function decoratorError(decorator: string, issue: string): IdentityError {
  return new IdentityError('options_invalid', `@${decorator} ${issue}`);
}
