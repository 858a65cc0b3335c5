import { Logger } from '@nestjs/common';
import type { ErrorCode } from '../errors/error-codes.js';
import { describeError, type IdentityError } from '../errors/identity-error.js';

/** A fault stays as long as it is not mended, and comes with every request: it is logged once in this time. */
const QUIET_MS = 60_000;

/**
 * Logs what only the people of the application can mend. Nest does not: to its filters a 500 that is an HttpException
 * is an answer like any other, and callers are told nothing.
 */
export class WiringFaults {
  private readonly logger = new Logger('IdentityAuthGuard');
  private readonly toldAtMs = new Map<ErrorCode, number>();

  tell(fault: IdentityError | undefined, nowMs = performance.now()): void {
    if (fault?.kind !== 'misconfigured') return;
    if (nowMs - (this.toldAtMs.get(fault.code) ?? -Infinity) < QUIET_MS) return;
    this.toldAtMs.set(fault.code, nowMs);
    this.logger.error(`${fault.code}: ${describeError(fault)}`);
  }
}
