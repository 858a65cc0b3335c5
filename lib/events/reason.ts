import { HttpException } from '@nestjs/common';
import { ERROR_CODES } from '../errors/error-codes.js';
import { IdentityError } from '../errors/identity-error.js';
import { clipped } from '../model/printable.js';

const MAX_LENGTH = 500;
/** Errors whose message is the application's: it may have put values of the token into them. */
const ofApplication = new WeakSet<IdentityError>();

/** Remembers that an error was made by the application, in a hook of its own. */
export function markAsApplications(error: IdentityError): void {
  ofApplication.add(error);
}

/** Why a token was rejected or access was denied, in words that may be logged. */
export function reasonOf(error: unknown): string {
  if (error instanceof IdentityError) {
    const words = ofApplication.has(error) ? ERROR_CODES[error.code].meaning : error.message;
    // The texts of refusals under a flood are made once for each issuer; the time is each one's own.
    const next = error.code === 'keys_busy' && error.retryAfterMs !== undefined;
    return clipped(next ? `${words} Next try in ${String(error.retryAfterMs)} ms.` : words, MAX_LENGTH);
  }
  if (!(error instanceof HttpException))
    return 'An own check threw what is no IdentityError and no HttpException.';
  return `An own check threw an HttpException with the status ${String(error.getStatus())}.`;
}
