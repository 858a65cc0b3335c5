import { describe, expect, it } from 'vitest';
import * as metadata from './access-metadata.js';
import { ProtectedResource } from './protected-resource.js';
import { RequireScopes } from './scopes.js';

const { claimReaders, isDecoratedByOther, noteClaimReader, setMode } = metadata;
const reader = (claim: string): metadata.ClaimReader => ({ claim, isMalformed: () => false });

describe('claims that parameters read', () => {
  it('are noted on the method, one after the other', () => {
    const [a, b] = [reader('a'), reader('b')];
    class Routes {
      read(@noteClaimReader(a) _first: unknown, @noteClaimReader(b) _second: unknown): void {}
      plain(): void {}
    }
    // Decorators of parameters run from the last to the first.
    expect(claimReaders(Reflect.get(Routes.prototype, 'read') as object)).toEqual([b, a]);
    expect(claimReaders(Reflect.get(Routes.prototype, 'plain') as object)).toEqual([]);
  });

  it('of constructors and of what is no method are not noted', () => {
    class Service {
      constructor(@noteClaimReader(reader('a')) readonly name: string) {}
    }
    expect(claimReaders(Service)).toEqual([]);
    const target = { field: 'text' };
    expect(() => noteClaimReader(reader('a'))(target, 'field', 0)).not.toThrow();
    expect(() => noteClaimReader(reader('a'))(target, 'missing', 0)).not.toThrow();
  });
});

describe('decorators of another copy of the package', () => {
  const NAMES = [
    'access mode',
    'requirements',
    'methods with requirements',
    'protected resource',
    'claims that parameters read',
  ];

  it.each(NAMES)('are known by the name of their metadata: %s', (name) => {
    const target = {};
    Reflect.defineMetadata(Symbol(`nestjs-identity-model: ${name}`), 'x', target);
    expect(isDecoratedByOther(target)).toBe(true);
    Reflect.defineMetadata('another', 'x', target);
    expect(isDecoratedByOther(target)).toBe(true);
  });

  it('are not those of this copy, nor of others', () => {
    class Routes {
      @RequireScopes('a') @ProtectedResource('/a') get(@noteClaimReader(reader('a')) _a: unknown): void {}
    }
    const method = Reflect.get(Routes.prototype, 'get') as object;
    setMode(method, 'public');
    for (const target of [method, Routes.prototype, Routes, {}])
      expect(isDecoratedByOther(target)).toBe(false);
    const other = {};
    Reflect.defineMetadata(Symbol('another: access mode'), 'x', other);
    Reflect.defineMetadata(Symbol(), 'x', other);
    Reflect.defineMetadata('nestjs-identity-model: access mode', 'x', other);
    expect(isDecoratedByOther(other)).toBe(false);
  });
});

describe('what a class or a method demands', () => {
  class Silent {
    get(): void {}
  }
  @RequireScopes('a')
  class Scoped {}
  @ProtectedResource('/a')
  class OfResource {}
  @ProtectedResource('/a')
  @RequireScopes('a')
  @RequireScopes('b')
  class Both {}
  class BelowScoped extends Scoped {}
  class BelowResource extends OfResource {}

  it.each<[new () => object, own: number, ofClass: boolean]>([
    [Silent, 0, false],
    [Scoped, 1, true],
    [OfResource, 1, true],
    [Both, 3, true],
    [BelowScoped, 0, true],
    [BelowResource, 0, true],
  ])('%o', (type, own, ofClass) => {
    expect(metadata.countDemands(type)).toBe(own);
    expect(metadata.demandsOfClass(type)).toBe(ofClass);
    expect(metadata.saysAnything(type)).toBe(own > 0);
  });
});
