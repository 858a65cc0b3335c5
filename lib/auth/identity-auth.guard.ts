import {
  Inject,
  Injectable,
  UnauthorizedException,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { IdentityError } from '../errors/identity-error.js';
import type { ValidatedToken } from '../model/token.js';
import { ConnectionExpiry } from '../transports/connection-expiry.js';
import { hasDecided, recordDecision, type Decision } from '../transports/decisions.js';
import { toHttpException } from '../transports/http-exceptions.js';
import type { Transport } from '../transports/transport.js';
import { isKnownCall, requestOf, transportOf } from '../transports/transport-of.js';
import { AccessPlans } from './access-plans.js';
import { assertInjected } from './assert-injected.js';
import { isOwnRequest, passUserOn, type AuthAttempt } from './auth-attempt.js';
import {
  denied,
  detailsOf,
  isUser,
  withoutUser,
  type Authenticated,
  type AuthOutcome,
  type Denial,
} from './auth-outcome.js';
import { DenialResponder } from './denial-responder.js';
import { authenticateOf, guardMembersOf, hasGuardMembers } from './guard-members.js';
import { IdentityStrategy } from './identity.strategy.js';
import { MisconfigurationLog } from './misconfiguration-log.js';
import { PassportBridge, USER, type PassportResult } from './passport-bridge.js';
import { recordAttempt, type Accepted } from './record-attempt.js';
import { RequestAuthenticator } from './request-authenticator.js';

/**
 * Lets a request in with a valid access token that meets the requirements of the route. It answers 400, 401 and
 * 403 with a challenge (RFC 6750 section 3), and 503 with `Retry-After` if the provider is the reason;
 * outside of HTTP with the stable code, in the form that clients of GraphQL, WebSockets and microservices read.
 *
 * On a controller or route: `@UseGuards(IdentityAuthGuard)`. For the whole application:
 * `{ provide: APP_GUARD, useExisting: IdentityAuthGuard }`.
 *
 * It may be extended: with a constructor of its own (`super()` takes nothing), `canActivate`, `handleRequest`, `getRequest`.
 * Headers and requirements depend on none of them. Each guard decides for itself, once for each call of a handler;
 * several on one handler share the validation of a token, and nothing else.
 *
 * @example
 * @UseGuards(IdentityAuthGuard)
 * @Controller('orders')
 * class OrdersController {
 *   @RequireScopes('orders:read') @Get() list(@Claims('sub') sub: string) { … }
 * }
 * @example
 * // A token, or an API key
 * override async canActivate(context: ExecutionContext) {
 *   return (await this.keys.accepts(context)) ? this.allowWithoutToken(context) : super.canActivate(context);
 * }
 */
@Injectable()
export class IdentityAuthGuard extends AuthGuard() {
  @Inject(IdentityStrategy) protected readonly strategy!: IdentityStrategy;
  @Inject(RequestAuthenticator) private readonly requestAuthenticator!: RequestAuthenticator;
  @Inject(DenialResponder) private readonly denialResponder!: DenialResponder;
  @Inject(ConnectionExpiry) private readonly connectionExpiry!: ConnectionExpiry;
  readonly #bridge: PassportBridge;
  readonly #log = new MisconfigurationLog();
  readonly #plans = new AccessPlans();

  constructor() {
    super({ defaultStrategy: 'identity' });
    this.#bridge = new PassportBridge(this, () => this.strategy);
  }

  /** @returns a promise; the type is Nest's, so that overrides may have any form that Nest knows. */
  override canActivate(context: ExecutionContext): ReturnType<CanActivate['canActivate']> {
    return this.#admit(context);
  }

  async #admit(context: ExecutionContext): Promise<true> {
    assertInjected(this, this.strategy);
    const plan = this.#plans.of(context.getHandler(), context.getClass());
    if (plan.mode === 'public' && !isKnownCall(context)) return true;
    const transport = transportOf(context);
    const attempt: AuthAttempt = { context, plan, transport, holder: transport.holderOf(context) };
    if (plan.mode === 'public') {
      this.#record('public', attempt);
      return true;
    }
    let denial: Denial | undefined;
    try {
      // A promise less for most requests than if #decide awaited it.
      denial = this.#isDirect(attempt)
        ? this.#settle(attempt, await this.#authenticate(attempt))
        : await this.#decide(attempt);
    } catch (error) {
      denial = denied(error);
    }
    if (denial === undefined) return true;
    throw await this.#deny(denial, attempt);
  }

  /**
   * Lets a call in that brings other credentials than a token, once you have checked them: in an override of
   * `canActivate`, or in your own guard that has this one injected. `@Claims()` and `@Token()` are undefined then.
   *
   * @throws the answer of a missing token, if the handler or its class has requirements: only a token meets them.
   */
  async allowWithoutToken(context: ExecutionContext): Promise<true> {
    assertInjected(this, this.strategy);
    const transport = transportOf(context);
    const plan = this.#plans.of(context.getHandler(), context.getClass());
    const attempt: AuthAttempt = { context, plan, transport, holder: transport.holderOf(context) };
    if (plan.requirements.length > 0) {
      throw await this.#deny(denied(new IdentityError('token_missing', ONLY_A_TOKEN)), attempt);
    }
    this.#recordWithoutToken('substituted', attempt);
    return true;
  }

  /**
   * `err` is an exception for the caller already (400, 403, 503), `info` the IdentityError that says why a token was
   * rejected. The signature is AuthGuard's own, so that overrides written for that one fit.
   *
   * It is asked for every call of a handler. undefined, null and other falsy values are a 401, for a valid token as well: routes
   * that need no token have `@OptionalAuth()`.
   */
  override handleRequest<TUser = any>( // oxlint-disable-line typescript/no-explicit-any
    err: any, // oxlint-disable-line typescript/no-explicit-any
    user: any, // oxlint-disable-line typescript/no-explicit-any
    info: any, // oxlint-disable-line typescript/no-explicit-any
    _context?: ExecutionContext,
    _status?: any, // oxlint-disable-line typescript/no-explicit-any
  ): TUser {
    if (err instanceof Error) throw err;
    // oxlint-disable-next-line typescript/no-unsafe-return
    if (isUser(user)) return user;
    throw info instanceof IdentityError ? toHttpException(info) : new UnauthorizedException();
  }

  /** Passport leaves functions and results on the object that it gets: outside of HTTP that is an object of its own. */
  // oxlint-disable-next-line typescript/no-explicit-any
  override getRequest(context: ExecutionContext): any {
    return this.#bridge.standInOf(context) ?? requestOf(context);
  }

  /**
   * Whether nothing is to be asked but the authenticator: an HTTP request that needs a token, that no guard has decided about, and in
   * which passport would only repeat what we do.
   */
  #isDirect({ context, plan, transport, holder }: AuthAttempt): boolean {
    return (
      plan.mode !== 'optional' && !hasDecided(holder, context) && this.#bypassesPassport(transport, holder)
    );
  }

  /** Without passport, which would leave its members on the request first. */
  #authenticate(attempt: AuthAttempt): Promise<AuthOutcome> {
    this.#bridge.prepare(attempt.holder);
    return this.requestAuthenticator.authenticate(attempt, attempt.holder);
  }

  /** Leaves on a request what passport and AuthGuard would leave there. */
  #settle(attempt: AuthAttempt, outcome: AuthOutcome): Denial | undefined {
    const { holder } = attempt;
    this.#bridge.finish(holder, outcome);
    if (outcome.kind === 'denied') return outcome;
    return this.#admitUser(attempt, { request: holder, outcome, user: outcome.user, property: USER });
  }

  /** Optional, decided already, or authenticated now; undefined if the call is allowed. */
  async #decide(unread: AuthAttempt): Promise<Denial | undefined> {
    const { context, plan, transport, holder } = unread;
    let attempt = unread;
    if (plan.mode === 'optional' || hasDecided(holder, context)) {
      attempt = { ...unread, credentials: this.#readCredentials(unread) };
      if (plan.mode === 'optional' && attempt.credentials === null) {
        this.#recordWithoutToken('anonymous', attempt);
        return undefined;
      }
      const earlier = this.#earlierDecision(attempt);
      if (earlier?.validated !== undefined) return this.#reuse(earlier, earlier.validated, attempt);
    }
    if (this.#bypassesPassport(transport, holder)) {
      return this.#settle(attempt, await this.#authenticate(attempt));
    }
    if (!transport.isRequest(holder)) attempt = { ...attempt, standIn: this.#bridge.makeStandIn(context) };
    const result = await this.#bridge.run(attempt, (guard) => super.canActivate.call(guard, context));
    if (result.thrown !== undefined) return denied(result.thrown.error, detailsOf(result.outcome));
    return this.#admitUser(attempt, result);
  }

  /** Whether nothing that passport would ask of the guard or the strategy is the application's own. */
  #bypassesPassport(transport: Transport, holder: object): boolean {
    if (transport.handlersPerRequest !== 'one' || !transport.isRequest(holder)) return false;
    return authenticateOf(this.strategy) === DECLARED_AUTHENTICATE && hasGuardMembers(this, DECLARED);
  }

  /** The token that this very guard looks at: an override of `getRequest` may lead to another one. */
  #readCredentials(attempt: AuthAttempt): AuthAttempt['credentials'] {
    const isOverridden = guardMembersOf(this).getRequest !== DECLARED.getRequest;
    const request = isOverridden ? (this.getRequest(attempt.context) as object) : attempt.holder;
    return this.requestAuthenticator.read(attempt, request);
  }

  /**
   * A decision after which nothing is left to decide in this call: this very guard has decided about this token, or another
   * has and this one has nothing of its own to say, so that the user stays what that one made of it.
   */
  #earlierDecision(attempt: AuthAttempt): Decision | undefined {
    if (attempt.credentials === undefined || attempt.credentials === null) return undefined;
    const earlier = this.requestAuthenticator.decisionOf(attempt, attempt.credentials);
    if (earlier?.guard === this) return earlier;
    if (!hasGuardMembers(this, DECLARED)) return undefined;
    // One that left its user in another property, or on another object, has left request.user to us.
    return earlier?.leavesUser === true ? earlier : undefined;
  }

  /** Validation and user are those of the earlier decision; requirements are asked again. */
  #reuse(earlier: Decision, validated: ValidatedToken, attempt: AuthAttempt): Denial | undefined {
    const denial = this.requestAuthenticator.authorize(attempt, validated);
    if (denial === undefined && earlier.guard !== this) {
      recordDecision(attempt.holder, { ...earlier, guard: this });
    }
    return denial;
  }

  /** Whatever `handleRequest` made of the outcome: no requirement is met without a token, and no call is allowed without a user. */
  #admitUser(attempt: AuthAttempt, result: PassportResult): Denial | undefined {
    const { outcome, user, property } = result;
    const request = result.request ?? (this.getRequest(attempt.context) as object);
    const isOwn = isOwnRequest(attempt, request);
    const authenticated = outcome?.kind === 'authenticated' ? outcome : undefined;
    if (!isUser(user)) return withoutUser(this.constructor.name, attempt, outcome);
    try {
      if (isOwn) passUserOn(attempt, property, user);
      if (authenticated !== undefined)
        this.connectionExpiry.watchCall(attempt, authenticated.validated, isOwn);
    } catch (error) {
      return denied(error, detailsOf(outcome));
    }
    if (authenticated !== undefined) {
      const leavesUser = (isOwn && property === USER) || this.#hasUserOf(authenticated, attempt);
      const { validated, resource, user: mapped, credentials } = authenticated;
      this.#record('validated', attempt, {
        validated,
        resource,
        user: mapped,
        credentials,
        isOwn,
        leavesUser,
      });
      if (credentials.scheme === 'DPoP') this.denialResponder.offerNonce(attempt, credentials);
      return undefined;
    }
    if (attempt.plan.requirements.length > 0) {
      const { cause = new IdentityError('token_missing'), ...details } = detailsOf(outcome);
      return denied(cause, details);
    }
    this.#recordWithoutToken('substituted', attempt);
    return undefined;
  }

  #hasUserOf({ credentials }: Authenticated, attempt: AuthAttempt): boolean {
    return this.requestAuthenticator.decisionOf(attempt, credentials)?.leavesUser === true;
  }

  #deny(denial: Denial, attempt: AuthAttempt): Promise<unknown> {
    this.#record('denied', attempt);
    this.#log.report(denial, attempt.context);
    return this.denialResponder.respond(denial, attempt);
  }

  #recordWithoutToken(kind: 'anonymous' | 'substituted', attempt: AuthAttempt): void {
    this.requestAuthenticator.reportWithoutToken(attempt);
    this.#record(kind, attempt);
  }

  #record(kind: Decision['kind'], attempt: AuthAttempt, accepted?: Accepted): void {
    recordAttempt(kind, attempt, { guard: this, by: this.requestAuthenticator }, accepted);
  }
}

const ONLY_A_TOKEN =
  'The handler has requirements, which only a token meets; allowWithoutToken() was called without one.';

const DECLARED = guardMembersOf(IdentityAuthGuard.prototype);
const DECLARED_AUTHENTICATE = authenticateOf(IdentityStrategy.prototype);
