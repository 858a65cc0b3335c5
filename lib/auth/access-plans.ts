import { readAccessPlan, type AccessPlan } from '../requirements/read-access-plan.js';

/** The plans of handlers, each read once: decorators have done their work long before the first request. */
export class AccessPlans {
  /** By handler, then by the class it is called on: a method may be inherited by several. */
  private readonly plans = new WeakMap<object, WeakMap<object, AccessPlan>>();

  of(handler: object, controller: object): AccessPlan {
    const known = this.plans.get(handler)?.get(controller);
    if (known !== undefined) return known;
    const plan = readAccessPlan(handler, controller);
    const byController = this.plans.get(handler) ?? new WeakMap<object, AccessPlan>();
    this.plans.set(handler, byController.set(controller, plan));
    return plan;
  }
}
