import { HttpException, Inject, Injectable, Optional } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { buildChallenge, retryAfterSeconds, type ChallengeParameters } from '../errors/challenge.js';
import { IdentityError, refuse } from '../errors/identity-error.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/resolved-options.js';
import type { ResolvedResource } from '../options/resource-options.js';
import type { Requirement } from '../requirements/requirement.js';
import { scopeParameter } from '../requirements/scopes.js';
import { Resources } from '../resources/resources.js';
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
    @Inject(Resources) private readonly resources: Resources,
    /** Missing only beside a second copy of `@nestjs/core`: HostApplication says so. */
    @Optional() @Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost,
  ) {}

  /** The exception for the caller; the headers that belong to it are set on the way. */
  async respond(denial: Denial, attempt: AuthAttempt): Promise<unknown> {
    const { error, validated } = denial;
    const { context, transport } = attempt;
    const response = errorResponseFor(error, denial);
    if (response !== undefined) this.authorizer.countDenial(validated, response.code);
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

  private setHeaders(reason: IdentityError, { challenge }: Denial, { context, plan }: AuthAttempt): void {
    const { httpAdapter } = this.adapterHost;
    const response: unknown = context.switchToHttp().getResponse();
    const resource = this.resources.of(plan.resource);
    const value = buildChallenge(reason, {
      realm: this.options.realm,
      resourceMetadataUrl: resource?.metadataUrl,
      parameters:
        reason.code === 'token_missing' ? scopesFor(this.authorizer.enforcedOf(plan), resource) : challenge,
    });
    if (value !== undefined) httpAdapter.appendHeader(response, 'WWW-Authenticate', value);
    if (reason.kind === 'unavailable') {
      httpAdapter.setHeader(response, 'Retry-After', retryAfterSeconds(reason));
    }
  }
}

/**
 * What a client without a token should ask for (RFC 6750 section 3): the scopes of the route, else those of its resource. Not
 * those that are only reported: a provider that does not grant them yet would refuse the whole request (RFC 6749 section 4.1.2.1
 * `invalid_scope`).
 */
function scopesFor(
  enforced: readonly Requirement[],
  resource: ResolvedResource | undefined,
): ChallengeParameters {
  const ofRoute = enforced.flatMap(({ scopes }) => scopes ?? []);
  return scopeParameter(ofRoute.length > 0 ? ofRoute : (resource?.scopes ?? []));
}

/** A 401 of the application's own making has a challenge like every other (RFC 9110 section 15.5.2). */
function unauthorizedReason(error: unknown): IdentityError | undefined {
  const isUnauthorized = error instanceof HttpException && error.getStatus() === 401;
  return isUnauthorized ? refuse('check_refused') : undefined;
}

/** Nest's exception for an error of ours; what the application threw stays what it is. */
function ownOrHttp(error: unknown): unknown {
  return error instanceof IdentityError ? toHttpException(error) : error;
}
