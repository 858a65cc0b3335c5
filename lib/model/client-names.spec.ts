import { describe, expect, it } from 'vitest';
import { ClientNames } from './client-names.js';
import { clientIdOf } from './client-id.js';

const claims = (more: object): { iss: string; exp: number } => ({
  iss: 'https://id.example.com',
  exp: 1,
  ...more,
});

/** Those of a configuration that is right. */
function named(given: Record<string, unknown>): ClientNames {
  const names = ClientNames.from(given);
  if (!(names instanceof ClientNames)) throw new Error(names.join());
  return names;
}

describe('the client of a token', () => {
  it.each<[object, string | undefined]>([
    [{ client_id: 'a', azp: 'b', appid: 'c', cid: 'd' }, 'a'],
    [{ azp: 'b', appid: 'c', cid: 'd' }, 'b'],
    [{ appid: 'c', cid: 'd' }, 'c'],
    [{ cid: 'd' }, 'd'],
    [{ client_id: '', azp: 'b' }, 'b'],
    [{ client_id: ['a'], azp: 1, appid: null, cid: {} }, undefined],
    [{}, undefined],
  ])('of %j is %s', (given, id) => {
    expect(clientIdOf(claims(given))).toBe(id);
  });
});

describe('the name of a client', () => {
  const names = named({ '0oa1': 'web shop', '0oa2': 'web shop', '0oa3': 'app' });

  it('is the configured one; others are counted together, and so are tokens without a client', () => {
    const of = (id: unknown): string => names.of(claims({ client_id: id }));
    expect(['0oa1', '0oa2', '0oa3', '0oa4', undefined].map(of)).toEqual([
      'web shop',
      'web shop',
      'app',
      'other',
      'none',
    ]);
    expect(ClientNames.NONE.of(claims({ client_id: '0oa1' }))).toBe('other');
  });

  it('is one of a list that no token makes longer', () => {
    expect(names.all).toEqual(['web shop', 'app', 'other', 'none']);
    expect(ClientNames.NONE.all).toEqual(['other', 'none']);
    for (const id of ['constructor', '__proto__', 'web shop', 'toString']) {
      expect(names.of(claims({ client_id: id }))).toBe('other');
    }
  });

  it('does not change afterwards', () => {
    const given = { a: 'one' };
    const read = named(given);
    given.a = 'two';
    expect(read.of(claims({ client_id: 'a' }))).toBe('one');
    expect(Object.isFrozen(read) && Object.isFrozen(read.all)).toBe(true);
  });

  it.each<[unknown, RegExp]>([
    ['', /printable ASCII/],
    [' a', /printable ASCII/],
    ['a ', /printable ASCII/],
    ['a\nb', /printable ASCII/],
    ['ä', /printable ASCII/],
    ['a'.repeat(65), /64 characters at the most/],
    [1, /printable ASCII/],
    [null, /printable ASCII/],
    ['other', /'other' stands for clients that have no name/],
    ['none', /'none' stands for clients that have no name/],
  ])('cannot be %j', (name, issue) => {
    expect(ClientNames.from({ id: name })).toEqual([expect.stringMatching(issue)]);
  });

  it('may have 64 characters, for 100 clients', () => {
    const many = (count: number): Record<string, string> =>
      Object.fromEntries(
        Array.from({ length: count }, (_, index) => [`id-${String(index)}`, 'a'.repeat(64)]),
      );
    expect(named(many(100)).all).toEqual(['a'.repeat(64), 'other', 'none']);
    expect(ClientNames.from(many(101))).toEqual(['expected 100 clients at the most, got 101']);
    expect(ClientNames.from({ '': 'a' })).toEqual(['expected client ids, got an empty one']);
  });
});
