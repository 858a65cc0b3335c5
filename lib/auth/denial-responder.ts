import { HttpException, type ExecutionContext } from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import { answerFor, type Answer } from '../transports/error-response.js';
import { toHttpException } from '../transports/http-exceptions.js';
import { transportOf } from '../transports/transport-of.js';
import { buildChallenge, retryAfterSeconds } from '../errors/challenge.js';
import { IdentityError, refuse } from '../errors/identity-error.js';
import type { GuardPass } from './auth-attempt.js';
import type { IdentityStrategy } from './identity.strategy.js';
import { WiringFaults } from './misconfiguration-log.js';

/** What a guard says where it lets nobody in: to the caller, to those who count, and to the log. */
export class GuardAnswers {
  private readonly wiringFaults = new WiringFaults();

  constructor(
    private readonly strategy: IdentityStrategy,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  /** The exception for the caller; the headers that belong to it are set on the way. */
  async toCaller(error: unknown, pass: GuardPass): Promise<unknown> {
    const answer = answerFor(error, pass.fault);
    if (answer !== undefined) this.strategy.recordDenial(pass, answer.code);
    const fault = error instanceof IdentityError ? error : pass.fault;
    this.wiringFaults.tell(fault, pass);
    if (pass.transport.name !== 'http') return this.elsewhere(error, answer, pass.context);
    const told = fault ?? faultOf(error);
    if (told === undefined) return error;
    this.setHeaders(told, pass);
    return error instanceof IdentityError ? toHttpException(error) : error;
  }

  /** A fault of the application's own wiring stays what it is: the caller is told nothing. */
  private async elsewhere(
    error: unknown,
    answer: Answer | undefined,
    context: ExecutionContext,
  ): Promise<unknown> {
    if (answer === undefined) return error;
    if (answer.status === 500) return error instanceof IdentityError ? toHttpException(error) : error;
    this.closeExpired(answer, context);
    return transportOf(context).toException(answer, context);
  }

  private closeExpired(answer: Answer, context: ExecutionContext): void {
    if (answer.code !== 'token_expired' || !this.strategy.options.transports.closeExpired) return;
    const connection = transportOf(context).connectionOf(context);
    // First the filters of the application tell the client.
    if (connection !== undefined) setImmediate(() => connection.close(answer));
  }

  private setHeaders(fault: IdentityError, pass: GuardPass): void {
    const { httpAdapter } = this.adapterHost;
    const response: unknown = pass.context.switchToHttp().getResponse();
    const { realm, resourceMetadataUrl } = this.strategy.options;
    const challenge = buildChallenge(fault, { realm, resourceMetadataUrl, scopes: pass.shortfall?.scopes });
    if (challenge !== undefined) httpAdapter.appendHeader(response, 'WWW-Authenticate', challenge);
    if (fault.kind === 'unavailable')
      httpAdapter.setHeader(response, 'Retry-After', retryAfterSeconds(fault));
  }
}

/** A 401 of the application's own making: it has a challenge like every other (RFC 9110 section 15.5.2). */
function faultOf(error: unknown): IdentityError | undefined {
  const isUnauthorized = error instanceof HttpException && error.getStatus() === 401;
  return isUnauthorized ? refuse('check_refused') : undefined;
}
