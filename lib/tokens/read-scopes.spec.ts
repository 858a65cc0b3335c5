import { describe, expect, it } from 'vitest';
import { readScopes } from './read-scopes.js';

const BASE = { iss: 'https://id.example.com', exp: 1 };
const scopesOf = (claims: object, sources: Parameters<typeof readScopes>[1] = ['scope', 'scp']): string[] => [
  ...readScopes({ ...BASE, ...claims }, sources),
];

describe('readScopes', () => {
  it('reads a string and a list', () => {
    expect(scopesOf({ scope: 'a  b' })).toEqual(['a', 'b']);
    expect(scopesOf({ scp: ['a', 1, 'b'] })).toEqual(['a', 'b']);
  });

  it('takes the first place that has any', () => {
    expect(scopesOf({ scope: 'a', scp: ['b'] })).toEqual(['a']);
    for (const scope of [undefined, null, '', '  ', []]) {
      expect(scopesOf({ scope, scp: ['b'] })).toEqual(['b']);
      expect(scopesOf({ scope })).toEqual([]);
    }
  });

  it('reads a path, a name with dots, and what a function of the application answers', () => {
    const claims = { permissions: { list: ['a'] }, 'https://x.example/scopes': 'b' };
    expect(scopesOf(claims, [['permissions', 'list']])).toEqual(['a']);
    expect(scopesOf(claims, ['https://x.example/scopes'])).toEqual(['b']);
    expect(scopesOf(claims, [({ iss }) => [iss]])).toEqual([BASE.iss]);
    expect(() => scopesOf(claims, [async () => 'a'])).toThrow(
      'The function of "scopeClaim" answered with a promise',
    );
  });

  it('grants nothing for a value of another type, and looks no further', () => {
    for (const scope of [1, true, { b: true }, [1]]) expect(scopesOf({ scope, scp: ['b'] })).toEqual([]);
  });
});
