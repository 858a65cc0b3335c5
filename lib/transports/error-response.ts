import { HttpException } from '@nestjs/common';
import { retryAfterSeconds } from '../errors/challenge.js';
import type { ErrorCode } from '../errors/error-codes.js';
import { IdentityError } from '../errors/identity-error.js';

/**
 * What a caller outside of HTTP receives: the stable code, the HTTP status that stands for it, and that status
 * in words. Constants only: nothing of the token, nothing that came with the request.
 */
export interface ErrorResponse {
  readonly status: number;
  readonly code: ErrorCode;
  readonly message: string;
  /** Seconds; only if another attempt makes sense. */
  readonly retryAfterSec?: number;
}

const MESSAGES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  503: 'Service Unavailable',
};

export function toErrorResponse(error: IdentityError): ErrorResponse {
  return {
    status: error.status,
    code: error.code,
    message: MESSAGES[error.status] ?? 'Internal Server Error',
    ...(error.kind === 'unavailable' && { retryAfterSec: Number(retryAfterSeconds(error)) }),
  };
}

/**
 * The answer for what ended a pass of the guard; undefined for what is none of ours, and stays as it is.
 *
 * @param cause - why the guard denied access; the application may have made an exception of its own from it.
 */
export function errorResponseFor(
  error: unknown,
  cause: IdentityError | undefined,
): ErrorResponse | undefined {
  if (error instanceof IdentityError) return toErrorResponse(error);
  if (!(error instanceof HttpException)) return undefined;
  const status = error.getStatus();
  if (cause?.status === status) return toErrorResponse(cause);
  return {
    status,
    code: status >= 500 ? 'check_failed' : 'check_refused',
    message: MESSAGES[status] ?? (status >= 500 ? 'Service Unavailable' : 'Forbidden'),
  };
}
