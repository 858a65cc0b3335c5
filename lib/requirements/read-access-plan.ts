import { classRequirements, ownMode, ownRequirements, type AccessMode } from './access-metadata.js';
import type { Requirement } from './requirement.js';

/** What the decorators on a route and on its class add up to. */
export interface AccessPlan {
  readonly mode: 'required' | AccessMode;
  /** All of them are demanded. */
  readonly requirements: readonly Requirement[];
}

/**
 * The plan of a route. The mode of the handler wins over that of the class; if anything is required, from wherever, a
 * token is required. The mode of a parent class does not count: a subclass that says nothing must not be open.
 */
export function readAccessPlan(handler: object, controller: object): AccessPlan {
  const requirements = [...classRequirements(controller), ...ownRequirements(handler)];
  const mode = ownMode(handler) ?? ownMode(controller);
  return { mode: requirements.length > 0 ? 'required' : (mode ?? 'required'), requirements };
}
