import { describe, expect, it } from 'vitest';
import { codeOf } from '../../test/support/code-of.js';
import { ScopeHierarchy } from '../model/scope-hierarchy.js';
import { checkScopes } from './check-scopes.js';

const claims = { iss: 'https://id.example.com', exp: 1, scope: 'a b' };

describe('checkScopes', () => {
  it('demands all of the scopes, and says which', () => {
    const check = (...scopes: string[]) =>
      codeOf(() => checkScopes({ scopes, scopeClaim: ['scope'], scopeImplies: ScopeHierarchy.NONE }, claims));
    expect(check('b', 'a')).toBeUndefined();
    expect(check('a', 'c')).toBe('scope_missing');
    expect(() =>
      checkScopes({ scopes: ['a', 'c'], scopeClaim: ['scope'], scopeImplies: ScopeHierarchy.NONE }, claims),
    ).toThrow(
      expect.objectContaining({
        message: 'The token lacks one of the scopes that the call requires: "a", "c".',
      }),
    );
  });

  it('asks no function of the application if no scope is demanded, and makes check_failed of its error', () => {
    let asked = 0;
    const scopeClaim = [
      (): never => {
        asked++;
        throw new RangeError('x');
      },
    ];
    checkScopes({ scopes: [], scopeClaim, scopeImplies: ScopeHierarchy.NONE }, claims);
    expect(asked).toBe(0);
    expect(() =>
      checkScopes({ scopes: ['a'], scopeClaim, scopeImplies: ScopeHierarchy.NONE }, claims),
    ).toThrow(
      expect.objectContaining({
        code: 'check_failed',
        message: `The application's own "scopeClaim" failed: it threw RangeError.`,
      }),
    );
  });
});
