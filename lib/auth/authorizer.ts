import { Inject, Injectable } from '@nestjs/common';
import { ERROR_CODES, type ErrorCode } from '../errors/error-codes.js';
import { EventReporter } from '../events/event-reporter.js';
import { reasonOf } from '../events/reason.js';
import { IssuerRegistry } from '../issuers/issuer-registry.js';
import { isWithoutToken } from '../metrics/denials.js';
import { MetricsRecorder } from '../metrics/metrics-recorder.js';
import type { ValidatedToken } from '../model/token.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/resolved-options.js';
import { findUnmetRequirement, type UnmetRequirement } from '../requirements/find-unmet-requirement.js';
import type { Requirement, RightsSources } from '../requirements/requirement.js';
import { toCheckError } from '../validation/run-hooks.js';
import { denied, type Denial } from './auth-outcome.js';

/** Holds validated tokens against the requirements of routes, reports access that is denied, and counts denials. */
@Injectable()
export class Authorizer {
  private readonly rights: RightsSources;

  constructor(
    @Inject(RESOLVED_OPTIONS) { scopeClaim }: ResolvedOptions,
    @Inject(IssuerRegistry) registry: IssuerRegistry,
    @Inject(EventReporter) private readonly reporter: EventReporter,
    @Inject(MetricsRecorder) private readonly metrics: MetricsRecorder,
  ) {
    this.rights = { scopeClaim, rolesClaimOf: (issuer) => registry.rolesClaimOf(issuer) };
  }

  /** Why the token is not enough: `scope_missing`, `role_missing`, `claim_not_met` …; undefined if it is. */
  authorize(validated: ValidatedToken, requirements: readonly Requirement[]): Denial | undefined {
    let unmet: UnmetRequirement | undefined;
    try {
      unmet = findUnmetRequirement(validated, requirements, this.rights);
    } catch (error) {
      // A predicate of the application that breaks says nothing about the token: it is no 403, and no bare 500.
      return denied(toCheckError(error, 'function of a requirement'), { validated, broken: 'requirement' });
    }
    if (unmet === undefined) return undefined;
    const { error, challenge } = unmet;
    this.reporter.reportIfObserved(() => ({
      type: 'access.denied',
      code: error.code,
      reason: reasonOf(error),
      issuer: validated.issuer,
    }));
    return denied(error, { validated, challenge });
  }

  /** Counts a denial, unless a validation has counted the token as rejected. */
  countDenial(validated: ValidatedToken | undefined, code: ErrorCode): void {
    if (isWithoutToken(code)) {
      const reason = ERROR_CODES[code].meaning;
      this.reporter.reportIfObserved(() => ({ type: 'request.rejected', code, reason }));
    }
    if (validated !== undefined || isWithoutToken(code)) this.metrics.recordDenial(validated?.issuer, code);
  }
}
