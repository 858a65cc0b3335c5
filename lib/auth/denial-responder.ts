import { HttpException, Inject, Injectable, Optional } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { buildChallenge, retryAfterSeconds } from '../errors/challenge.js';
import { IdentityError, refuse } from '../errors/identity-error.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/resolved-options.js';
import { errorResponseFor, type ErrorResponse } from '../transports/error-response.js';
import { toHttpException } from '../transports/http-exceptions.js';
import type { AuthAttempt } from './auth-attempt.js';
import type { Denial } from './auth-outcome.js';
import { Authorizer } from './authorizer.js';

/** Turns a denial into what the caller is answered: an exception, and over HTTP its headers. */
@Injectable()
export class DenialResponder {
  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    @Inject(Authorizer) private readonly authorizer: Authorizer,
    /** Missing only beside a second copy of `@nestjs/core`: HostApplication says so. */
    @Optional() @Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost,
  ) {}

  /** The exception for the caller; the headers that belong to it are set on the way. */
  async respond(denial: Denial, attempt: AuthAttempt): Promise<unknown> {
    const { error, cause, validated } = denial;
    const response = errorResponseFor(error, cause);
    if (response !== undefined) this.authorizer.countDenial(validated, response.code);
    if (attempt.transport.toException !== undefined) return this.toException(error, response, attempt);
    const reason = error instanceof IdentityError ? error : (cause ?? unauthorizedReason(error));
    if (reason === undefined) return error;
    this.setHeaders(reason, denial, attempt);
    return error instanceof IdentityError ? toHttpException(error) : error;
  }

  /** An error of the application's own wiring stays what it is: the caller learns nothing of it. */
  private async toException(
    error: unknown,
    response: ErrorResponse | undefined,
    { context, transport }: AuthAttempt,
  ): Promise<unknown> {
    if (response === undefined) return error;
    if (response.status === 500) return error instanceof IdentityError ? toHttpException(error) : error;
    if (response.code === 'token_expired' && this.options.transports.closeExpired) {
      const connection = transport.connectionOf(context);
      // First the filters of the application tell the client.
      if (connection !== undefined) setImmediate(() => connection.close(response));
    }
    return transport.toException?.(response, context);
  }

  private setHeaders(reason: IdentityError, { challenge }: Denial, { context }: AuthAttempt): void {
    const { httpAdapter } = this.adapterHost;
    const response: unknown = context.switchToHttp().getResponse();
    const { realm, resourceMetadataUrl } = this.options;
    const value = buildChallenge(reason, { realm, resourceMetadataUrl, parameters: challenge });
    if (value !== undefined) httpAdapter.appendHeader(response, 'WWW-Authenticate', value);
    if (reason.kind === 'unavailable') {
      httpAdapter.setHeader(response, 'Retry-After', retryAfterSeconds(reason));
    }
  }
}

/** A 401 of the application's own making has a challenge like every other (RFC 9110 section 15.5.2). */
function unauthorizedReason(error: unknown): IdentityError | undefined {
  const isUnauthorized = error instanceof HttpException && error.getStatus() === 401;
  return isUnauthorized ? refuse('check_refused') : undefined;
}
