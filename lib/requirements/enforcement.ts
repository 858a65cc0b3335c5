import type { PlacedRequirement } from './access-metadata.js';
import type { AccessPlan } from './read-access-plan.js';
import type { RequirementMode } from './requirement-options.js';
import type { Requirement } from './requirement.js';

/** What of an access plan is enforced, and what is only reported. */
export interface EnforcedPlan {
  readonly enforced: readonly Requirement[];
  readonly reported: readonly PlacedRequirement[];
}

/** Parts the requirements of routes: what a decorator says of itself wins over the option `requirementMode`. */
export class Enforcement {
  /** Filled only while the option says `report`. */
  private readonly plans = new WeakMap<AccessPlan, EnforcedPlan>();

  /** @param mode - of requirements whose decorators leave it open. */
  constructor(readonly mode: RequirementMode) {}

  enforcedOf(plan: AccessPlan): readonly Requirement[] {
    return this.mode === 'enforce' ? plan.requirements : this.part(plan).enforced;
  }

  reportedOf(plan: AccessPlan): readonly PlacedRequirement[] {
    return this.mode === 'enforce' ? plan.reported : this.part(plan).reported;
  }

  private part(plan: AccessPlan): EnforcedPlan {
    const known = this.plans.get(plan);
    if (known !== undefined) return known;
    const isEnforced = ({ mode }: PlacedRequirement): boolean => mode === 'enforce';
    const parted = {
      enforced: plan.placed.filter(isEnforced).map(({ requirement }) => requirement),
      reported: plan.placed.filter((each) => !isEnforced(each)),
    };
    this.plans.set(plan, parted);
    return parted;
  }
}
