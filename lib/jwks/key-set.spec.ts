import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createKey } from '../../test/support/signing-key.js';
import { importKeySet, nameOf } from './key-set.js';
import { selectKeys } from './select-keys.js';

const A = createKey('ES256', 'a').jwk;
const B = createKey('ES256', 'b').jwk;
const C = createKey('EdDSA', 'c').jwk;
const SECRET = { kty: 'oct', k: 'c2VjcmV0', kid: 'secret' };

const fingerprint = async (...jwks: unknown[]): Promise<string> => (await importKeySet(jwks)).fingerprint;

describe('importKeySet', () => {
  it('keeps the good keys and lists the others, each with its reason', async () => {
    const set = await importKeySet([A, SECRET, null, { ...B, use: 'enc' }, C]);
    expect(set.keys.map((key) => key.kid)).toEqual(['a', 'c']);
    expect(set.skipped).toEqual([
      { kid: 'secret', reason: 'it is symmetric' },
      { kid: undefined, reason: 'it is not a JSON object' },
      { kid: 'b', reason: '"use" is not "sig"' },
    ]);
  });

  it('is empty where nothing is usable', async () => {
    const set = await importKeySet([SECRET]);
    expect(set.keys).toEqual([]);
    expect(set.fingerprint).toBe('');
    expect((await importKeySet([])).keys).toEqual([]);
  });

  it('holds several keys under one kid, and a key that stands there twice once', async () => {
    const set = await importKeySet([A, { ...B, kid: 'a' }, { ...A, x5t: 'x' }]);
    expect(selectKeys(set, { alg: 'ES256', kid: 'a' })).toHaveLength(2);
    expect(new Set(set.keys.map((key) => key.thumbprint)).size).toBe(2);
    expect(set.keys).toHaveLength(2);
  });

  it('finds a key without kid under none', async () => {
    const { kid: _, ...anonymous } = A;
    const set = await importKeySet([anonymous]);
    expect(selectKeys(set, { alg: 'ES256' })).toHaveLength(1);
    expect(selectKeys(set, { alg: 'ES256', kid: 'a' })).toBe('unknown');
    expect(set.keys.map(nameOf)).toEqual([set.keys[0]?.thumbprint]);
    expect((await importKeySet([A])).keys.map(nameOf)).toEqual(['a']);
  });

  it('takes names of Object.prototype for kids like any other', async () => {
    const set = await importKeySet([
      { ...A, kid: '__proto__' },
      { ...B, kid: '' },
    ]);
    expect(selectKeys(set, { alg: 'ES256', kid: '__proto__' })).toHaveLength(1);
    expect(selectKeys(set, { alg: 'ES256', kid: '' })).toHaveLength(1);
    expect(selectKeys(set, { alg: 'ES256', kid: 'constructor' })).toBe('unknown');
    expect(selectKeys(set, { alg: '__proto__', kid: '' })).toBe('unfit');
  });

  it('uses a bounded number of ten thousand keys, and says so', async () => {
    const many = Array.from({ length: 10_000 }, (_, index) => ({ ...A, kid: String(index) }));
    const set = await importKeySet(many);
    expect(set.keys).toHaveLength(256);
    expect(selectKeys(set, { alg: 'ES256', kid: '255' })).toHaveLength(1);
    expect(selectKeys(set, { alg: 'ES256', kid: '256' })).toBe('unknown');
    expect(set.skipped).toEqual([{ kid: undefined, reason: 'only the first 256 of 10000 keys are used' }]);
  });
});

describe('the fingerprint of a set', () => {
  it('is the same in any order, with repetitions and with unusable keys', async () => {
    const expected = await fingerprint(A, B, C);
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([A, B, C, A, SECRET, null], { minLength: 6 }), async (jwks) => {
        expect(await fingerprint(...jwks)).toBe(expected);
      }),
      { numRuns: 20 },
    );
  });

  it('does not see members that make no difference to a key', async () => {
    expect(await fingerprint({ ...A, x5t: 'x', use: 'sig' })).toBe(await fingerprint(A));
  });

  it.each([
    ['a key more', [A, B]],
    ['another key under the same kid', [{ ...B, kid: 'a' }]],
    ['the same key under another kid', [{ ...A, kid: 'x' }]],
    ['the same key without kid', [{ ...A, kid: undefined }]],
    ['the same key without alg', [{ ...A, alg: undefined }]],
  ])('changes with %s', async (_what, jwks) => {
    expect(await fingerprint(...jwks)).not.toBe(await fingerprint(A));
  });

  it('cannot be forged through the text of a kid', async () => {
    const one = await importKeySet([A]);
    const forged = `a","ES256","${one.keys[0]?.thumbprint ?? ''}"]\n["b`;
    expect(await fingerprint({ ...B, kid: forged })).not.toBe(await fingerprint(A, B));
    expect(await fingerprint({ ...A, kid: undefined })).not.toBe(await fingerprint({ ...A, kid: 'null' }));
  });
});
