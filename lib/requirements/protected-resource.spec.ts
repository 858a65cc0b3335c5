import { describe, expect, it } from 'vitest';
import { lostRequirements } from './find-contradictions.js';
import { ProtectedResource } from './protected-resource.js';
import { readAccessPlan } from './read-access-plan.js';

const FIELD: PropertyDescriptor = { value: 1 };

const API = 'https://api.example.com';

@ProtectedResource(API)
class Base {
  plain(): void {}
  @ProtectedResource('/own') own(): void {}
}
class Sub extends Base {}
@ProtectedResource('/sub')
class Other extends Base {}
class Silent {
  plain(): void {}
  @ProtectedResource('/own') own(): void {}
}

const resourceOf = (controller: new () => Base | Silent, name: 'plain' | 'own'): unknown =>
  readAccessPlan(Reflect.get(controller.prototype, name) as object, controller).resource;

describe('the resource of a route', () => {
  it('is that of its method, then that of its class, then that of the nearest parent', () => {
    expect(resourceOf(Base, 'plain')).toBe(API);
    expect(resourceOf(Base, 'own')).toBe('/own');
    expect(resourceOf(Sub, 'plain')).toBe(API);
    expect(resourceOf(Sub, 'own')).toBe('/own');
    expect(resourceOf(Other, 'plain')).toBe('/sub');
    expect(resourceOf(Silent, 'plain')).toBeUndefined();
    expect(resourceOf(Silent, 'own')).toBe('/own');
  });

  it('is no requirement: what is public stays so', () => {
    expect(readAccessPlan(Reflect.get(Base.prototype, 'own') as object, Base).requirements).toEqual([]);
  });
});

it.each(['', 'mcp', 'api.example.com', 1 as unknown as string, undefined as unknown as string])(
  '@ProtectedResource refuses %j',
  (url) => {
    expect(() => ProtectedResource(url)).toThrow(
      '@ProtectedResource expects the "url" of a configured resource',
    );
  },
);

it('@ProtectedResource stands on methods and classes only', () => {
  expect(() => ProtectedResource(API)({}, 'field', FIELD)).toThrow(/^@ProtectedResource stands on "field"/);
});

it('@ProtectedResource stands once on a route, and is missed if it gets lost', () => {
  expect(() => {
    class Twice {
      @ProtectedResource(API) @ProtectedResource('/b') get(): void {}
    }
    return Twice;
  }).toThrow('@ProtectedResource stands twice on one route: a route belongs to one resource');
  class Wrapped {
    @ProtectedResource(API) get(): void {}
  }
  expect(lostRequirements(Wrapped)).toEqual([]);
  Object.defineProperty(Wrapped.prototype, 'get', { value: (): void => undefined });
  expect(lostRequirements(Wrapped)).toEqual(['get']);
});
