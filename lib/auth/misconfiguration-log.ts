import { Logger, type ExecutionContext } from '@nestjs/common';
import { describeError, IdentityError } from '../errors/identity-error.js';
import { reasonOf } from '../events/reason.js';
import { describeWithoutClaims, describeWithoutMessage } from './describe-error.js';
import type { Denial } from './auth-outcome.js';

/** An error of this kind comes back with every request until somebody mends it: it is logged once in this time. */
const QUIET_MS = 60_000;

/**
 * Logs what only the people of the application can mend. Nest does not: to its filters a 500 that is an HttpException
 * is an exception like any other, and callers learn nothing.
 */
export class MisconfigurationLog {
  private readonly logger = new Logger('IdentityAuthGuard');
  private readonly loggedAtMs = new Map<string, number>();

  report(denial: Denial, context: ExecutionContext, nowMs = performance.now()): void {
    const error = denial.error instanceof IdentityError ? denial.error : denial.cause;
    if (error?.kind === 'misconfigured' && this.isDue(error.code, nowMs)) {
      this.logger.error(`${error.code}: ${describeError(error)}`);
    }
    if (error?.code === 'check_failed' && hasBrokenCheck(denial) && this.isDue(error.code, nowMs)) {
      this.logger.error(`check_failed at ${handlerOf(context)}: ${describeCheck(error, denial)}`);
    }
    if (denial.broken === 'handleRequest' && this.isDue(denial.broken, nowMs)) {
      this.logger.warn(
        `handleRequest returned no user for ${handlerOf(context)}, which is answered 401: put @OptionalAuth() on ` +
          'handlers that need no token, or return a user',
      );
    }
  }

  private isDue(topic: string, nowMs: number): boolean {
    if (nowMs - (this.loggedAtMs.get(topic) ?? -Infinity) < QUIET_MS) return false;
    this.loggedAtMs.set(topic, nowMs);
    return true;
  }
}

/** Which function it was, what it threw, and the line that did. */
function describeCheck(error: IdentityError, { validated }: Denial): string {
  const which = reasonOf(error);
  if (error.cause === undefined && which === error.message) return which;
  return `${which} ${validated === undefined ? describeWithoutMessage(error) : describeWithoutClaims(error, validated)}`;
}

/** A `mapUser` that breaks is an event of its own. */
function hasBrokenCheck({ validated, broken }: Denial): boolean {
  return validated === undefined || broken === 'requirement';
}

function handlerOf(context: ExecutionContext): string {
  return `${context.getClass().name}.${context.getHandler().name}`;
}
