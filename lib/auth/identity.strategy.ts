import { Inject, Injectable } from '@nestjs/common';
import { IdentityError } from '../errors/identity-error.js';
import { toHttpException } from '../transports/http-exceptions.js';
import { callIn, isRejection, type StrategyCall } from './passport-bridge.js';
import { JwtStrategy } from './passport-jwt.js';
import { RequestAuthenticator } from './request-authenticator.js';

/**
 * passport-jwt's strategy over this module's validation. It is not registered with passport, whose registry is one for
 * the whole process: the guard passes it by reference.
 *
 * A rejected token goes to `fail`, everything else that keeps a request out to `error`, so that `handleRequest` in the form
 * of Nest's documentation keeps every answer apart.
 *
 * @example
 * // Requests of the health check need no token, whatever the routes say.
 * const strategy = app.get(IdentityStrategy);
 * const authenticate = strategy.authenticate;
 * strategy.authenticate = function (request, options) {
 *   if (isFromProbe(request)) this.success({ sub: 'probe' });
 *   else authenticate.call(this, request, options);
 * };
 */
@Injectable()
export class IdentityStrategy extends JwtStrategy {
  override readonly name = 'identity';

  constructor(@Inject(RequestAuthenticator) private readonly authenticator: RequestAuthenticator) {
    super(
      {
        jwtFromRequest: () => null,
        // Never asked: authenticate() below decides. It fails closed if it ever is.
        secretOrKeyProvider: (_request, _token, done) => done(new Error('not used')),
      },
      () => undefined,
    );
  }

  /** Passport's entry: ends in exactly one of `success`, `fail` and `error`. */
  override authenticate(request: object, options?: object): void {
    const call = callIn(options);
    if (call === undefined) {
      this.error(new IdentityError('guard_missing', 'IdentityStrategy works behind IdentityAuthGuard only'));
      return;
    }
    void this.answer(call, request);
  }

  private async answer({ attempt, report }: StrategyCall, request: object): Promise<void> {
    const outcome = await this.authenticator.authenticate(attempt, request);
    report(request, outcome);
    if (outcome.kind === 'authenticated') this.success(outcome.user);
    else if (isRejection(outcome.error)) this.fail(outcome.error, outcome.error.status);
    else if (outcome.error instanceof IdentityError) this.error(toHttpException(outcome.error));
    else this.error(outcome.error as Error);
  }
}
