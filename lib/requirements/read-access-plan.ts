import {
  claimReaders,
  classRequirements,
  classResource,
  ownMode,
  ownRequirements,
  ownResource,
  type AccessMode,
  type ClaimReader,
} from './access-metadata.js';
import type { Requirement } from './requirement.js';

/** What the decorators on a route and on its class add up to. */
export interface AccessPlan {
  readonly mode: 'required' | AccessMode;
  /** All of them are demanded. */
  readonly requirements: readonly Requirement[];
  /** The protected resource that the route names; undefined for the first one that is configured. */
  readonly resource: string | undefined;
  /** Claims that parameters of the handler are made of. */
  readonly claimReaders: readonly ClaimReader[];
}

/**
 * The plan of a route. The mode of the handler wins over that of the class; if anything is required, from wherever, a
 * token is required. The mode of a parent class does not count: a subclass that says nothing must not be open.
 */
export function readAccessPlan(handler: object, controller: object): AccessPlan {
  const requirements = [...classRequirements(controller), ...ownRequirements(handler)];
  const mode = ownMode(handler) ?? modeOfClass(controller, ownResource(handler));
  return {
    mode: requirements.length > 0 ? 'required' : (mode ?? 'required'),
    requirements,
    resource: ownResource(handler) ?? classResource(controller),
    claimReaders: claimReaders(handler),
  };
}

/** A method that says which tokens are good for it means that one is needed, whatever its class says. */
function modeOfClass(controller: object, ownResourceOfHandler: string | undefined): AccessMode | undefined {
  const mode = ownMode(controller);
  return mode === 'public' && ownResourceOfHandler !== undefined ? undefined : mode;
}
