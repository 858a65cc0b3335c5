import { describe, expect, it } from 'vitest';
import { codeOf } from '../../test/support/code-of.js';
import { isContradictory, lostRequirements } from './find-contradictions.js';
import { readAccessPlan } from './read-access-plan.js';
import { OptionalAuth } from '../decorators/optional-auth.js';
import { Public } from '../decorators/public.js';
import { AnyRoleRequirement, RequireAnyRole } from './any-role.js';
import { AnyScopeRequirement, RequireAnyScope } from './any-scope.js';
import { ClaimRequirement, RequireClaim } from './claim.js';
import { RequireIssuer } from './issuer.js';
import type { Requirement } from './requirement.js';
import { RequireRoles, RolesRequirement } from './roles.js';
import { RequireScopes, ScopesRequirement } from './scopes.js';

/** Puts another function in the method's place, as careless decorators do. */
function Replace(): MethodDecorator {
  return (_target, _name, descriptor) => ({ ...descriptor, value: (() => undefined) as never });
}

@Public()
class Open {
  plain(): void {}
  @OptionalAuth() optional(): void {}
  @RequireScopes('a') demanding(): void {}
}

@RequireScopes('base')
class Base {
  plain(): void {}
  @Public() open(): void {}
  @RequireClaim('tenant') @RequireScopes('a') @RequireScopes('b') demanding(): void {}
}

@RequireIssuer('https://id.example.com')
class Derived extends Base {
  @RequireRoles('x', 'y') @RequireAnyScope('c', 'd') own(): void {}
}

class Bare {
  plain(): void {}
  @Public() open(): void {}
  @OptionalAuth() optional(): void {}
}

type Method = (this: void) => void;
function planOf(controller: abstract new () => object, name: string): { mode: string; demands: unknown[] } {
  const handler = Reflect.get(controller.prototype as object, name) as Method;
  const { mode, requirements } = readAccessPlan(handler, controller);
  const demands = requirements.map((requirement) => {
    if (requirement instanceof ScopesRequirement) return requirement.scopes.join(' ');
    if (requirement instanceof AnyScopeRequirement) return requirement.alternatives.join(' ');
    if (requirement instanceof RolesRequirement || requirement instanceof AnyRoleRequirement) {
      return `roles ${requirement.roles.join(' ')}`;
    }
    return requirement instanceof ClaimRequirement ? requirement.path : requirement.issuers;
  });
  return { mode, demands };
}

describe('readAccessPlan', () => {
  it.each<[string, abstract new () => object, string, string, unknown[]]>([
    ['nothing said', Bare, 'plain', 'required', []],
    ['a public method', Bare, 'open', 'public', []],
    ['an optional method', Bare, 'optional', 'optional', []],
    ['a public class', Open, 'plain', 'public', []],
    ['an optional method in a public class', Open, 'optional', 'optional', []],
    ['a demanding method in a public class', Open, 'demanding', 'required', ['a']],
    ['a demanding class', Base, 'plain', 'required', ['base']],
    ['a public method in a demanding class', Base, 'open', 'required', ['base']],
    ['several demands on one method', Base, 'demanding', 'required', ['base', 'b', 'a', ['tenant']]],
    ['a subclass', Derived, 'own', 'required', ['base', ['https://id.example.com'], 'c d', 'roles x y']],
    [
      'an inherited method',
      Derived,
      'demanding',
      'required',
      ['base', ['https://id.example.com'], 'b', 'a', ['tenant']],
    ],
  ])('for %s', (_what, controller, name, mode, demands) => {
    expect(planOf(controller, name)).toEqual({ mode, demands });
  });

  it('does not take the mode of a class for its subclasses', () => {
    class Child extends Open {}
    expect(planOf(Child, 'plain').mode).toBe('required');
  });

  it('gives the base class nothing of what its subclass demands', () => {
    expect(planOf(Base, 'plain').demands).toEqual(['base']);
  });
});

describe('isContradictory', () => {
  it('holds for a target that is open and demands at once', () => {
    class Odd {
      @Public() @RequireScopes('a') method(): void {}
    }
    @RequireScopes('a')
    @OptionalAuth()
    class OddClass {}
    expect(isContradictory(Reflect.get(Odd.prototype, 'method'))).toBe(true);
    expect(isContradictory(OddClass)).toBe(true);
  });

  it('holds for a target that is public and optional at once, in either order', () => {
    class Odd {
      @Public() @OptionalAuth() one(): void {}
      @OptionalAuth() @Public() other(): void {}
      @Public() @Public() twice(): void {}
    }
    const answers = ['one', 'other', 'twice'].map((name) =>
      isContradictory(Reflect.get(Odd.prototype, name) as object),
    );
    expect(answers).toEqual([true, true, false]);
  });

  it('does not hold where class and method differ, or one of the two is inherited', () => {
    @RequireScopes('a')
    class Child extends Open {}
    expect(isContradictory(Open)).toBe(false);
    expect(isContradictory(Reflect.get(Open.prototype, 'demanding'))).toBe(false);
    expect(isContradictory(Reflect.get(Base.prototype, 'open'))).toBe(false);
    expect(isContradictory(Child)).toBe(false);
  });
});

describe('lostRequirements', () => {
  it('are none where nothing was replaced', () => {
    expect(lostRequirements(Base)).toEqual([]);
    expect(lostRequirements(Derived)).toEqual([]);
    expect(lostRequirements(Bare)).toEqual([]);
  });

  it('are those under a decorator that put another function in place', () => {
    class Careless {
      @Replace() @RequireScopes('a') first(): void {}
      @RequireScopes('a') @Replace() second(): void {}
    }
    expect(lostRequirements(Careless)).toEqual(['first']);
    class Child extends Careless {}
    expect(lostRequirements(Child)).toEqual(['first']);
  });

  it('are also those of which only some are lost', () => {
    class Careless {
      @RequireScopes('a') @Replace() @RequireScopes('b') method(): void {}
    }
    expect(lostRequirements(Careless)).toEqual(['method']);
  });
});

describe('the decorators', () => {
  const apply = (decorator: (...given: never[]) => unknown, ...given: unknown[]): unknown =>
    decorator(...(given as never[]));

  const SCOPES = 'expects scopes of printable ASCII without spaces, quotes and backslashes, one an argument';
  const ROLES = 'expects one role or more, one an argument';
  const CLAIM = '@RequireClaim expects the name of a claim or a path of names';
  const ISSUERS = '@RequireIssuer expects one issuer or more';
  it.each<[string, () => unknown, string]>([
    ['no scope', () => apply(RequireScopes), '@RequireScopes expects one scope or more'],
    ['no alternative', () => apply(RequireAnyScope), '@RequireAnyScope expects one scope or more'],
    ['a list', () => apply(RequireScopes, ['a']), `@RequireScopes ${SCOPES}`],
    ['two scopes in one string', () => RequireScopes('a b'), `@RequireScopes ${SCOPES}`],
    ['an empty scope', () => RequireScopes(''), `@RequireScopes ${SCOPES}`],
    ['a quote', () => RequireScopes('a"b'), `@RequireScopes ${SCOPES}`],
    ['a quote in front', () => RequireScopes('"b'), `@RequireScopes ${SCOPES}`],
    ['a quote behind', () => RequireScopes('b"'), `@RequireScopes ${SCOPES}`],
    ['a backslash', () => RequireScopes(String.raw`a\b`), `@RequireScopes ${SCOPES}`],
    ['a line break', () => RequireScopes('a\nb'), `@RequireScopes ${SCOPES}`],
    ['a letter beyond ASCII', () => RequireAnyScope('a', 'ü'), `@RequireAnyScope ${SCOPES}`],
    ['no claim', () => RequireClaim(''), CLAIM],
    ['an empty path', () => RequireClaim([]), CLAIM],
    ['an empty step', () => RequireClaim(['a', '']), CLAIM],
    ['a step that is no text', () => apply(RequireClaim, ['a', 1]), CLAIM],
    [
      'a value that is undefined',
      () => apply(RequireClaim, 'tenant', 'acme', undefined),
      '@RequireClaim was given undefined for a value; leave it out to require any value',
    ],
    ['no role', () => apply(RequireRoles), `@RequireRoles ${ROLES}`],
    ['a list of roles', () => apply(RequireRoles, ['a', 'b']), `@RequireRoles ${ROLES}`],
    ['no role of several', () => apply(RequireAnyRole), `@RequireAnyRole ${ROLES}`],
    ['a list of roles of several', () => apply(RequireAnyRole, ['a', 'b']), `@RequireAnyRole ${ROLES}`],
    ['an empty role of several', () => RequireAnyRole('a', ''), `@RequireAnyRole ${ROLES}`],
    ['an empty role', () => RequireRoles('a', ''), `@RequireRoles ${ROLES}`],
    ['no issuer', () => apply(RequireIssuer), ISSUERS],
    ['an empty issuer', () => RequireIssuer('https://id.example.com', ''), ISSUERS],
    ['a list of issuers', () => apply(RequireIssuer, ['https://id.example.com']), ISSUERS],
  ])('refuse %s', (_what, decorate, message) => {
    expect(codeOf(decorate)).toBe('options_invalid');
    expect(decorate).toThrow(expect.objectContaining({ message: expect.stringContaining(message) }));
  });

  it('take more than one name, and a path', () => {
    class Demanding {
      @RequireScopes('orders:read', '!~[]') scopes(): void {}
      @RequireRoles('a b', 'c') roles(): void {}
      @RequireIssuer('https://a.example.com', 'https://b.example.com') issuers(): void {}
      @RequireClaim(['a', 'b'], 'x') path(): void {}
    }
    expect(planOf(Demanding, 'scopes').demands).toEqual(['orders:read !~[]']);
    expect(planOf(Demanding, 'roles').demands).toEqual(['roles a b c']);
    expect(planOf(Demanding, 'issuers').demands).toEqual([
      ['https://a.example.com', 'https://b.example.com'],
    ]);
    expect(planOf(Demanding, 'path').demands).toEqual([['a', 'b']]);
  });

  it('say to the start checks whether roles are read', () => {
    const reads = (requirement: Requirement): boolean | undefined => requirement.readsRoles;
    expect(reads(new RolesRequirement(['a']))).toBe(true);
    expect(reads(new AnyRoleRequirement(['a']))).toBe(true);
    expect(reads(new ScopesRequirement(['a']))).toBeUndefined();
  });

  const members: [what: string, target: object, descriptor: unknown][] = [
    ['a property', Bare.prototype, undefined],
    ['a static property', Bare, undefined],
    ['an accessor', Bare.prototype, { get: () => undefined, configurable: true }],
    ['a parameter', Bare.prototype, 0],
  ];
  const decorators: [name: string, decorator: () => unknown][] = [
    ['Public', Public],
    ['OptionalAuth', OptionalAuth],
    ['RequireScopes', () => RequireScopes('a')],
    ['RequireAnyScope', () => RequireAnyScope('a')],
    ['RequireRoles', () => RequireRoles('a')],
    ['RequireAnyRole', () => RequireAnyRole('a')],
    ['RequireClaim', () => RequireClaim('a')],
    ['RequireIssuer', () => RequireIssuer('a')],
  ];
  it.each(
    members.flatMap(([what, ...place]) =>
      decorators.map(([name, decorator]) => [name, what, decorator, ...place] as const),
    ),
  )('%s refuses %s, where no guard would look', (name, _what, decorator, target, descriptor) => {
    const decorate = decorator() as (...given: unknown[]) => void;
    expect(codeOf(() => decorate(target, 'member', descriptor))).toBe('options_invalid');
    expect(() => decorate(target, 'member', descriptor)).toThrow(new RegExp(`@${name}.*"member"`));
    expect(planOf(Bare, 'plain')).toEqual({ mode: 'required', demands: [] });
  });

  it.each([
    ['the parameter of a constructor', 0],
    ['what is called without a name', { value: () => undefined }],
  ])('refuse %s', (_what, descriptor) => {
    const decorate = (): unknown =>
      Reflect.apply(RequireScopes('a'), undefined, [Bare, undefined, descriptor]);
    expect(decorate).toThrow('@RequireScopes stands on "undefined"');
    expect(planOf(Bare, 'plain')).toEqual({ mode: 'required', demands: [] });
  });

  it.each<[string, readonly unknown[], unknown, boolean]>([
    ['any value', ['a'], 'x', true],
    ['any value, even false', ['a'], false, true],
    ['any value, but null', ['a'], null, false],
    ['any value, but none', ['a'], undefined, false],
    ['one of two', ['a', 'x', 'y'], 'y', true],
    ['one of two, which it is not', ['a', 'x', 'y'], 'z', false],
    ['one of two, in a list', ['a', 'x', 'y'], ['z', 'x'], true],
    ['one of two, in no list', ['a', 'x', 'y'], ['z'], false],
    ['a number', ['a', 1], '1', false],
    ['false', ['a', false], false, true],
    ['false, where there is nothing', ['a', false], undefined, false],
    ['a predicate', ['a', (value: unknown) => value === 'x'], 'x', true],
    ['a predicate that says no', ['a', () => false], 'x', false],
  ])('demand of a claim %s', (_what, parameters, value, met) => {
    class Demanding {
      @Reflect.apply(RequireClaim, undefined, parameters) method(): void {}
    }
    const [requirement] = readAccessPlan(Reflect.get(Demanding.prototype, 'method'), Demanding).requirements;
    if (!(requirement instanceof ClaimRequirement)) throw new Error('no claim is demanded');
    expect(requirement.accepts(value, { iss: 'x', exp: 1 })).toBe(met);
  });
});
