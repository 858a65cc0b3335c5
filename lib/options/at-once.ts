import { IdentityError } from '../errors/identity-error.js';
import { isThenable } from '../model/thenable.js';

/** A function of the application is async that must not be. */
export class AnsweredLater extends IdentityError {
  constructor(what: string) {
    super(
      'check_failed',
      `The function of ${what} answered with a promise; it must answer at once, not be async.`,
    );
  }
}

/**
 * The answer of a function of the application that must answer at once. An async one in its place would
 * never be waited for, and its rejection, which nobody handles, would end the process.
 *
 * @param what - the option or decorator that the function belongs to, in quotes where it is an option.
 * @throws {IdentityError} `check_failed`.
 */
export function atOnce<T>(answer: T, what: string): T {
  if (!isThenable(answer)) return answer;
  answer.then(undefined, () => undefined);
  throw new AnsweredLater(what);
}
