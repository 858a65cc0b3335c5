import { Inject, Injectable, type ExecutionContext } from '@nestjs/common';
import { Strategy } from 'passport-jwt';
import { readBearer } from '../carriers/read-bearer.js';
import { findShortfall, type Shortfall } from '../decorators/check-requirements.js';
import { IdentityError, refuse } from '../errors/identity-error.js';
import { EventReporter } from '../events/event-reporter.js';
import type { ValidatedToken } from '../model/token.js';
import type { JwtFromRequest } from '../options/options.types.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/resolved-options.js';
import { toCheckError } from '../validation/run-hooks.js';
import { TokenValidationService } from '../validation/token-validation.service.js';
import { toHttpException } from './http-exceptions.js';
import { readPass, type GuardPass } from './guard-pass.js';
import { TurnQueue } from './turn-queue.js';

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
  private readonly extract: JwtFromRequest;
  private readonly turns = new TurnQueue();

  constructor(
    /** @internal */
    @Inject(RESOLVED_OPTIONS) readonly options: ResolvedOptions,
    @Inject(TokenValidationService) private readonly validation: TokenValidationService,
    @Inject(EventReporter) private readonly reporter: EventReporter,
  ) {
    super(
      {
        jwtFromRequest: () => null,
        // Never asked: authenticate() below decides. It fails closed if it ever is.
        secretOrKeyProvider: (_request, _token, done) => done(new Error('not used')),
      },
      () => undefined,
    );
    this.extract = options.jwtFromRequest ?? ((request: object) => readBearer(request) ?? null);
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
   * The token that a request carries; undefined where it carries none.
   *
   * @throws {IdentityError} `authorization_malformed`.
   * @internal
   */
  readToken(request: object): string | undefined {
    const token: unknown = this.extract(request);
    if (token === null || token === undefined || token === '') return undefined;
    if (typeof token !== 'string') throw refuse('token_malformed');
    return token;
  }

  /** All checks in order, the route's own included; what comes out becomes `request.user`. */
  private async decide(request: object, pass: GuardPass): Promise<unknown> {
    const token = this.readToken(request);
    if (token === undefined) throw refuse('token_missing');
    const validated = await this.turns.run(
      () => this.validation.validate(token),
      () => isGone(request),
    );
    this.demand(pass, validated);
    const user = await this.mapUser(validated, pass.context);
    pass.validated = validated;
    return user;
  }

  /**
   * Holds a token against the demands of the route.
   *
   * @throws {IdentityError} `scope_missing`, `claim_not_met`, `issuer_not_met`.
   * @internal
   */
  demand(pass: GuardPass, validated: ValidatedToken): void {
    const shortfall = this.findShortfall(pass, validated);
    if (shortfall === undefined) return;
    pass.shortfall = shortfall;
    const { code } = shortfall.error;
    this.reporter.reportIfObserved(() => ({ type: 'access.denied', code, issuer: validated.issuer }));
    throw shortfall.error;
  }

  /** A predicate of the application that breaks says nothing about the token: it is no 403, and no bare 500. */
  private findShortfall(pass: GuardPass, validated: ValidatedToken): Shortfall | undefined {
    try {
      return findShortfall(validated, pass.plan.requirements, this.options.scopeClaim);
    } catch (error) {
      throw toCheckError(error);
    }
  }

  private async mapUser(validated: ValidatedToken, context: ExecutionContext): Promise<unknown> {
    const { mapUser } = this.options;
    if (mapUser === undefined) return validated.claims;
    let user: unknown;
    try {
      user = await mapUser(validated, context);
    } catch (error) {
      throw toCheckError(error);
    }
    // Passport takes every falsy user for none.
    if (user === undefined || user === null || user === false) throw refuse('user_refused');
    return user;
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

/** Whether the connection of a request is closed: Express's request has it, as Fastify's has. */
function isGone(request: object): boolean {
  const { socket } = request as { readonly socket?: { readonly destroyed?: boolean } };
  return socket?.destroyed === true;
}
