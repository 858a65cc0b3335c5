import { ExecutionContextHost } from './execution-context.js';
import { ScopeHierarchy } from '../../lib/model/scope-hierarchy.js';
import type { AuthorizedCall, RightsSources } from '../../lib/requirements/requirement.js';

/** Where no right is. */
export const NO_RIGHTS: RightsSources = {
  scopeClaim: [],
  scopeImplies: ScopeHierarchy.NONE,
  rolesClaimOf: () => undefined,
  audienceOf: () => ({ claim: 'aud', accepted: null }),
  authenticationOf: () => ({ acrOrder: [], stepUp: 'rfc9470' }),
  nowMs: () => 0,
  clockToleranceMs: 0,
};

/** A call of a route that belongs to a resource, or to none. */
export const callOf = (resource?: string): AuthorizedCall => ({
  context: new ExecutionContextHost([]),
  resource,
});
