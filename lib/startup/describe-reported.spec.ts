import { expect, it } from 'vitest';
import { readAccessPlan } from '../requirements/read-access-plan.js';
import { RequireRoles } from '../requirements/roles.js';
import { RequireScopes } from '../requirements/scopes.js';
import { describeReported } from './describe-reported.js';
import type { Route } from './route-scanner.js';

class Orders {
  @RequireRoles('a', { mode: 'report' }) @RequireScopes('a') @RequireScopes('b') list(): void {}
  @RequireScopes('a', { mode: 'enforce' }) create(): void {}
}

function routeOf(
  name: 'list' | 'create',
  mode: Route['mode'] = 'required',
): Parameters<typeof describeReported>[0][0] {
  return { name: `Orders.${name}`, mode, plan: readAccessPlan(Reflect.get(Orders.prototype, name), Orders) };
}

it('names what a decorator or the option has reported, each decorator once', () => {
  const routes = [routeOf('list'), routeOf('create')];
  expect(describeReported(routes, 'enforce')).toBe(
    'Only reported, not enforced: Orders.list (@RequireRoles)',
  );
  expect(describeReported(routes, 'report')).toBe(
    'Only reported, not enforced: Orders.list (@RequireScopes, @RequireRoles)',
  );
  expect(describeReported([routeOf('create')], 'report')).toBeUndefined();
  expect(describeReported([], 'report')).toBeUndefined();
});

it('says where calls without a token are let in', () => {
  expect(describeReported([routeOf('list', 'optional'), routeOf('list', 'public')], 'enforce')).toBe(
    'Only reported, not enforced: Orders.list (@RequireRoles; calls without a token are let in), ' +
      'Orders.list (@RequireRoles; @Public(), so no token is looked at and nothing is reported)',
  );
});

it('lists fifty routes at the most', () => {
  const line = (count: number): string | undefined =>
    describeReported(
      Array.from({ length: count }, () => routeOf('list')),
      'enforce',
    );
  expect(line(50)?.match(/Orders\.list/g)).toHaveLength(50);
  expect(line(50)).not.toContain('more');
  expect(line(53)?.match(/Orders\.list/g)).toHaveLength(50);
  expect(line(53)).toMatch(/\), 3 more$/);
});
