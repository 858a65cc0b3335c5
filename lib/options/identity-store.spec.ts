import { describe, expect, it } from 'vitest';
import { store, type IdentityStore } from './identity-store.js';

const putIfAbsent = async (): Promise<boolean> => true;
const read = (given: unknown) => store().read(given, undefined);

class Table implements IdentityStore {
  async putIfAbsent(): Promise<boolean> {
    return true;
  }
}

describe('the option store', () => {
  it.each([
    ['an object with the method', { putIfAbsent }],
    ['an object of a class', new Table()],
    ['a time limit', { putIfAbsent, timeoutMs: 1 }],
    ['a long time limit', { putIfAbsent, timeoutMs: 10_000 }],
    ['no time limit', { putIfAbsent, timeoutMs: undefined }],
    ['a key space', { putIfAbsent, keySpace: {} }],
  ])('takes %s as it is', (_, given) => {
    expect(read(given)).toEqual({ value: given, issues: [] });
    expect(read(given).value).toBe(given);
  });

  it('is none if it is left out', () => {
    expect(read(undefined)).toEqual({ value: undefined, issues: [] });
  });

  it.each([
    ['null', null, /expected a store, which has a method "putIfAbsent", got null; "redisStore\(client\)"/],
    ['a URL', 'redis://localhost', /got 'redis:\/\/localhost'/],
    ['a client', { set: putIfAbsent }, /redisStore\(client\)/],
    ['a function', putIfAbsent, /which has a method "putIfAbsent"/],
    ['a promise of a store', Promise.resolve({ putIfAbsent }), /got a promise; await it in "useFactory"/],
    [
      'no time',
      { putIfAbsent, timeoutMs: 0 },
      /"timeoutMs" of the store: expected milliseconds from 1 to 10000, got 0/,
    ],
    ['a long time', { putIfAbsent, timeoutMs: 10_001 }, /got 10001/],
    ['NaN', { putIfAbsent, timeoutMs: Number.NaN }, /got NaN/],
    ['a time as text', { putIfAbsent, timeoutMs: '100' }, /got '100'/],
    [
      'a name',
      { putIfAbsent, keySpace: 'orders' },
      /"keySpace" of the store: expected an object, got 'orders'/,
    ],
    ['null', { putIfAbsent, keySpace: null }, /expected an object, got null/],
  ])('refuses %s', (_, given, message) => {
    const { value, issues } = read(given);
    expect(value).toBeUndefined();
    expect(issues).toEqual([{ message: expect.stringMatching(message) }]);
  });
});
