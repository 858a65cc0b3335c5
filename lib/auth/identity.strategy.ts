import { Inject, Injectable, type ExecutionContext } from '@nestjs/common';
import { Strategy } from 'passport-jwt';
import { CLOCK, type Clock } from '../cache/clock.js';
import { decisionInCall } from '../transports/decisions.js';
import { toHttpException } from '../transports/http-exceptions.js';
import type { TokenReading } from '../transports/transport.js';
import { findShortfall, type Shortfall } from '../requirements/find-unmet-requirement.js';
import type { ErrorCode } from '../errors/error-codes.js';
import { IdentityError, refuse } from '../errors/identity-error.js';
import { EventReporter } from '../events/event-reporter.js';
import { reasonOf } from '../events/reason.js';
import type { ValidatedToken } from '../model/token.js';
import { IssuerRegistry } from '../issuers/issuer-registry.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/resolved-options.js';
import { MetricsRecorder } from '../metrics/metrics-recorder.js';
import { toCheckError } from '../validation/run-hooks.js';
import { TokenValidationService } from '../validation/token-validation.service.js';
import { isWithoutToken } from '../metrics/denials.js';
import { describeWithoutClaims, isRefusal } from './describe-error.js';
import { isOwnRequest, readPass, type GuardPass } from './auth-attempt.js';
import { SocketExpiry } from '../transports/connection-expiry.js';
import { SharedPasses, type SharedFindings } from './single-flight.js';
import { tokenReader } from './token-reader.js';
import { TurnQueue } from './verification-batcher.js';

/**
 * passport-jwt's strategy over this module's validation. It is not registered with passport, whose
 * registry is one for the whole process: the guard hands it over by reference.
 *
 * A refused token goes to `fail`, everything else that keeps a request out to `error`: so
 * `handleRequest` in the form of Nest's documentation keeps every answer apart.
 */
@Injectable()
export class IdentityStrategy extends Strategy {
  override readonly name = 'identity';
  private readonly reading: TokenReading;
  private readonly turns = new TurnQueue();
  private readonly shared = new SharedPasses();
  /** @internal */
  readonly expiry: SocketExpiry;

  constructor(
    /** @internal */
    @Inject(RESOLVED_OPTIONS) readonly options: ResolvedOptions,
    @Inject(TokenValidationService) private readonly validation: TokenValidationService,
    @Inject(EventReporter) private readonly reporter: EventReporter,
    @Inject(IssuerRegistry) private readonly directory: IssuerRegistry,
    @Inject(CLOCK) clock: Clock,
    @Inject(MetricsRecorder) private readonly measurements: MetricsRecorder,
  ) {
    super(
      {
        jwtFromRequest: () => null,
        // Never asked: authenticate() below decides. It fails closed if it ever is.
        secretOrKeyProvider: (_request, _token, done) => done(new Error('not used')),
      },
      () => undefined,
    );
    this.expiry = new SocketExpiry(clock, options.clockToleranceMs);
    this.reading = {
      fromRequest: tokenReader(options.jwtFromRequest),
      tokenFromUrl: options.transports.tokenFromUrl,
      tokenFromPayload: options.transports.tokenFromPayload,
      tokenFromCookie: options.transports.tokenFromCookie,
    };
  }

  /** Passport's entry: ends in exactly one of `success`, `fail` and `error`. */
  override authenticate(request: object, options?: object): void {
    const pass = readPass(options);
    if (pass === undefined) {
      this.error(new IdentityError('guard_missing', 'IdentityStrategy works behind IdentityAuthGuard only'));
      return;
    }
    this.decide(request, pass).then(
      (user) => this.success(user as object),
      (error: unknown) => this.settle(error, pass),
    );
  }

  /**
   * The token that came with what a guard looks at; undefined where none did.
   *
   * @param request - what `getRequest` of the guard returns: an override may have put another one in the place of ours.
   * @throws {IdentityError} `authorization_malformed`, `token_malformed`, `check_failed`, `transport_unsupported`.
   * @internal
   */
  readToken(pass: GuardPass, request: object): string | undefined {
    if (!isOwnRequest(pass, request)) return this.reading.fromRequest(request);
    return pass.transport.readToken(pass.context, pass.carrier, this.reading);
  }

  /**
   * Validates the token that a socket was opened with, outside of any guard; undefined where there is none.
   *
   * @throws {IdentityError} as `validate`, and what reading it throws.
   * @internal
   */
  async validateHandshake(
    read: (reading: TokenReading) => string | undefined,
  ): Promise<ValidatedToken | undefined> {
    const token = read(this.reading);
    return token === undefined ? undefined : this.validation.validate(token);
  }

  /** Whether `authenticate` is this class's own: then `decide` says all that it would. @internal */
  get isPlain(): boolean {
    return this.authenticate === AUTHENTICATE;
  }

  /**
   * All checks in order, the route's own included; what comes out becomes `request.user`.
   *
   * The validation of a token may serve several passes. What a handler demands, and the user, are of each call.
   *
   * @internal
   */
  async decide(request: object, pass: GuardPass): Promise<unknown> {
    pass.request = request;
    const token = this.readToken(pass, request);
    if (token === undefined) throw refuse('token_missing');
    if (pass.transport.name === 'graphql') return this.decideTogether(token, pass);
    const known = decisionInCall(pass.carrier, { call: pass.context, by: this.options, token });
    const validated = known?.validated ?? (await this.validate(token, pass.carrier));
    this.demand(pass, validated);
    if (this.options.mapUser === undefined) pass.user = validated.claims;
    else pass.user = known === undefined ? await this.mapUser(validated, pass.context) : known.user;
    pass.validated = validated;
    return pass.user;
  }

  /** The fields of one GraphQL operation ask all at once. */
  private async decideTogether(token: string, pass: GuardPass): Promise<unknown> {
    const { carrier, transport, context } = pass;
    const shared = this.shared.of(carrier, token, transport.isLongLived(carrier), () =>
      // A promise also of what throws at once.
      Promise.resolve().then(() => this.validate(token, carrier)),
    );
    const validated = await shared.validating;
    this.demand(pass, validated);
    const known = decisionInCall(carrier, { call: context, by: this.options, token });
    pass.user = known === undefined ? await this.mapForField(shared, validated, context) : known.user;
    pass.validated = validated;
    return pass.user;
  }

  /** A `mapUser` that takes the context may decide by the field and its arguments: it is asked about each of them. */
  private mapForField(
    shared: SharedFindings,
    validated: ValidatedToken,
    context: ExecutionContext,
  ): Promise<unknown> {
    if (this.options.mapUser?.length !== 1) return this.mapUser(validated, context);
    return (shared.mapping ??= this.mapUser(validated, undefined));
  }

  private validate(token: string, carrier: object): Promise<ValidatedToken> {
    return this.turns.run(
      () => this.validation.validate(token),
      () => isGone(carrier),
    );
  }

  /**
   * Holds a token against the demands of the route.
   *
   * @throws {IdentityError} `scope_missing`, `role_missing`, `claim_not_met`, `issuer_not_met`; `metadata_unavailable`.
   * @internal
   */
  demand(pass: GuardPass, validated: ValidatedToken): void {
    pass.judged = validated;
    const shortfall = this.findShortfall(pass, validated);
    if (shortfall === undefined) return;
    pass.shortfall = shortfall;
    const { error } = shortfall;
    this.reporter.reportIfObserved(() => ({
      type: 'access.denied',
      code: error.code,
      reason: reasonOf(error),
      issuer: validated.issuer,
    }));
    throw shortfall.error;
  }

  /**
   * Counts a refusal, unless a validation has done so.
   *
   * @internal
   */
  recordDenial({ judged }: GuardPass, code: ErrorCode): void {
    if (judged !== undefined || isWithoutToken(code)) this.measurements.recordDenial(judged?.issuer, code);
  }

  /** A predicate of the application that breaks says nothing about the token: it is no 403, and no bare 500. */
  private findShortfall(pass: GuardPass, validated: ValidatedToken): Shortfall | undefined {
    try {
      return findShortfall(validated, pass.plan.requirements, {
        scopeClaim: this.options.scopeClaim,
        rolesClaimOf: (issuer) => this.directory.rolesClaimOf(issuer),
      });
    } catch (error) {
      pass.hasBrokenRequirement = true;
      throw toCheckError(error, 'function of a requirement');
    }
  }

  /** @param context - undefined for a function that takes none, and whose answer is shared by the fields of an operation. */
  private async mapUser(validated: ValidatedToken, context: ExecutionContext | undefined): Promise<unknown> {
    const { mapUser } = this.options;
    if (mapUser === undefined) return validated.claims;
    let user: unknown;
    try {
      user = await (mapUser as (...args: unknown[]) => unknown)(validated, context);
    } catch (error) {
      const fault = toCheckError(error, '"mapUser"');
      this.reportUser(validated, fault);
      throw fault;
    }
    // Passport takes every falsy user for none.
    if (user !== undefined && user !== null && user !== false) return user;
    this.reportUser(validated, undefined);
    throw refuse('user_refused');
  }

  /** An answer of the application's own below 500 is a refusal like null; all else is a function that broke. */
  private reportUser(validated: ValidatedToken, fault: unknown): void {
    const { issuer } = validated;
    const reason = (): string => describeWithoutClaims(fault, validated);
    if (isRefusal(fault)) {
      this.reporter.reportUser('user.refused', () => ({
        type: 'user.refused',
        issuer,
        reason: reason(),
      }));
    } else {
      this.reporter.reportUser('user.failed', () => ({ type: 'user.failed', issuer, reason: reason() }));
    }
  }

  private settle(error: unknown, pass: GuardPass): void {
    if (!(error instanceof IdentityError)) {
      this.error(error as Error);
      return;
    }
    pass.fault = error;
    if (error.status === 401) this.fail(error, error.status);
    else this.error(toHttpException(error));
  }
}

const AUTHENTICATE: unknown = Reflect.get(IdentityStrategy.prototype, 'authenticate');

/** Whether the connection of a request is closed: Express's request has it, as Fastify's has. */
function isGone(request: object): boolean {
  const { socket } = request as { readonly socket?: { readonly destroyed?: boolean } };
  return socket?.destroyed === true;
}
