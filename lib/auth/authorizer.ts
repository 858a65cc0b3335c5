import { Inject, Injectable, type ExecutionContext } from '@nestjs/common';
import type { ErrorCode } from '../errors/error-codes.js';
import type { IdentityError } from '../errors/identity-error.js';
import type { ValidatedToken } from '../model/token.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/resolved-options.js';
import { Enforcement } from '../requirements/enforcement.js';
import { findReported } from '../requirements/find-reported.js';
import {
  findUnmetRequirement,
  malformedClaim,
  type UnmetRequirement,
} from '../requirements/find-unmet-requirement.js';
import type { AccessPlan } from '../requirements/read-access-plan.js';
import type { Requirement, RightsSources } from '../requirements/requirement.js';
import { RIGHTS_SOURCES } from '../requirements/rights-sources.js';
import { Resources } from '../resources/resources.js';
import { toCheckError } from '../validation/run-hooks.js';
import { AccessReports, tokenMissing } from './access-reports.js';
import type { AuthAttempt } from './auth-attempt.js';
import { denied, type Denial } from './auth-outcome.js';

/** Compares validated tokens with the requirements of routes: those that are enforced, and those that are only reported. */
@Injectable()
export class Authorizer {
  private readonly enforcement: Enforcement;

  constructor(
    @Inject(RESOLVED_OPTIONS) { requirementMode }: ResolvedOptions,
    @Inject(RIGHTS_SOURCES) private readonly rights: RightsSources,
    @Inject(Resources) private readonly resources: Resources,
    @Inject(AccessReports) private readonly reports: AccessReports,
  ) {
    this.enforcement = new Enforcement(requirementMode);
  }

  /**
   * Why the token is not enough for a route: `audience_mismatch`, if it is for another resource; `scope_missing`, `role_missing` …;
   * undefined if it is. What is only reported is looked at last, and denies nothing.
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
    if (unmet === undefined) {
      this.report(validated, plan, context);
      return undefined;
    }
    const { error, challenge } = unmet;
    this.reports.denied(validated, error);
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
   * Why a token is not for a resource, before any route is asked, such as for a WebSocket that connects: told and counted.
   *
   * @param resource - as a decorator names it; undefined for the first one.
   */
  denyMismatch(validated: ValidatedToken, resource: string | undefined): IdentityError | undefined {
    const error = this.resources.findMismatch(validated, resource, this.rights.audienceOf);
    if (error === undefined) return undefined;
    this.reports.denied(validated, error);
    this.reports.countDenial(validated, error.code);
    return error;
  }

  private findUnmet(
    validated: ValidatedToken,
    plan: AccessPlan,
    context: ExecutionContext,
  ): UnmetRequirement | undefined {
    const error = this.resources.findMismatch(validated, plan.resource, this.rights.audienceOf, context);
    if (error !== undefined) return { error, challenge: undefined };
    const malformed = plan.claimReaders.find(({ isMalformed }) => isMalformed(validated.claims));
    if (malformed !== undefined) return { error: malformedClaim(malformed.claim), challenge: undefined };
    const enforced = this.enforcedOf(plan);
    if (enforced.length === 0) return undefined;
    const call = { context, resource: this.resourceOf(plan) };
    return findUnmetRequirement(validated, enforced, this.rights, call);
  }

  private report(validated: ValidatedToken, plan: AccessPlan, context: ExecutionContext): void {
    const reported = this.enforcement.reportedOf(plan);
    if (reported.length === 0 || !this.reports.isNew(context)) return;
    const call = { context, resource: this.resourceOf(plan) };
    this.reports.letIn(context, validated, findReported(validated, reported, this.rights, call));
  }

  /** A call without a token was let in: reported requirements would have denied it. */
  reportWithoutToken({ plan, context }: Pick<AuthAttempt, 'plan' | 'context'>): void {
    const [first] = this.enforcement.reportedOf(plan);
    if (first === undefined || !this.reports.isNew(context)) return;
    this.reports.letIn(context, undefined, [tokenMissing(first.decorator)]);
  }

  /** The requirements of a route that deny access. */
  enforcedOf(plan: AccessPlan): readonly Requirement[] {
    return this.enforcement.enforcedOf(plan);
  }

  /** Counts a denial, unless a validation has counted the token as rejected. */
  countDenial(validated: ValidatedToken | undefined, code: ErrorCode): void {
    this.reports.countDenial(validated, code);
  }
}
