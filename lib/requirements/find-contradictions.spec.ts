import { describe, expect, it } from 'vitest';
import { OptionalAuth } from '../decorators/optional-auth.js';
import { Public } from '../decorators/public.js';
import { noteMethod, saysAnything } from './access-metadata.js';
import { inheritedMode, lostRequirements, neverEnforced } from './find-contradictions.js';
import { RequireRoles } from './roles.js';
import { RequireScopes } from './scopes.js';

type Class = abstract new () => object;

const methodOf = (target: Class, name: string): object => Reflect.get(target.prototype, name) as object;

describe('neverEnforced', () => {
  class Orders {
    @RequireScopes('a') list(): void {}
    @RequireScopes('a') helper(): void {}
    plain(): void {}
    @RequireScopes('a') static build(): void {}
  }
  const handlers = new Set<unknown>([methodOf(Orders, 'list'), methodOf(Orders, 'plain')]);

  it('names methods with a requirement that are no handlers, static ones included', () => {
    expect(neverEnforced(Orders, handlers)).toEqual(['helper', 'build']);
    expect(neverEnforced(Orders, new Set([...handlers, methodOf(Orders, 'helper')]))).toEqual(['build']);
  });

  it('names those of parent classes', () => {
    class Child extends Orders {}
    expect(neverEnforced(Child, handlers)).toEqual(['helper', 'build']);
  });

  it('does not name those that a subclass has replaced', () => {
    class Child extends Orders {
      override helper(): void {}
      static override build(): void {}
    }
    expect(neverEnforced(Child, handlers)).toEqual([]);
  });

  it('names symbols, and takes a method that was removed for one that no guard is asked about', () => {
    const hidden = Symbol('hidden');
    class Odd {
      @RequireScopes('a') [hidden](): void {}
      @RequireScopes('a') gone(): void {}
    }
    Reflect.deleteProperty(Odd.prototype, 'gone');
    expect(neverEnforced(Odd, new Set())).toEqual(['Symbol(hidden)', 'gone']);
  });
});

describe('lostRequirements', () => {
  it('names a method that was removed, or is no function any more', () => {
    class Odd {
      @RequireScopes('a') gone(): void {}
      @RequireScopes('a') replaced(): void {}
    }
    Reflect.deleteProperty(Odd.prototype, 'gone');
    Object.defineProperty(Odd.prototype, 'replaced', { value: null });
    expect(lostRequirements(Odd)).toEqual(['gone', 'replaced']);
  });

  it('does not name a method whose requirements are all there', () => {
    class Orders {
      @RequireScopes('a') @RequireRoles('x') list(): void {}
    }
    expect(lostRequirements(Orders)).toEqual([]);
    noteMethod(Orders.prototype, 'list');
    expect(lostRequirements(Orders)).toEqual(['list']);
  });
});

describe('inheritedMode', () => {
  @Public()
  class Open {}
  @OptionalAuth()
  class Optional {}
  class Silent extends Open {}

  it('names the nearest parent class that is open, and its decorator', () => {
    class Grandchild extends Silent {}
    class OfOptional extends Optional {}
    expect(inheritedMode(Silent)).toEqual({ name: 'Open', decorator: 'Public' });
    expect(inheritedMode(Grandchild)).toEqual({ name: 'Open', decorator: 'Public' });
    expect(inheritedMode(OfOptional)).toEqual({ name: 'Optional', decorator: 'OptionalAuth' });
  });

  it('is undefined for a class that says something itself, or inherits a requirement', () => {
    @OptionalAuth()
    class Speaking extends Open {}
    @RequireScopes('a')
    class Demanding extends Open {}
    class Child extends Demanding {}
    for (const each of [Open, Speaking, Demanding, Child]) expect(inheritedMode(each)).toBeUndefined();
  });

  it('is undefined if no parent class is open', () => {
    class Base {
      plain(): void {}
    }
    class Child extends Base {}
    for (const each of [Base, Child]) expect(inheritedMode(each)).toBeUndefined();
  });
});

describe('saysAnything', () => {
  it('holds for a mode and for a requirement, and for nothing that is inherited', () => {
    @Public()
    class Open {}
    @RequireScopes('a')
    class Demanding {}
    class Child extends Demanding {
      @Public() open(): void {}
      @RequireScopes('a') demanding(): void {}
      plain(): void {}
    }
    for (const each of [Open, Demanding, methodOf(Child, 'open'), methodOf(Child, 'demanding')]) {
      expect(saysAnything(each)).toBe(true);
    }
    for (const each of [Child, methodOf(Child, 'plain')]) expect(saysAnything(each)).toBe(false);
  });
});
