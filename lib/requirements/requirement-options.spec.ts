import { describe, expect, it } from 'vitest';
import { RefuseDelegated, RequireActor } from './actor.js';
import { RequireAnyRole } from './any-role.js';
import { RequireAnyScope } from './any-scope.js';
import { RequireAuthentication } from './authentication.js';
import { RequireAuthorizationDetails } from './authorization-details.js';
import { RequireClaim } from './claim.js';
import { RequireIssuer } from './issuer.js';
import { readAccessPlan } from './read-access-plan.js';
import type { AccessDecorator } from './requirement-decorator.js';
import type { RequirementOptions } from './requirement-options.js';
import { RequireRoles } from './roles.js';
import { RequireScopes } from './scopes.js';

/** Each decorator with options, and without. */
const DECORATORS: Readonly<Record<string, (...options: [] | [RequirementOptions]) => AccessDecorator>> = {
  RequireScopes: (...options) => RequireScopes(...(['a', 'b', ...options] as [string, string])),
  RequireAnyScope: (...options) => RequireAnyScope(...(['a', 'b', ...options] as [string, string])),
  RequireRoles: (...options) => RequireRoles(...(['a', 'b', ...options] as [string, string])),
  RequireAnyRole: (...options) => RequireAnyRole(...(['a', 'b', ...options] as [string, string])),
  RequireIssuer: (...options) => RequireIssuer(...(['https://a.example', ...options] as [string])),
  RequireClaim: (...options) => RequireClaim('tenant', ...(['acme', ...options] as [string])),
  RequireAuthentication: (...options) => RequireAuthentication({ acr: 'phr' }, ...options),
  RequireActor: (...options) => RequireActor(...(['desk', ...options] as [string])),
  RefuseDelegated: (...options) => RefuseDelegated(...options),
  RequireAuthorizationDetails: (...options) => RequireAuthorizationDetails('payment', ...(options as [])),
};

function planOf(decorator: AccessDecorator): ReturnType<typeof readAccessPlan> {
  class Routes {
    get(): void {}
  }
  const method = Object.getOwnPropertyDescriptor(Routes.prototype, 'get');
  decorator(Routes.prototype, 'get', method ?? {});
  return readAccessPlan(Reflect.get(Routes.prototype, 'get'), Routes);
}

describe.each(Object.entries(DECORATORS))('@%s', (name, make) => {
  /** The requirement as the decorator makes it without options: functions are others each time. */
  const plain = JSON.stringify(planOf(make()).requirements);

  it('says nothing of its mode without options', () => {
    const plan = planOf(make());
    expect(plan.placed).toMatchObject([{ decorator: name, mode: undefined }]);
    expect([plan.requirements.length, plan.reported.length]).toEqual([1, 0]);
    for (const options of [{}, { mode: undefined }]) {
      expect(planOf(make(options)).placed).toMatchObject([{ decorator: name, mode: undefined }]);
    }
  });

  it('is reported, or enforced, and demands the same', () => {
    const reported = planOf(make({ mode: 'report' }));
    expect(reported.placed).toMatchObject([{ decorator: name, mode: 'report' }]);
    expect(reported.reported).toEqual(reported.placed);
    expect(reported.requirements).toEqual([]);
    expect(JSON.stringify(reported.reported.map(({ requirement }) => requirement))).toBe(plain);
    const enforced = planOf(make({ mode: 'enforce' }));
    expect(enforced.placed).toMatchObject([{ decorator: name, mode: 'enforce' }]);
    expect(JSON.stringify(enforced.requirements)).toBe(plain);
    expect(enforced.reported).toEqual([]);
  });

  it.each<[object]>([
    [{ mode: 'Report' }],
    [{ mode: 'off' }],
    [{ mode: null }],
    [{ mode: false }],
    [{ Mode: 'report' }],
    [{ mode: 'report', more: 1 }],
  ])('refuses %j', (options) => {
    expect(() => make(options as RequirementOptions)).toThrow(
      `@${name} expects { mode: 'report' } or { mode: 'enforce' } as its options`,
    );
  });
});

describe('options that stand elsewhere', () => {
  const options = { mode: 'report' } as never;

  it.each<[string, () => unknown, string]>([
    ['in front of a scope', () => RequireScopes(options, 'a'), 'expects scopes of printable ASCII'],
    ['in the place of the scopes', () => RequireScopes(options), 'expects one scope or more'],
    ['in the place of the roles', () => RequireRoles(options), 'expects one role or more'],
    ['in the place of the issuers', () => RequireIssuer(options), 'expects one issuer or more'],
    ['in front of a name', () => RequireActor(options, 'a'), 'expects names of actors'],
    ['in front of a value', () => RequireClaim('a', options, 'b'), 'and options last'],
    [
      'in a demand',
      () => RequireAuthentication({ acr: 'a', mode: 'report' } as never),
      'in a second argument',
    ],
    [
      'in front of a predicate',
      () => Reflect.apply(RequireAuthorizationDetails, undefined, ['a', options, () => true]) as unknown,
      'expects a function behind the type',
    ],
  ])('%s are refused', (_where, decorate, message) => {
    expect(decorate).toThrow(message);
  });

  it('behind nothing but a claim demand the claim', () => {
    const { reported } = planOf(RequireClaim('tenant', { mode: 'report' }));
    expect(reported).toHaveLength(1);
  });

  it('behind a predicate leave it the predicate', () => {
    const accepts = (): boolean => true;
    const { reported } = planOf(RequireAuthorizationDetails('payment', accepts, { mode: 'report' }));
    expect(reported).toMatchObject([{ requirement: { type: 'payment', accepts } }]);
  });
});
