import { IdentityError } from '../../lib/errors/identity-error.js';

/** The code that a call refuses with, undefined where it goes through; any other error is a fault of ours. */
export function codeOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof IdentityError) return error.code;
    throw error;
  }
}
