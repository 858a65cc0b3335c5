import { describe, expect, it } from 'vitest';
import { Enforcement } from './enforcement.js';
import { readAccessPlan } from './read-access-plan.js';
import { RequireScopes, ScopesRequirement } from './scopes.js';

@RequireScopes('class')
@RequireScopes('class-reported', { mode: 'report' })
class Routes {
  @RequireScopes('open')
  @RequireScopes('reported', { mode: 'report' })
  @RequireScopes('enforced', { mode: 'enforce' })
  get(): void {}
}

const plan = readAccessPlan(Reflect.get(Routes.prototype, 'get'), Routes);
const scopesOf = (enforcement: Enforcement): Record<'enforced' | 'reported', unknown> => ({
  enforced: enforcement.enforcedOf(plan).flatMap(({ scopes }) => scopes),
  reported: enforcement.reportedOf(plan).flatMap(({ requirement }) => requirement.scopes),
});

describe('the option requirementMode', () => {
  it('enforces what is not said to be reported', () => {
    expect(scopesOf(new Enforcement('enforce'))).toEqual({
      enforced: ['class', 'enforced', 'open'],
      reported: ['class-reported', 'reported'],
    });
  });

  it('reports what is not said to be enforced', () => {
    const enforcement = new Enforcement('report');
    const expected = { enforced: ['enforced'], reported: ['class-reported', 'class', 'reported', 'open'] };
    expect(scopesOf(enforcement)).toEqual(expected);
    expect(scopesOf(enforcement)).toEqual(expected);
    expect(enforcement.enforcedOf(plan)).toBe(enforcement.enforcedOf(plan));
  });

  it('makes a token no less necessary: the plan does not know of it', () => {
    expect(plan.mode).toBe('required');
    expect(plan.requirements).toEqual([
      new ScopesRequirement(['class']),
      new ScopesRequirement(['enforced']),
      new ScopesRequirement(['open']),
    ]);
  });
});
