import { Inject, Injectable, type ExecutionContext } from '@nestjs/common';
import { CLOCK, type Clock } from '../cache/clock.js';
import { ERROR_CODES, type ErrorCode } from '../errors/error-codes.js';
import { IdentityError, refuse } from '../errors/identity-error.js';
import { EventReporter } from '../events/event-reporter.js';
import { reasonOf } from '../events/reason.js';
import { SeldomLog } from '../events/seldom-log.js';
import { DENIAL_CODES, isWithoutToken, type DenialCode } from '../metrics/denials.js';
import { MetricsRecorder } from '../metrics/metrics-recorder.js';
import { NO_CLIENT } from '../model/client-names.js';
import type { ValidatedToken } from '../model/token.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/resolved-options.js';
import type { ReportedDenial } from '../requirements/find-reported.js';
import { errorResponseFor } from '../transports/error-response.js';

/** Tells events and metrics what became of calls: denied, or let in although a reported requirement is not met. */
@Injectable()
export class AccessReports {
  /** Several guards may stand before one call, which counts once. Only calls of routes with reported requirements are in here. */
  private readonly reported = new WeakSet<ExecutionContext>();
  private readonly broken: SeldomLog;

  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    @Inject(EventReporter) private readonly reporter: EventReporter,
    @Inject(MetricsRecorder) private readonly metrics: MetricsRecorder,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.broken = new SeldomLog((line) => reporter.warn(line));
  }

  /** A valid token is not enough for a route. */
  denied({ issuer }: ValidatedToken, error: IdentityError): void {
    this.reporter.reportIfObserved(() => ({
      type: 'access.denied',
      code: error.code,
      reason: reasonOf(error),
      issuer,
    }));
  }

  /** Counts a denial, unless a validation has counted the token as rejected. */
  countDenial(validated: ValidatedToken | undefined, code: ErrorCode): void {
    if (isWithoutToken(code)) {
      const reason = ERROR_CODES[code].meaning;
      this.reporter.reportIfObserved(() => ({ type: 'request.rejected', code, reason }));
    }
    if (validated !== undefined || isWithoutToken(code)) this.metrics.recordDenial(validated?.issuer, code);
  }

  /** Whether the requirements of a call that are only reported are still to be looked at. */
  isNew(context: ExecutionContext): boolean {
    return !this.reported.has(context);
  }

  /**
   * A call was let in that reported requirements were compared with.
   *
   * @param validated - undefined for a call without a token.
   * @param denials - those that are not met; one call counts once for each code.
   */
  letIn(
    context: ExecutionContext,
    validated: ValidatedToken | undefined,
    denials: readonly ReportedDenial[],
  ): void {
    this.reported.add(context);
    const route = routeOf(context);
    this.metrics.reportedRoutes.addCall(route);
    const client = validated === undefined ? NO_CLIENT : this.options.clientNames.of(validated.claims);
    const issuer = validated?.issuer;
    const codes = new Set<DenialCode>();
    for (const { decorator, error } of denials) {
      const code = codeOf(error);
      if (codes.has(code)) continue;
      codes.add(code);
      this.metrics.recordWouldDeny(issuer, code, client);
      this.metrics.reportedRoutes.add(route, { code, client, atMs: this.clock.wallMs() });
      const reason = (): string => reasonOf(error);
      this.reporter.reportIfObserved(() => ({
        type: 'access.would-deny',
        code,
        reason: reason(),
        issuer,
        route,
        requirement: decorator,
        client,
      }));
      // The caller is answered as usual, so nobody else tells of it.
      if (code === 'check_failed') {
        this.broken.add(() => `check_failed at ${route}, where @${decorator} is only reported: ${reason()}`);
      }
    }
  }
}

/** The code that the denial would be counted under. */
function codeOf(error: unknown): DenialCode {
  const code = errorResponseFor(error)?.code;
  return DENIAL_CODES.find((each) => each === code) ?? 'check_failed';
}

function routeOf(context: ExecutionContext): string {
  return `${context.getClass().name}.${context.getHandler().name}`;
}

/** What enforcing a requirement would answer to a call without a token. */
export function tokenMissing(decorator: string): ReportedDenial {
  return { decorator, error: refuse('token_missing') };
}
