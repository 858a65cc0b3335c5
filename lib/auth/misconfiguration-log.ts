import { Logger, type ExecutionContext } from '@nestjs/common';
import { describeError, type IdentityError } from '../errors/identity-error.js';
import { reasonOf } from '../events/reason.js';
import { describeWithoutClaims, describeWithoutMessage } from './describe-error.js';
import type { GuardPass } from './auth-attempt.js';

/** A fault stays as long as it is not mended, and comes with every request: it is logged once in this time. */
const QUIET_MS = 60_000;

/**
 * Logs what only the people of the application can mend. Nest does not: to its filters a 500 that is an HttpException
 * is an answer like any other, and callers are told nothing.
 */
export class WiringFaults {
  private readonly logger = new Logger('IdentityAuthGuard');
  private readonly toldAtMs = new Map<string, number>();

  tell(fault: IdentityError | undefined, pass: GuardPass, nowMs = performance.now()): void {
    if (fault?.kind === 'misconfigured' && this.isDue(fault.code, nowMs)) {
      this.logger.error(`${fault.code}: ${describeError(fault)}`);
    }
    if (fault?.code === 'check_failed' && hasBrokenCheck(pass) && this.isDue(fault.code, nowMs)) {
      this.logger.error(`check_failed at ${handlerOf(pass.context)}: ${describeCheck(fault, pass)}`);
    }
    if (pass.hasNoUser === true && this.isDue('no user', nowMs)) {
      this.logger.warn(
        `handleRequest returned no user for ${handlerOf(pass.context)}, which is answered 401: put @OptionalAuth() on ` +
          'handlers that need no token, or return a user',
      );
    }
  }

  private isDue(what: string, nowMs: number): boolean {
    if (nowMs - (this.toldAtMs.get(what) ?? -Infinity) < QUIET_MS) return false;
    this.toldAtMs.set(what, nowMs);
    return true;
  }
}

/** Which function it was; what it threw, and the line that did. */
function describeCheck(fault: IdentityError, { judged }: GuardPass): string {
  const which = reasonOf(fault);
  if (fault.cause === undefined && which === fault.message) return which;
  return `${which} ${judged === undefined ? describeWithoutMessage(fault) : describeWithoutClaims(fault, judged)}`;
}

/** What `mapUser` does is reported by the strategy. */
function hasBrokenCheck({ judged, hasBrokenRequirement }: GuardPass): boolean {
  return judged === undefined || hasBrokenRequirement === true;
}

function handlerOf(context: ExecutionContext): string {
  return `${context.getClass().name}.${context.getHandler().name}`;
}
