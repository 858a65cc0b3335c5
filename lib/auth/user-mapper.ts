import { Inject, Injectable, type ExecutionContext } from '@nestjs/common';
import { refuse } from '../errors/identity-error.js';
import { EventReporter } from '../events/event-reporter.js';
import type { ValidatedToken } from '../model/token.js';
import { isOncePerOperation } from '../options/once-per-operation.js';
import type { MapUser } from '../options/options.types.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/resolved-options.js';
import { TokenRights } from '../resources/token-rights.js';
import { toCheckError } from '../validation/run-hooks.js';
import { isUser } from './auth-outcome.js';
import { describeWithoutClaims, isRejected } from './describe-error.js';

/** Makes `request.user` of a validated token, with the option `mapUser`. */
@Injectable()
export class UserMapper {
  private readonly map: MapUser | undefined;
  /** Whether one answer serves all fields of an operation. */
  readonly isShared: boolean;

  constructor(
    @Inject(RESOLVED_OPTIONS) { mapUser }: ResolvedOptions,
    @Inject(EventReporter) private readonly reporter: EventReporter,
    @Inject(TokenRights) private readonly rights: TokenRights,
  ) {
    this.map = mapUser;
    this.isShared = isOncePerOperation(mapUser);
  }

  /** Without `mapUser` the user is the claims, and nothing has to be asked. */
  get mapsNothing(): boolean {
    return this.map === undefined;
  }

  /**
   * @param resource - the resource that the route names, if it names one.
   * @throws {IdentityError} `user_refused`, `check_failed`; an exception of Nest that the function throws.
   */
  async userOf(
    validated: ValidatedToken,
    context: ExecutionContext,
    resource: string | undefined,
  ): Promise<unknown> {
    let user: unknown;
    try {
      user = await this.map?.(validated, context, this.rights.of(validated, resource));
    } catch (thrown) {
      const error = toCheckError(thrown, '"mapUser"');
      this.report(validated, error);
      throw error;
    }
    if (isUser(user)) return user;
    this.report(validated, undefined);
    throw refuse('user_refused');
  }

  /** An exception of the application's own below 500 refuses the user, as null does; all else is a function that broke. */
  private report(validated: ValidatedToken, error: unknown): void {
    const { issuer } = validated;
    const type = isRejected(error) ? 'user.refused' : 'user.failed';
    this.reporter.reportUser(type, () => ({ type, issuer, reason: describeWithoutClaims(error, validated) }));
  }
}
