import { CacheMissError } from '../cache/value-source.js';
import type { ErrorCode } from '../errors/error-codes.js';
import { describeError, IdentityError } from '../errors/identity-error.js';

/** What a look-up that found nothing to serve means to the caller: try again later, and when. */
export function toUnavailable(code: ErrorCode, issuer: string, error: unknown): IdentityError {
  const cause = error instanceof CacheMissError ? (error.cause ?? error) : error;
  const retryAfterMs = error instanceof CacheMissError ? error.retryAfterMs : undefined;
  const what = `Nothing could be fetched from ${issuer}: `;
  const why = describeError(cause);
  // Keys that cannot be had because the metadata is missing: the cause says so already.
  return new IdentityError(code, why.startsWith(what) ? why : what + why, { cause, retryAfterMs });
}
