import type { CanActivate } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { IdentityAuthGuard } from '../auth/identity-auth.guard.js';
import { IdentityError } from '../errors/identity-error.js';
import { resolveDashboardOptions, UNPROTECTED, type IdentityDashboardOptions } from './dashboard-options.js';

class OwnGuard implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}
class DerivedTokenGuard extends IdentityAuthGuard {}

/** What the rejection says; undefined where there is none. */
function faultOf(options: unknown): string | undefined {
  try {
    resolveDashboardOptions(options as IdentityDashboardOptions);
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(IdentityError);
    expect(error).toMatchObject({ code: 'options_invalid' });
    return (error as IdentityError).message;
  }
}

const scopes = ['identity:operate'];

describe('the options of the dashboard', () => {
  it('have defaults', () => {
    expect(resolveDashboardOptions({ requiredScopes: ['a', 'b'] })).toEqual({
      path: 'identity',
      maxStreams: 20,
      protection: { kind: 'scopes', scopes: ['a', 'b'], issuers: undefined },
    });
  });

  it.each([
    ['/ops/identity', 'ops/identity'],
    ['_ops-1', '_ops-1'],
  ])('take the path %s', (path, resolved) => {
    expect(resolveDashboardOptions({ path, guard: OwnGuard }).path).toBe(resolved);
  });

  it('take a guard as a class or as an object', () => {
    const guard = new OwnGuard();
    expect(resolveDashboardOptions({ guard: OwnGuard }).protection).toEqual({
      kind: 'guard',
      guard: OwnGuard,
    });
    expect(resolveDashboardOptions({ guard }).protection).toEqual({ kind: 'guard', guard });
  });

  it('switch protection off for the exact value only', () => {
    expect(resolveDashboardOptions({ dangerouslyUnprotected: UNPROTECTED }).protection).toEqual({
      kind: 'none',
    });
  });

  it('do not change with the list they were given', () => {
    const requiredScopes: [string, ...string[]] = ['a'];
    const requiredIssuers: [string, ...string[]] = ['https://id.example.com'];
    const { protection } = resolveDashboardOptions({ requiredScopes, requiredIssuers });
    requiredScopes[0] = 'everybody';
    requiredIssuers[0] = 'https://elsewhere.example';
    expect(protection).toEqual({ kind: 'scopes', scopes: ['a'], issuers: ['https://id.example.com'] });
  });

  it.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /expected an object/],
    ['null', null, /expected an object/],
    ['nobody said to get in', {}, /nothing says who may see/],
    ['undefined for everybody', { requiredScopes: undefined, guard: undefined }, /nothing says who may see/],
    ['two kinds of protection', { requiredScopes: scopes, guard: OwnGuard }, /more than one option says/],
    [
      'protection and none of it',
      { requiredScopes: scopes, dangerouslyUnprotected: UNPROTECTED },
      /more than one option says/,
    ],
    ['no scope', { requiredScopes: [] }, /one scope or more/],
    ['a scope that is no list', { requiredScopes: 'identity:operate' }, /one scope or more/],
    ['an empty scope', { requiredScopes: [''] }, /one scope or more/],
    ['two scopes in one', { requiredScopes: ['a b'] }, /one scope or more/],
    ['a scope that is no text', { requiredScopes: [undefined] }, /one scope or more/],
    ['null for the scopes', { requiredScopes: null }, /one scope or more/],
    ['no issuer', { requiredScopes: scopes, requiredIssuers: [] }, /one issuer or more/],
    [
      'an issuer that is no list',
      { requiredScopes: scopes, requiredIssuers: 'https://a' },
      /one issuer or more/,
    ],
    ['an empty issuer', { requiredScopes: scopes, requiredIssuers: [''] }, /one issuer or more/],
    ['null for the issuers', { requiredScopes: scopes, requiredIssuers: null }, /one issuer or more/],
    [
      'issuers beside a guard that reads no token',
      { guard: OwnGuard, requiredIssuers: ['https://a'] },
      /belongs to "requiredScopes"/,
    ],
    ['null for the guard', { guard: null }, /"guard" must be/],
    ['true for the guard', { guard: true }, /"guard" must be/],
    ['a guard without canActivate', { guard: String }, /"guard" must be/],
    ['an arrow function', { guard: () => true }, /"guard" must be/],
    ['the guard that lets every token in', { guard: IdentityAuthGuard }, /use "requiredScopes"/],
    ['one that extends it', { guard: DerivedTokenGuard }, /use "requiredScopes"/],
    [
      'one as an object',
      { guard: Object.create(DerivedTokenGuard.prototype) as object },
      /use "requiredScopes"/,
    ],
    ['true for no protection', { dangerouslyUnprotected: true }, /exactly/],
    ['false for no protection', { dangerouslyUnprotected: false }, /exactly/],
    ['nearly the letter', { dangerouslyUnprotected: `${UNPROTECTED}.` }, /exactly/],
    ['an empty path', { requiredScopes: scopes, path: '' }, /"path" must be/],
    ['the root', { requiredScopes: scopes, path: '/' }, /"path" must be/],
    ['a path that climbs', { requiredScopes: scopes, path: '../identity' }, /"path" must be/],
    ['a path with a pattern', { requiredScopes: scopes, path: 'ops/:any' }, /"path" must be/],
    ['a path with a wildcard', { requiredScopes: scopes, path: 'ops/*all' }, /"path" must be/],
    ['a path that ends in a slash', { requiredScopes: scopes, path: 'ops/' }, /"path" must be/],
    ['a path with markup', { requiredScopes: scopes, path: '"><script>' }, /"path" must be/],
    ['a path with a line break', { requiredScopes: scopes, path: 'ops\n' }, /"path" must be/],
    ['a path that is no text', { requiredScopes: scopes, path: 7 }, /"path" must be/],
    ['no pages', { requiredScopes: scopes, maxStreams: 0 }, /"maxStreams" must be/],
    ['half a page', { requiredScopes: scopes, maxStreams: 1.5 }, /"maxStreams" must be/],
    ['NaN pages', { requiredScopes: scopes, maxStreams: NaN }, /"maxStreams" must be/],
    ['too many pages', { requiredScopes: scopes, maxStreams: 1_001 }, /"maxStreams" must be/],
    ['a wrong name', { requiredScope: scopes }, /unknown: requiredScope; known are path,/],
  ])('refuse %s', (_name, options, message) => {
    expect(faultOf(options)).toMatch(message);
  });
});
