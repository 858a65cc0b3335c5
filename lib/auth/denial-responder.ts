import { HttpException, Inject, Injectable, Optional } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { retryAfterSeconds } from '../errors/challenge.js';
import { IdentityError, refuse } from '../errors/identity-error.js';
import type { Credentials } from '../model/credentials.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/resolved-options.js';
import { errorResponseFor, type ErrorResponse } from '../transports/error-response.js';
import { toHttpException } from '../transports/http-exceptions.js';
import type { AuthAttempt } from './auth-attempt.js';
import type { Denial } from './auth-outcome.js';
import { Authorizer } from './authorizer.js';
import { Challenges, nonceFields } from './challenges.js';

/** Turns a denial into what the caller is answered: an exception, and over HTTP its headers. */
@Injectable()
export class DenialResponder {
  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    @Inject(Authorizer) private readonly authorizer: Authorizer,
    @Inject(Challenges) private readonly challenges: Challenges,
    /** Missing only beside a second copy of `@nestjs/core`: HostApplication says so. */
    @Optional() @Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost,
  ) {}

  /** The exception for the caller; the headers that belong to it are set on the way. */
  async respond(denial: Denial, attempt: AuthAttempt): Promise<unknown> {
    const { error, validated } = denial;
    const { context, transport } = attempt;
    const response = errorResponseFor(error, denial);
    if (response !== undefined) this.authorizer.countDenial(validated, response.code);
    if (denial.scheme === 'DPoP') this.setNonce(this.challenges.nonce, attempt);
    if (transport.toException === undefined) return this.toHttp(denial, attempt);
    // An error of the application's own wiring stays what it is: the caller learns nothing of it.
    if (response === undefined || response.status === 500) return ownOrHttp(error);
    if (response.code === 'token_expired') this.closeExpired(response, attempt);
    return transport.toException(response, context);
  }

  private toHttp(denial: Denial, attempt: AuthAttempt): unknown {
    const { error, cause } = denial;
    const reason = error instanceof IdentityError ? error : (cause ?? unauthorizedReason(error));
    if (reason !== undefined) this.setHeaders(reason, denial, attempt);
    return ownOrHttp(error);
  }

  private closeExpired(response: ErrorResponse, { context, transport }: AuthAttempt): void {
    if (!this.options.transports.closeExpired) return;
    const connection = transport.connectionOf(context);
    // First the filters of the application tell the client.
    if (connection !== undefined) setImmediate(() => connection.close(response));
  }

  /** A request was let in: its client is told in time that the nonce of its proofs ends (RFC 9449 section 8.2). */
  offerNonce(attempt: AuthAttempt, credentials: Credentials): void {
    this.setNonce(this.challenges.freshNonceFor(credentials), attempt);
  }

  private setNonce(nonce: string | undefined, { context, transport }: AuthAttempt): void {
    if (nonce === undefined) return;
    const response = transport.responseOf(context);
    if (response === undefined) return;
    for (const [name, value] of nonceFields(nonce))
      this.adapterHost.httpAdapter.setHeader(response, name, value);
  }

  private setHeaders(reason: IdentityError, denial: Denial, { context, plan }: AuthAttempt): void {
    const { httpAdapter } = this.adapterHost;
    const response: unknown = context.switchToHttp().getResponse();
    const enforced = this.authorizer.enforcedOf(plan);
    const challenges = this.challenges.of(reason, denial, { plan, enforced });
    addFields(httpAdapter, response, challenges);
    if (reason.kind === 'unavailable') {
      httpAdapter.setHeader(response, 'Retry-After', retryAfterSeconds(reason));
    }
  }
}

/**
 * Behind those that the application has set. Not `appendHeader`: on Fastify that of NestJS 11 leaves the last one only. The types
 * of `setHeader` know no lists, which both frameworks send as one field each.
 */
function addFields(
  adapter: HttpAdapterHost['httpAdapter'],
  response: unknown,
  challenges: readonly string[],
): void {
  const before: unknown = adapter.getHeader(response, CHALLENGE_FIELD);
  const all: unknown[] = [before ?? [], challenges].flat();
  if (challenges.length > 0)
    adapter.setHeader(response, CHALLENGE_FIELD, (all.length === 1 ? all[0] : all) as string);
}

const CHALLENGE_FIELD = 'WWW-Authenticate';

/** A 401 of the application's own making has a challenge like every other (RFC 9110 section 15.5.2). */
function unauthorizedReason(error: unknown): IdentityError | undefined {
  const isUnauthorized = error instanceof HttpException && error.getStatus() === 401;
  return isUnauthorized ? refuse('check_refused') : undefined;
}

/** Nest's exception for an error of ours; what the application threw stays what it is. */
function ownOrHttp(error: unknown): unknown {
  return error instanceof IdentityError ? toHttpException(error) : error;
}
