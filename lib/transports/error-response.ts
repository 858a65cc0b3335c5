import { HttpException } from '@nestjs/common';
import { retryAfterSeconds, type ChallengeParameters } from '../errors/challenge.js';
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
  /** RFC 9470 section 3 `acr_values`: of which authentication context the user must log in, the preferred one first. */
  readonly acrValues?: readonly string[];
  /** RFC 9470 section 3 `max_age`: how many seconds ago the user may have logged in. */
  readonly maxAge?: number;
  /** RFC 9449 section 9: the nonce that the next proof must have. */
  readonly dpopNonce?: string;
  /** The claims request of Entra ID's claims challenge, in base64. */
  readonly claims?: string;
}

const MESSAGES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  503: 'Service Unavailable',
};

/** @param challenge - what the unmet requirement of the route adds. */
export function toErrorResponse(error: IdentityError, challenge?: ChallengeParameters): ErrorResponse {
  return {
    status: error.status,
    code: error.code,
    message: MESSAGES[error.status] ?? 'Internal Server Error',
    ...(error.kind === 'unavailable' && { retryAfterSec: Number(retryAfterSeconds(error)) }),
    ...(error.code === 'authentication_insufficient' && stepUpOf(challenge)),
    ...(error.dpopNonce !== undefined && { dpopNonce: error.dpopNonce }),
  };
}

/** Outside of HTTP there is no challenge: what a client needs for another login stands beside the code. */
function stepUpOf({ acr_values, max_age, claims }: ChallengeParameters = {}): Partial<ErrorResponse> {
  return {
    ...(acr_values !== undefined && { acrValues: acr_values.split(' ') }),
    ...(max_age !== undefined && { maxAge: Number(max_age) }),
    ...(claims !== undefined && { claims }),
  };
}

interface Reasons {
  /** Why the guard denied access, if the application has made an exception of its own from it. */
  readonly cause?: IdentityError | undefined;
  /** What the unmet requirement of the route adds. */
  readonly challenge?: ChallengeParameters | undefined;
}

/** The answer for what ended a pass of the guard; undefined for what is none of ours, and stays as it is. */
export function errorResponseFor(
  error: unknown,
  { cause, challenge }: Reasons = {},
): ErrorResponse | undefined {
  if (error instanceof IdentityError) return toErrorResponse(error, challenge);
  if (!(error instanceof HttpException)) return undefined;
  const status = error.getStatus();
  if (cause?.status === status) return toErrorResponse(cause, challenge);
  return {
    status,
    code: status >= 500 ? 'check_failed' : 'check_refused',
    message: MESSAGES[status] ?? (status >= 500 ? 'Service Unavailable' : 'Forbidden'),
  };
}
