import { Inject, Injectable, UnauthorizedException, type ExecutionContext } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { carriedBy, carry, type CarriedResult } from '../carriers/carrier.js';
import { toHttpException } from '../carriers/http-exceptions.js';
import type { Transport } from '../carriers/transport.js';
import { isKnownCall, transportOf } from '../carriers/transport-of.js';
import { readAccessPlan, type AccessPlan } from '../decorators/access-metadata.js';
import { IdentityError } from '../errors/identity-error.js';
import type { ValidatedToken } from '../model/token.js';
import { IdentityStrategy } from './identity.strategy.js';
import { GuardAnswers } from './guard-answers.js';
import { withPass, type GuardPass } from './guard-pass.js';
import { readPassportMembers } from './passport-members.js';

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
  private readonly answers: GuardAnswers;

  constructor(
    @Inject(IdentityStrategy) protected readonly strategy: IdentityStrategy,
    @Inject(HttpAdapterHost) adapterHost: HttpAdapterHost,
  ) {
    super({ defaultStrategy: 'identity' });
    this.answers = new GuardAnswers(strategy, adapterHost);
    lockOptions(this, () => withPass({ defaultStrategy: Object.create(strategy) as unknown }, this.current));
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const plan = this.planOf(context.getHandler(), context.getClass());
    if (plan.mode === 'public' && !isKnownCall(context)) return true;
    const transport = transportOf(context);
    const carrier = transport.carrierOf(context);
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
      const earlier = transport.isLongLived(carrier) ? undefined : carriedBy(carrier);
      if (earlier !== undefined && (await this.isKnown(earlier, pass))) return true;
      if (!transport.isRequest(carrier)) this.substitutes.set(context, { headers: {} });
      if (this.isPlain(transport)) await this.askStrategy(carrier, pass);
      else await this.runPassport(context, pass);
      this.conclude(carrier, pass);
      return true;
    } catch (error) {
      throw await this.answers.toCaller(error, pass);
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
    if (transport.name !== 'http' || !this.strategy.isPlain) return false;
    for (const [name, member] of PLAIN) if (Reflect.get(this, name) !== member) return false;
    return true;
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
  private async isKnown(result: CarriedResult, pass: GuardPass): Promise<boolean> {
    const { carrier, transport } = pass;
    if (result.kind !== 'validated' || result.by !== this.strategy) return false;
    // A microservice's strategy of the application's own may hand one context object to several messages.
    if (transport.name === 'rpc' && this.strategy.readToken(pass, carrier) !== result.validated.token)
      return false;
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
