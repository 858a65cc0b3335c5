import {
  claimReaders,
  classRequirements,
  classResource,
  countDemands,
  needsToken,
  ownMode,
  ownRequirements,
  ownResource,
  type AccessMode,
  type ClaimReader,
  type PlacedRequirement,
} from './access-metadata.js';
import type { Requirement } from './requirement.js';

/** What the decorators on a route and on its class add up to. */
export interface AccessPlan {
  readonly mode: 'required' | AccessMode;
  /** All that make a token necessary: their decorators do not say that they are only reported. */
  readonly requirements: readonly Requirement[];
  /** The others: only reported, whatever the options say. */
  readonly reported: readonly PlacedRequirement[];
  /** All together, those of the class first. */
  readonly placed: readonly PlacedRequirement[];
  /** The protected resource that the route names; undefined for the first one that is configured. */
  readonly resource: string | undefined;
  /** Claims that parameters of the handler are made of. */
  readonly claimReaders: readonly ClaimReader[];
}

/**
 * The plan of a route. The mode of the handler wins over that of the class; if anything is required, from wherever, a
 * token is required: see {@link needsToken}. The mode of a parent class does not count: a subclass that says nothing must not be open.
 */
export function readAccessPlan(handler: object, controller: object): AccessPlan {
  const placed = [...classRequirements(controller), ...ownRequirements(handler)];
  const requirements = placed.filter(needsToken).map(({ requirement }) => requirement);
  const mode = ownMode(handler) ?? modeOfClass(controller, handler);
  return {
    mode: requirements.length > 0 ? 'required' : (mode ?? 'required'),
    requirements,
    reported: placed.filter((each) => !needsToken(each)),
    placed,
    resource: ownResource(handler) ?? classResource(controller),
    claimReaders: claimReaders(handler),
  };
}

/**
 * A method that says which tokens are good for it means that one is needed, even if its class is public. Where it is only
 * reported, the start checks refuse the two together.
 */
function modeOfClass(controller: object, handler: object): AccessMode | undefined {
  const mode = ownMode(controller);
  return mode === 'public' && countDemands(handler) > 0 ? undefined : mode;
}
