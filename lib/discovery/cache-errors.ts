import { CacheMissError } from '../cache/refreshing-cache.js';
import type { ErrorCode } from '../errors/error-codes.js';
import { describeError, IdentityError } from '../errors/identity-error.js';

/** What a look-up that found nothing to serve means to the caller: try again later, and when. */
export function toUnavailable(code: ErrorCode, issuer: string, error: unknown): IdentityError {
  const cause = error instanceof CacheMissError ? (error.cause ?? error) : error;
  const retryAfterMs = error instanceof CacheMissError ? error.retryAfterMs : undefined;
  return new IdentityError(code, `Nothing to be had from ${issuer}: ${describeError(cause)}`, {
    cause,
    retryAfterMs,
  });
}
