import {
  Inject,
  Injectable,
  Optional,
  UnauthorizedException,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { carry, decisionInCall, hasDecided, type Decision } from '../transports/decisions.js';
import { toHttpException } from '../transports/http-exceptions.js';
import { isKnownCall, transportOf } from '../transports/transport-of.js';
import { readAccessPlan, type AccessPlan } from '../requirements/read-access-plan.js';
import { IdentityError } from '../errors/identity-error.js';
import { IdentityStrategy } from './identity.strategy.js';
import { GuardAnswers } from './denial-responder.js';
import { isOwnRequest, withPass, type GuardPass } from './auth-attempt.js';
import { readPassportMembers } from './passport-members.js';

/**
 * Lets a request in with a valid access token that meets what the route demands. It answers 400, 401 and
 * 403 with a challenge (RFC 6750 section 3), and 503 with `Retry-After` where the provider is the reason;
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
 * // A token, or an API key
 * override async canActivate(context: ExecutionContext) {
 *   return (await this.keys.accepts(context)) ? this.allowWithoutToken(context) : super.canActivate(context);
 * }
 */
@Injectable()
export class IdentityAuthGuard extends AuthGuard() {
  @Inject(IdentityStrategy) protected readonly strategy!: IdentityStrategy;
  /** Missing only beside a second copy of `@nestjs/core`: HostApplication says so. @internal */
  @Optional() @Inject(HttpAdapterHost) readonly adapterHost!: HttpAdapterHost;
  #current: GuardPass | undefined;
  /** What stands for the request where passport has none. */
  readonly #standIns = new WeakMap<ExecutionContext, object>();
  /** By handler, then by the class it is called on: a method may be inherited by several. */
  readonly #plans = new WeakMap<object, WeakMap<object, AccessPlan>>();
  readonly #passportMembers = readPassportMembers();
  #answers: GuardAnswers | undefined;

  constructor() {
    super({ defaultStrategy: 'identity' });
    lockOptions(this, () =>
      withPass({ defaultStrategy: Object.create(this.strategy) as unknown }, this.#current),
    );
  }

  /** @returns a promise; the type is Nest's, so that overrides may have any form that Nest knows. */
  override canActivate(context: ExecutionContext): ReturnType<CanActivate['canActivate']> {
    return this.#admit(context);
  }

  async #admit(context: ExecutionContext): Promise<true> {
    this.#assertInjected();
    const plan = this.#planOf(context.getHandler(), context.getClass());
    if (plan.mode === 'public' && !isKnownCall(context)) return true;
    const transport = transportOf(context);
    const carrier = transport.carrierOf(context);
    const pass: GuardPass = { context, plan, transport, carrier };
    if (plan.mode === 'public') {
      this.#record('public', pass);
      return true;
    }
    try {
      if (plan.mode === 'optional' && this.#readToken(pass) === undefined) {
        this.#record('anonymous', pass);
        return true;
      }
      if (this.#isDecided(pass)) return true;
      if (!transport.isRequest(carrier)) this.#standIns.set(context, (pass.standIn = { headers: {} }));
      if (transport.name === 'http' && this.strategy.isPlain && this.#isPlain()) {
        await this.#askStrategy(carrier, pass);
      } else {
        await this.#runPassport(context, pass);
      }
      this.#conclude(pass);
      return true;
    } catch (error) {
      this.#record('denied', pass);
      throw await this.#answer(error, pass);
    }
  }

  /**
   * Lets a call in that brings other credentials than a token, once you have checked them: in an override of
   * `canActivate`, or in a guard of your own that has this one injected. `@Claims()` and `@Token()` are undefined then.
   *
   * @throws the answer of a missing token, where the handler or its class has requirements: only a token meets them.
   */
  async allowWithoutToken(context: ExecutionContext): Promise<true> {
    this.#assertInjected();
    const transport = transportOf(context);
    const plan = this.#planOf(context.getHandler(), context.getClass());
    const pass: GuardPass = { context, plan, transport, carrier: transport.carrierOf(context) };
    if (plan.requirements.length === 0) {
      this.#record('substituted', pass);
      return true;
    }
    pass.fault = new IdentityError('token_missing', ONLY_A_TOKEN);
    this.#record('denied', pass);
    throw await this.#answer(pass.fault, pass);
  }

  /**
   * `err` is an answer already (400, 403, 503), `info` the IdentityError that says why a token was refused.
   * The signature is AuthGuard's own, so that overrides written for that one fit.
   *
   * It is asked for every call of a handler. undefined and null are a 401: routes that need no token have `@OptionalAuth()`.
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

  /** Passport leaves functions and results on what it is handed: outside of HTTP that is an object of its own. */
  // oxlint-disable-next-line typescript/no-explicit-any
  override getRequest(context: ExecutionContext): any {
    if (context.getType() === 'http') return super.getRequest(context) as unknown;
    return this.#standIns.get(context) ?? transportOf(context).carrierOf(context);
  }

  /** @throws {IdentityError} `guard_missing`. */
  #assertInjected(): void {
    // Whoever calls "new" gets no injection.
    if (this.strategy !== undefined && this.adapterHost !== undefined) return;
    throw new IdentityError(
      'guard_missing',
      `${this.constructor.name} was made with "new", so Nest injected nothing into it: let Nest make it ` +
        `(@UseGuards(${this.constructor.name}), APP_GUARD), or take it from the application, app.get(${this.constructor.name})`,
    );
  }

  #answer(error: unknown, pass: GuardPass): Promise<unknown> {
    this.#answers ??= new GuardAnswers(this.strategy, this.adapterHost);
    return this.#answers.toCaller(error, pass);
  }

  /** The token that this very guard looks at: an override of `getRequest` may lead to another one. */
  #readToken(pass: GuardPass): string | undefined {
    const isOverridden = Reflect.get(this, 'getRequest') !== BASE_GET_REQUEST;
    return this.strategy.readToken(
      pass,
      isOverridden ? (this.getRequest(pass.context) as object) : pass.carrier,
    );
  }

  /** Decorators have done their work long before the first request. */
  #planOf(handler: object, controller: object): AccessPlan {
    const known = this.#plans.get(handler)?.get(controller);
    if (known !== undefined) return known;
    const plan = readAccessPlan(handler, controller);
    const byController = this.#plans.get(handler) ?? new WeakMap<object, AccessPlan>();
    this.#plans.set(handler, byController.set(controller, plan));
    return plan;
  }

  /** Whether nothing that passport would ask of a guard is the application's own. */
  #isPlain(): boolean {
    for (const [name, member] of PLAIN) if (Reflect.get(this, name) !== member) return false;
    return true;
  }

  /**
   * The same as {@link #runPassport} where nothing is overridden. Passport's shell costs several times what a hit of the
   * token cache does: see docs/performance.md.
   */
  async #askStrategy(request: object, pass: GuardPass): Promise<void> {
    const marked = request as { authInfo?: unknown; user?: unknown };
    for (const [name, member] of this.#passportMembers) {
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
  #runPassport(context: ExecutionContext, pass: GuardPass): unknown {
    this.#current = pass;
    try {
      return super.canActivate(context);
    } finally {
      this.#current = undefined;
    }
  }

  /**
   * Whether nothing is left to decide in this call: this very guard has decided about this token, or another has and this
   * one has nothing of its own to say, so that the user stays what that one made of it. Requirements are asked again.
   */
  #isDecided(pass: GuardPass): boolean {
    const { carrier, context } = pass;
    if (!hasDecided(carrier, context)) return false;
    const token = this.#readToken(pass);
    if (token === undefined) return false;
    const earlier = decisionInCall(carrier, { call: context, by: this.strategy.options, token });
    if (earlier?.validated === undefined || (earlier.guard !== this && !this.#isPlain())) return false;
    this.strategy.demand(pass, earlier.validated);
    if (earlier.guard !== this) carry(carrier, { ...earlier, guard: this });
    return true;
  }

  /** Whatever `handleRequest` made of it: no requirement is met without a token that meets it. */
  #conclude(pass: GuardPass): void {
    const request = pass.request ?? (this.getRequest(pass.context) as object);
    const isOwn = isOwnRequest(pass, request);
    if (pass.transport.name !== 'http') this.#settle(pass, request, isOwn);
    if (pass.validated !== undefined) {
      this.#record('validated', pass, isOwn);
      return;
    }
    if (pass.plan.requirements.length > 0 || !isUser(Reflect.get(request, 'user'))) {
      if (pass.plan.requirements.length === 0) pass.hasNoUser = true;
      throw pass.fault ?? new IdentityError('token_missing');
    }
    this.#record('substituted', pass);
  }

  /** Hands on what passport has left on the object of its own, and sees to sockets that must not stay open. */
  #settle({ context, transport, carrier, validated }: GuardPass, request: object, isOwn: boolean): void {
    const holder = transport.userHolder(context);
    if (isOwn && holder !== undefined && !transport.isRequest(carrier)) {
      Reflect.set(holder, 'user', Reflect.get(request, 'user'));
    }
    const connection = validated && transport.connectionOf(context);
    if (validated === undefined || connection === undefined) return;
    const closes = connection.mustEnd || (isOwn && this.strategy.options.transports.closeExpired);
    if (closes) this.strategy.expiry.watch(connection, validated.claims.exp);
  }

  /** It belongs to this guard, this handler of this class, this call and this token. */
  #record(kind: Decision['kind'], pass: GuardPass, isOwn = true): void {
    const { context, carrier, transport, validated, user } = pass;
    const isValidated = kind === 'validated';
    carry(carrier, {
      kind,
      guard: this,
      handler: context.getHandler(),
      controller: context.getClass(),
      call: transport.isLongLived(carrier) ? undefined : context,
      by: this.strategy.options,
      validated: isValidated ? validated : undefined,
      user: isValidated ? user : undefined,
      isOwn,
      earlier: undefined,
    });
  }
}

const ONLY_A_TOKEN =
  'The handler has requirements, which only a token meets; allowWithoutToken() was called without one.';

/** What subclasses override of AuthGuard; compared by identity, so that an override on an instance counts. */
const PLAIN = ['handleRequest', 'getRequest', 'getResponse', 'getAuthenticateOptions'].map(
  (name) => [name, Reflect.get(IdentityAuthGuard.prototype, name) as unknown] as const,
);

const BASE_GET_REQUEST: unknown = Reflect.get(IdentityAuthGuard.prototype, 'getRequest');

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
