import {
  HttpException,
  Inject,
  Injectable,
  UnauthorizedException,
  type ExecutionContext,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { answerFor, type Answer } from '../carriers/answer.js';
import { carriedBy, carry } from '../carriers/carrier.js';
import { toHttpException } from '../carriers/http-exceptions.js';
import type { Transport } from '../carriers/transport.js';
import { transportOf } from '../carriers/transport-of.js';
import { readAccessPlan, type AccessPlan } from '../decorators/access-metadata.js';
import { buildChallenge, retryAfterSeconds } from '../errors/challenge.js';
import { IdentityError, refuse } from '../errors/identity-error.js';
import type { ValidatedToken } from '../model/token.js';
import { IdentityStrategy } from './identity.strategy.js';
import { withPass, type GuardPass } from './guard-pass.js';
import { readPassportMembers } from './passport-members.js';
import { WiringFaults } from './wiring-faults.js';

/**
 * Lets a request in with a valid access token that meets what the route demands. It answers 400, 401 and
 * 403 with a challenge (RFC 6750 section 3), and 503 with `Retry-After` where the provider is the reason;
 * outside of HTTP with the stable code, in the form that clients of GraphQL, WebSockets and microservices read.
 *
 * On a controller or route: `@UseGuards(IdentityAuthGuard)`. For the whole application:
 * `{ provide: APP_GUARD, useExisting: IdentityAuthGuard }`.
 *
 * It may be extended, `handleRequest` included: headers and requirements do not depend on it.
 */
@Injectable()
export class IdentityAuthGuard extends AuthGuard() {
  private current: GuardPass | undefined;
  /** What stands for the request where passport has none. */
  private readonly substitutes = new WeakMap<ExecutionContext, object>();
  /** By handler, then by the class it is called on: a method may be inherited by several. */
  private readonly plans = new WeakMap<object, WeakMap<object, AccessPlan>>();
  private readonly passportMembers = readPassportMembers();
  private readonly wiringFaults = new WiringFaults();

  constructor(
    @Inject(IdentityStrategy) protected readonly strategy: IdentityStrategy,
    @Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost,
  ) {
    super({ defaultStrategy: 'identity' });
    lockOptions(this, () => withPass({ defaultStrategy: Object.create(strategy) as unknown }, this.current));
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const transport = transportOf(context);
    const carrier = transport.carrierOf(context);
    const plan = this.planOf(context.getHandler(), context.getClass());
    if (plan.mode === 'public') {
      if (carriedBy(carrier) === undefined) carry(carrier, { kind: 'public' });
      return true;
    }
    const pass: GuardPass = { context, plan, transport, carrier };
    try {
      if (plan.mode === 'optional' && this.strategy.readToken(pass, carrier) === undefined) {
        carry(carrier, { kind: 'anonymous' });
        return true;
      }
      if (
        !transport.isLongLived(carrier) &&
        carriedBy(carrier) !== undefined &&
        (await this.isKnown(carrier, pass))
      )
        return true;
      if (!transport.isRequest(carrier)) this.substitutes.set(context, { headers: {} });
      if (this.isPlain(transport)) await this.askStrategy(carrier, pass);
      else await this.runPassport(context, pass);
      this.conclude(carrier, pass);
      return true;
    } catch (error) {
      throw await this.answer(error, pass);
    }
  }

  /**
   * `err` is an answer already (400, 403, 503), `info` the IdentityError that says why a token was refused.
   * The signature is AuthGuard's own, so that overrides written for that one fit.
   */
  // oxlint-disable-next-line typescript/no-explicit-any
  override handleRequest<TUser = any>(err: any, user: any, info: any): TUser {
    if (err instanceof Error) throw err;
    // oxlint-disable-next-line typescript/no-unsafe-return
    if (isUser(user)) return user;
    throw info instanceof IdentityError ? toHttpException(info) : new UnauthorizedException();
  }

  /** Passport leaves functions and results on what it is handed: outside of HTTP that is an object of its own. */
  // oxlint-disable-next-line typescript/no-explicit-any
  override getRequest(context: ExecutionContext): any {
    if (context.getType() === 'http') return super.getRequest(context) as unknown;
    return this.substitutes.get(context) ?? transportOf(context).carrierOf(context);
  }

  /** Decorators have done their work long before the first request. */
  private planOf(handler: object, controller: object): AccessPlan {
    const known = this.plans.get(handler)?.get(controller);
    if (known !== undefined) return known;
    const plan = readAccessPlan(handler, controller);
    const byController = this.plans.get(handler) ?? new WeakMap<object, AccessPlan>();
    this.plans.set(handler, byController.set(controller, plan));
    return plan;
  }

  /** Whether nothing that passport would ask on its way to the strategy and back is the application's own. */
  private isPlain(transport: Transport): boolean {
    return (
      transport.name === 'http' &&
      this.strategy.isPlain &&
      PLAIN.every(([name, member]) => Reflect.get(this, name) === member)
    );
  }

  /**
   * The same as {@link runPassport} where nothing is overridden. Passport's shell costs several times what a hit of the
   * token cache does: see docs/performance.md.
   */
  private async askStrategy(request: object, pass: GuardPass): Promise<void> {
    const marked = request as { authInfo?: unknown; user?: unknown };
    for (const [name, member] of this.passportMembers) {
      if (!(name in request)) Reflect.set(request, name, member);
    }
    try {
      const user = await this.strategy.decide(request, pass);
      marked.authInfo = undefined;
      // Throws where the property is read-only: a request must not go on with a user of somebody else's making.
      marked.user = user;
    } catch (error) {
      marked.authInfo = error instanceof IdentityError && error.status === 401 ? error : undefined;
      throw error;
    }
  }

  /** AuthGuard reads its options before its first await: the pass of this very call goes in with them. */
  private runPassport(context: ExecutionContext, pass: GuardPass): unknown {
    this.current = pass;
    try {
      return super.canActivate(context);
    } finally {
      this.current = undefined;
    }
  }

  /** A second pass over the same request takes over what the first has found out. */
  private async isKnown(carrier: object, pass: GuardPass): Promise<boolean> {
    const result = carriedBy(carrier);
    if (result?.kind !== 'validated' || result.by !== this.strategy) return false;
    if (pass.transport.name === 'rpc' && this.strategy.readToken(pass, carrier) !== result.validated.token) {
      // A strategy of the application's own may hand one context object to several messages.
      return false;
    }
    this.strategy.demand(pass, result.validated);
    const handler = this.handlerOf();
    if (handler !== BASE_HANDLER && result.handledBy !== handler)
      await this.handleAgain(carrier, pass, result.validated);
    return true;
  }

  /** The first pass was another guard's: what a subclass decides in its own `handleRequest` is not decided yet. */
  private async handleAgain(carrier: object, pass: GuardPass, validated: ValidatedToken): Promise<void> {
    const { context, transport } = pass;
    const isRequest = transport.isRequest(carrier);
    const holder = isRequest ? (this.getRequest(context) as object) : transport.userHolder(context);
    const args = [null, holder && Reflect.get(holder, 'user'), undefined, context, undefined] as const;
    const user: unknown = await Reflect.apply(this.handlerOf(), this, args);
    if (!isRequest) this.substitutes.set(context, { user });
    else if (holder !== undefined) Reflect.set(holder, 'user', user);
    pass.validated = validated;
    this.conclude(carrier, pass);
  }

  private handlerOf(): Handler {
    return Reflect.get(this, 'handleRequest') as Handler;
  }

  /** Whatever `handleRequest` made of it: no requirement is met without a token that meets it. */
  private conclude(carrier: object, pass: GuardPass): void {
    if (pass.transport.name !== 'http') this.settle(pass);
    if (pass.validated !== undefined) {
      const { validated } = pass;
      carry(carrier, { kind: 'validated', validated, by: this.strategy, handledBy: this.handlerOf() });
      return;
    }
    const user: unknown = Reflect.get(this.getRequest(pass.context) as object, 'user');
    if (pass.plan.requirements.length > 0 || !isUser(user)) {
      throw pass.fault ?? new IdentityError('token_missing');
    }
    carry(carrier, { kind: 'substituted' });
  }

  /** Hands on what passport has left on the object of its own, and sees to sockets that must not stay open. */
  private settle({ context, transport, carrier, validated }: GuardPass): void {
    const holder = transport.userHolder(context);
    const request = this.getRequest(context) as object;
    if (holder !== undefined && !transport.isRequest(carrier)) {
      Reflect.set(holder, 'user', Reflect.get(request, 'user'));
    }
    const connection = validated && transport.connectionOf(context);
    if (validated === undefined || connection === undefined) return;
    const closes = connection.mustEnd || this.strategy.options.transports.closeExpired;
    if (closes) this.strategy.expiry.watch(connection, validated.claims.exp);
  }

  /** The exception for the caller; the headers that belong to it are set on the way. */
  private async answer(error: unknown, pass: GuardPass): Promise<unknown> {
    const code = answerFor(error, pass.fault)?.code;
    if (code !== undefined) this.strategy.recordDenial(pass, code);
    this.wiringFaults.tell(error instanceof IdentityError ? error : pass.fault);
    if (pass.transport.name !== 'http') return this.answerElsewhere(error, pass);
    const fault = error instanceof IdentityError ? error : (pass.fault ?? faultOf(error));
    if (fault === undefined) return error;
    this.setHeaders(fault, pass);
    return error instanceof IdentityError ? toHttpException(error) : error;
  }

  /** A fault of the application's own wiring stays what it is: the caller is told nothing. */
  private async answerElsewhere(error: unknown, { context, transport, fault }: GuardPass): Promise<unknown> {
    const answer = answerFor(error, fault);
    if (answer === undefined || answer.status === 500) return error;
    this.closeExpired(answer, context);
    return transport.toException(answer, context);
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

/** What subclasses override of AuthGuard; compared by identity, so that an override on an instance counts. */
const PLAIN = ['handleRequest', 'getRequest', 'getResponse', 'getAuthenticateOptions'].map(
  (name) => [name, Reflect.get(IdentityAuthGuard.prototype, name) as unknown] as const,
);

type Handler = (...args: unknown[]) => unknown;

const BASE_HANDLER: unknown = Reflect.get(IdentityAuthGuard.prototype, 'handleRequest');

function isUser(user: unknown): boolean {
  return user !== undefined && user !== null && user !== false;
}

/** A 401 of the application's own making: it has a challenge like every other (RFC 9110 section 15.5.2). */
function faultOf(error: unknown): IdentityError | undefined {
  const isUnauthorized = error instanceof HttpException && error.getStatus() === 401;
  return isUnauthorized ? refuse('check_refused') : undefined;
}

/**
 * AuthGuard's options are injected into a property after construction, so that an application which
 * also imports `PassportModule.register({ defaultStrategy: 'jwt' })` would take this guard over. And
 * passport writes the functions of a request onto the strategy object that it is handed, so each
 * reading hands out an object of its own.
 */
function lockOptions(guard: object, read: () => object): void {
  Object.defineProperty(guard, 'options', {
    get: read,
    set(_injected: unknown) {
      // What is injected here belongs to other guards.
    },
    enumerable: true,
    configurable: false,
  });
}
