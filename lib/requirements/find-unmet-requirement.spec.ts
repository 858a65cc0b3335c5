import { describe, expect, it } from 'vitest';
import { ScopeHierarchy } from '../model/scope-hierarchy.js';
import type { ValidatedToken } from '../model/token.js';
import type { ClaimSource } from '../options/options.types.js';
import { AnyRoleRequirement } from './any-role.js';
import { AnyScopeRequirement } from './any-scope.js';
import { ClaimRequirement } from './claim.js';
import { findUnmetRequirement, type UnmetRequirement } from './find-unmet-requirement.js';
import { IssuerRequirement } from './issuer.js';
import type { AuthorizedCall, Requirement, RightsSources } from './requirement.js';
import { RolesRequirement } from './roles.js';
import { ScopesRequirement } from './scopes.js';

const ISSUER = 'https://id.example.com';
const ROLES: ClaimSource = ['realm_access', 'roles'];
/** No requirement here looks at the call. */
const CALL = {} as AuthorizedCall;
const NOTHING: RightsSources = {
  scopeClaim: [],
  scopeImplies: ScopeHierarchy.NONE,
  audienceOf: () => ({ claim: 'aud', accepted: null }),
  rolesClaimOf: () => undefined,
  authenticationOf: () => ({ acrOrder: [], stepUp: 'rfc9470' }),
  nowMs: () => 0,
  clockToleranceMs: 0,
};
const SOURCES: readonly ClaimSource[] = ['scope', 'scp'];

const tokenWith = (claims: object): ValidatedToken => ({
  claims: { iss: ISSUER, exp: 1, ...claims },
  header: { alg: 'RS256' },
  issuer: ISSUER,
  token: 'a.b.c',
});
const all = (...scopes: string[]): Requirement => new ScopesRequirement(scopes);
const any = (...scopes: string[]): Requirement => new AnyScopeRequirement(scopes);
const claim = (path: string[], accepts: (value: unknown) => boolean): Requirement =>
  new ClaimRequirement(path, accepts);
const issuer = (...issuers: string[]): Requirement => new IssuerRequirement(issuers);
const scopesIn = (found: UnmetRequirement | undefined): readonly string[] =>
  found?.challenge?.['scope']?.split(' ') ?? [];

/** The code and the scopes of what is missing, undefined where nothing is. */
function shortfall(
  claims: object,
  requirements: Requirement[],
  sources = SOURCES,
  rolesClaim: ClaimSource | undefined = ROLES,
): unknown {
  const found = findUnmetRequirement(
    tokenWith(claims),
    requirements,
    {
      ...NOTHING,
      scopeClaim: sources,
      rolesClaimOf: (name) => (name === ISSUER ? rolesClaim : 'another'),
    },
    CALL,
  );
  return found === undefined ? undefined : [found.error.code, ...scopesIn(found)];
}

describe('scopes', () => {
  it.each<[string, object, boolean]>([
    ['a string', { scope: 'a b' }, true],
    ['a string with more', { scope: 'x b a' }, true],
    ['a string with several spaces', { scope: ' a   b ' }, true],
    ['a list', { scope: ['a', 'b'] }, true],
    ['a list in scp', { scp: ['a', 'b'] }, true],
    ['scp beside a null scope', { scope: null, scp: 'a b' }, true],
    ['one of the two', { scope: 'a' }, false],
    ['no scope', {}, false],
    ['an empty string', { scope: '' }, false],
    ['an empty list', { scope: [] }, false],
    ['other letters', { scope: 'A B' }, false],
    ['both as one word', { scope: 'ab' }, false],
    ['both with a comma', { scope: 'a,b' }, false],
    ['both with a tab', { scope: 'a\tb' }, false],
    ['both in one member of a list', { scope: ['a b'] }, false],
    ['half in scope and half in scp', { scope: 'a', scp: 'b' }, false],
    ['an object', { scope: { a: true, b: true } }, false],
    ['a list of others', { scope: [1, null, ['a', 'b']] }, false],
    ['true', { scope: true }, false],
  ])('judges %s', (_what, claims, met) => {
    expect(shortfall(claims, [all('a', 'b')])).toEqual(met ? undefined : ['scope_missing', 'a', 'b']);
  });

  it('need one of the alternatives', () => {
    expect(shortfall({ scope: 'b' }, [any('a', 'b')])).toBeUndefined();
    expect(shortfall({ scope: 'c' }, [any('a', 'b')])).toEqual(['scope_missing', 'a', 'b']);
    expect(shortfall({ scope: 'a' }, [any()])).toEqual(['scope_missing']);
  });

  it('are read where the configuration says', () => {
    const nested = { scope: 'x', permissions: { list: ['a'] } };
    expect(shortfall(nested, [all('a')], [['permissions', 'list']])).toBeUndefined();
    expect(shortfall(nested, [all('a')], [() => 'a'])).toBeUndefined();
    expect(shortfall(nested, [all('x')], ['permissions'])).toEqual(['scope_missing', 'x']);
    expect(shortfall({}, [all('a')], ['toString'])).toEqual(['scope_missing', 'a']);
  });

  it('in the challenge are all that are demanded, and the alternatives that lack', () => {
    const demands = [all('a'), any('x', 'y'), all('b', 'a')];
    expect(shortfall({ scope: 'x' }, demands)).toEqual(['scope_missing', 'a', 'b']);
    expect(shortfall({ scope: 'a b' }, demands)).toEqual(['scope_missing', 'a', 'x', 'y', 'b']);
    expect(shortfall({ scope: 'a b y' }, demands)).toBeUndefined();
    expect(shortfall({}, [any('x', 'y'), issuer(ISSUER), all('b')])).toEqual([
      'scope_missing',
      'x',
      'y',
      'b',
    ]);
  });
});

describe('claims', () => {
  it('are handed to the predicate with all others', () => {
    const seen: unknown[] = [];
    const requirement = new ClaimRequirement(['realm_access', 'roles'], (value, claims) => {
      seen.push(value, claims.iss);
      return true;
    });
    expect(shortfall({ realm_access: { roles: ['admin'] } }, [requirement])).toBeUndefined();
    expect(seen).toEqual([['admin'], ISSUER]);
  });

  it.each([
    ['false', false],
    ['undefined', undefined],
    ['one', 1],
    ['a word', 'yes'],
  ])('are not met by a predicate that answers %s', (_what, answer) => {
    expect(shortfall({ a: 1 }, [claim(['a'], () => answer as boolean)])).toEqual(['claim_not_met']);
  });

  it('are not judged by a predicate that answers with a promise, whatever of', async () => {
    for (const answer of [async () => true, async () => Promise.reject(new Error('x'))]) {
      const predicate = answer as unknown as () => boolean;
      expect(() => shortfall({ a: 1 }, [claim(['a'], predicate)])).toThrow(
        '@RequireClaim answered with a promise',
      );
      expect(() => shortfall({}, [all('a')], [predicate])).toThrow('"scopeClaim" answered with a promise');
    }
    // A rejection that nobody handles fails the run.
    await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('that are inherited are not there', () => {
    const there = (value: unknown): boolean => value !== undefined;
    for (const path of [
      ['constructor'],
      ['__proto__'],
      ['a', 'length'],
      ['list', 'length', 'x'],
      ['a', 'b', 'c'],
      ['nothing', 'x'],
    ]) {
      expect(shortfall({ a: 'text', list: [1], nothing: null }, [claim(path, there)])).toEqual([
        'claim_not_met',
      ]);
    }
  });
});

describe('roles', () => {
  const roles = (...names: string[]): Requirement => new RolesRequirement(names);
  const judge = (held: unknown, names: string[], rolesClaim: ClaimSource = 'roles'): unknown =>
    shortfall({ roles: held }, [roles(...names)], SOURCES, rolesClaim);
  const MISSING = ['role_missing'];

  it.each<[string, unknown, boolean]>([
    ['a list', ['a', 'b'], true],
    ['a list with more', ['x', 'b', 'a'], true],
    ['one of the two', ['a'], false],
    ['an empty list', [], false],
    ['nothing', undefined, false],
    ['null', null, false],
    ['both in one string', 'a b', false],
    ['both with a comma', 'a,b', false],
    ['other letters', ['A', 'B'], false],
    ['a list in a list', [['a', 'b']], false],
    ['an object', { a: true, b: true }, false],
    ['true', true, false],
  ])('judges %s', (_what, held, met) => {
    expect(judge(held, ['a', 'b'])).toEqual(met ? undefined : MISSING);
  });

  it('may be one of several', () => {
    const either: Requirement = new AnyRoleRequirement(['a', 'b']);
    const judgeAny = (held: unknown): unknown => shortfall({ roles: held }, [either], SOURCES, 'roles');
    for (const held of [['a'], ['b', 'x'], 'b']) expect(judgeAny(held)).toBeUndefined();
    for (const held of [['x'], [], undefined, 'a b', { a: true }]) expect(judgeAny(held)).toEqual(MISSING);
  });

  it('may be one string, spaces included', () => {
    expect(judge('Order Desk', ['Order Desk'])).toBeUndefined();
    expect(judge('Order Desk', ['Order'])).toEqual(MISSING);
  });

  it('are read where the issuer has them, and only there', () => {
    const claims = { realm_access: { roles: ['a'] }, roles: ['b'], 'x:y': ['c'] };
    const ask = (name: string, rolesClaim?: ClaimSource): unknown =>
      shortfall(claims, [roles(name)], SOURCES, rolesClaim);
    expect(ask('a')).toBeUndefined();
    expect(ask('b')).toEqual(MISSING);
    expect(ask('c', 'x:y')).toBeUndefined();
    expect(ask('d', () => ['d'])).toBeUndefined();
    expect(() => ask('d', () => Promise.resolve(['d']))).toThrow('"rolesClaim" answered with a promise');
    expect(ask('toString', 'constructor')).toEqual(MISSING);
  });

  it('are none where it is not said where they are', () => {
    const places = { ...NOTHING, scopeClaim: SOURCES };
    const token = tokenWith({ roles: ['a'], realm_access: { roles: ['a'] } });
    expect(findUnmetRequirement(token, [roles('a')], places, CALL)?.error.code).toBe('role_missing');
  });

  it('put no scope of theirs into the challenge', () => {
    const found = findUnmetRequirement(
      tokenWith({ scope: 'a' }),
      [all('a'), new RolesRequirement(['x'])],
      {
        ...NOTHING,
        scopeClaim: SOURCES,
        rolesClaimOf: () => 'roles',
      },
      CALL,
    );
    expect(scopesIn(found)).toEqual([]);
  });
});

describe('the message', () => {
  it.each<[message: string, requirement: Requirement]>([
    ['The token does not have all of the scopes that the route requires: "a", "b".', all('a', 'b')],
    ['The token does not have one of the scopes that the route requires: "a", "b".', any('a', 'b')],
    [
      'The token does not have all of the roles that the route requires: "x" ("rolesClaim" says in which claim they are).',
      new RolesRequirement(['x']),
    ],
    [
      'The token does not have one of the roles that the route requires: "x", "y" ("rolesClaim" says in which claim they are).',
      new AnyRoleRequirement(['x', 'y']),
    ],
    ['The claim "a.b" is not what @RequireClaim of the route requires.', claim(['a', 'b'], () => false)],
    ['The issuer of the token is none of those that the route requires: "https://x".', issuer('https://x')],
  ])('is: %s', (message, requirement) => {
    const token = tokenWith({ scope: 'secret', roles: ['secret'], a: { b: 'secret' } });
    const places = { ...NOTHING, scopeClaim: SOURCES, rolesClaimOf: () => 'roles' };
    expect(findUnmetRequirement(token, [requirement], places, CALL)?.error.message).toBe(message);
  });

  it('is bounded, whatever the route demands', () => {
    const names = Array.from({ length: 1_000 }, (_, index) => `${'x'.repeat(1_000)}${String(index)}`);
    const found = findUnmetRequirement(
      tokenWith({}),
      [all(...names)],
      {
        ...NOTHING,
        scopeClaim: SOURCES,
        rolesClaimOf: () => 'r',
      },
      CALL,
    );
    expect(found?.error.message.length).toBeLessThan(700);
  });
});

describe('issuers', () => {
  it('are compared exactly, with the one that vouches', () => {
    expect(shortfall({}, [issuer('https://other.example.com', ISSUER)])).toBeUndefined();
    expect(shortfall({}, [issuer(`${ISSUER}/`)])).toEqual(['issuer_not_met']);
    expect(shortfall({ iss: 'https://other.example.com' }, [issuer('https://other.example.com')])).toEqual([
      'issuer_not_met',
    ]);
  });
});

describe('several demands', () => {
  it('are all demanded, and the first that lacks is told', () => {
    const never = claim(['a'], () => false);
    expect(shortfall({ scope: 'a' }, [all('a'), never, issuer('x')])).toEqual(['claim_not_met']);
    expect(shortfall({ scope: 'a' }, [issuer('x'), all('b'), never])).toEqual(['issuer_not_met']);
    expect(shortfall({}, [])).toBeUndefined();
  });
});
