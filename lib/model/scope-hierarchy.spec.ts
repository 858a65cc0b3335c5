import { describe, expect, it } from 'vitest';
import { ScopeHierarchy } from './scope-hierarchy.js';

function hierarchy(given: Record<string, readonly string[]>): ScopeHierarchy {
  const read = ScopeHierarchy.of(given);
  if (read instanceof ScopeHierarchy) return read;
  throw new Error(read.join('; '));
}

const NOTES = hierarchy({
  'notes:write': ['notes:read'],
  'notes:admin': ['notes:*'],
  root: ['notes:admin', 'users:write'],
  'users:write': ['users:read'],
});

describe('a scope', () => {
  it.each<[granted: string, scope: string, grants: boolean]>([
    ['notes:read', 'notes:read', true],
    ['notes:write', 'notes:read', true],
    ['notes:read', 'notes:write', false],
    ['notes:admin', 'notes:delete', true],
    ['notes:admin', 'notes:', true],
    ['notes:admin', 'notes', false],
    ['notes:admin', 'Notes:read', false],
    ['notes:admin', 'x-notes:read', false],
    ['notes:admin', 'users:read', false],
    // What follows from what follows.
    ['root', 'notes:delete', true],
    ['root', 'users:read', true],
    ['root', 'users:delete', false],
    // What a token says is no pattern.
    ['notes:*', 'notes:read', false],
    ['*', 'notes:read', false],
    ['__proto__', 'notes:read', false],
    ['constructor', 'notes:read', false],
  ])('%s grants %s: %s', (granted, scope, grants) => {
    expect(NOTES.grants(new Set([granted]), scope)).toBe(grants);
  });

  it('includes those that a beginning fits, and what they include', () => {
    const both = hierarchy({ admin: ['orders:*'], 'orders:write': ['stock:read'] });
    expect(both.grants(new Set(['admin']), 'stock:read')).toBe(true);
    expect(both.grants(new Set(['admin']), 'stock:write')).toBe(false);
  });

  it('grants itself where nothing is configured', () => {
    expect(ScopeHierarchy.NONE.isEmpty).toBe(true);
    expect(ScopeHierarchy.NONE.grants(new Set(['a']), 'a')).toBe(true);
    expect(ScopeHierarchy.NONE.grants(new Set(['a']), 'b')).toBe(false);
  });
});

it('expands what was granted by name', () => {
  expect([...NOTES.expand(new Set(['root', 'x']))].toSorted()).toEqual([
    'notes:admin',
    'notes:read',
    'root',
    'users:read',
    'users:write',
    'x',
  ]);
});

describe('a configuration', () => {
  it.each<[string, Record<string, unknown>, RegExp]>([
    ['itself', { a: ['a'] }, /circle: a → a$/],
    ['a circle of two', { a: ['b'], b: ['a'] }, /circle: a → b → a$/],
    ['a circle further on', { x: ['a'], a: ['b'], b: ['c'], c: ['b'] }, /circle: b → c → b$/],
    ['no list', { a: 'b' }, /'a' must include a non-empty list/],
    ['an empty list', { a: [] }, /'a' must include a non-empty list/],
    ['a number', { a: [1] }, /'a' includes what is no scope/],
    ['undefined', { a: ['b', undefined] }, /'a' includes what is no scope/],
    ['an empty text', { a: [''] }, /'a' includes what is no scope/],
    ['a space', { a: ['b c'] }, /'a' includes what is no scope/],
    ['a star alone', { a: ['*'] }, /'a' includes what is no scope/],
    ['a star in the middle', { a: ['b*c'] }, /'a' includes what is no scope/],
    ['two stars', { a: ['b**'] }, /'a' includes what is no scope/],
    ['a star on the left', { 'a*': ['b'] }, /'a\*' is no scope/],
    ['a scope with a space', { 'a b': ['c'] }, /'a b' is no scope/],
  ])('with %s is refused', (_what, given, message) => {
    expect(ScopeHierarchy.of(given)).toEqual([expect.stringMatching(message)]);
  });

  it('whose beginning fits its own scope is no circle', () => {
    expect(hierarchy({ 'a:admin': ['a:*'] }).grants(new Set(['a:admin']), 'a:x')).toBe(true);
  });

  it('of a thousand scopes in layers is read at once; one more is refused', () => {
    const layers = Object.fromEntries(
      Array.from({ length: 1_000 }, (_, at) => [
        `s${String(at)}`,
        Array.from({ length: 20 }, (__, next) => `s${String(at + 1 + next)}`),
      ]),
    );
    const startedAt = performance.now();
    expect(hierarchy(layers).grants(new Set(['s0']), 's1010')).toBe(true);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(ScopeHierarchy.of({ ...layers, more: ['x'] })).toEqual(['has more than 1000 scopes']);
  });
});
