import type { AccessPlan } from '../../lib/requirements/read-access-plan.js';
import type { Requirement } from '../../lib/requirements/requirement.js';

/** What a route demands that needs a token and says nothing else. */
export const planOf = (...requirements: readonly Requirement[]): AccessPlan => ({
  mode: 'required',
  requirements,
  reported: [],
  placed: requirements.map((requirement) => ({ decorator: 'Test', requirement, mode: undefined })),
  resource: undefined,
  claimReaders: [],
});
