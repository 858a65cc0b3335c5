import { Inject, Injectable, type ExecutionContext } from '@nestjs/common';
import { ERROR_CODES, type ErrorCode } from '../errors/error-codes.js';
import type { IdentityError } from '../errors/identity-error.js';
import { EventReporter } from '../events/event-reporter.js';
import { reasonOf } from '../events/reason.js';
import { isWithoutToken } from '../metrics/denials.js';
import { MetricsRecorder } from '../metrics/metrics-recorder.js';
import type { ValidatedToken } from '../model/token.js';
import {
  findUnmetRequirement,
  malformedClaim,
  type UnmetRequirement,
} from '../requirements/find-unmet-requirement.js';
import type { AccessPlan } from '../requirements/read-access-plan.js';
import type { RightsSources } from '../requirements/requirement.js';
import { RIGHTS_SOURCES } from '../requirements/rights-sources.js';
import { Resources } from '../resources/resources.js';
import { toCheckError } from '../validation/run-hooks.js';
import type { AuthAttempt } from './auth-attempt.js';
import { denied, type Denial } from './auth-outcome.js';

/** Holds validated tokens against the requirements of routes, reports access that is denied, and counts denials. */
@Injectable()
export class Authorizer {
  constructor(
    @Inject(RIGHTS_SOURCES) private readonly rights: RightsSources,
    @Inject(Resources) private readonly resources: Resources,
    @Inject(EventReporter) private readonly reporter: EventReporter,
    @Inject(MetricsRecorder) private readonly metrics: MetricsRecorder,
  ) {}

  /**
   * Why the token is not enough for a route: `audience_mismatch`, if it is for another resource; `scope_missing`, `role_missing` …;
   * undefined if it is.
   */
  authorize(
    validated: ValidatedToken,
    { plan, context }: Pick<AuthAttempt, 'plan' | 'context'>,
  ): Denial | undefined {
    let unmet: UnmetRequirement | undefined;
    try {
      unmet = this.findUnmet(validated, plan, context);
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

  /** The identifier of the protected resource that a route belongs to; undefined if none is configured. */
  resourceOf(plan: AccessPlan): string | undefined {
    return this.resources.of(plan.resource)?.url;
  }

  /** Whether a resource is configured, as a decorator names it. */
  knowsResource(resource: string): boolean {
    return this.resources.has(resource);
  }

  /**
   * Why a token is not for a resource; undefined if it is.
   *
   * @param resource - as a decorator names it; undefined for the first one.
   */
  mismatchOf(validated: ValidatedToken, resource: string | undefined): IdentityError | undefined {
    return this.resources.findMismatch(validated, resource, this.rights.audienceOf);
  }

  private findUnmet(
    validated: ValidatedToken,
    plan: AccessPlan,
    context: ExecutionContext,
  ): UnmetRequirement | undefined {
    const error = this.mismatchOf(validated, plan.resource);
    if (error !== undefined) return { error, challenge: undefined };
    const malformed = plan.claimReaders.find(({ isMalformed }) => isMalformed(validated.claims));
    if (malformed !== undefined) return { error: malformedClaim(malformed.claim), challenge: undefined };
    if (plan.requirements.length === 0) return undefined;
    const call = { context, resource: this.resourceOf(plan) };
    return findUnmetRequirement(validated, plan.requirements, this.rights, call);
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
