import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { describe, expect, it } from 'vitest';
import { codeOf } from '../../test/support/code-of.js';
import { checkProofHeader, readProofKey, thumbprintOfProofKey } from './proof-header.js';

const jwkOf = (key: KeyObject): Record<string, unknown> => ({ ...key.export({ format: 'jwk' }) });
const EC = jwkOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey);
const P384 = jwkOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey);
const OKP = jwkOf(generateKeyPairSync('ed25519').publicKey);
const RSA = { kty: 'RSA', n: 'AQAB'.repeat(86), e: 'AQAB' };

describe('readProofKey', () => {
  it.each([undefined, null, 'key', 7, [EC]])('refuses %j', (jwk) => {
    expect(codeOf(() => readProofKey({ jwk }))).toBe('proof_malformed');
  });

  it.each(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'])(
    'refuses a key with "%s", whatever it is',
    (name) => {
      for (const value of ['AQAB', '', null, []]) {
        expect(codeOf(() => readProofKey({ jwk: { ...EC, [name]: value } }))).toBe('proof_malformed');
      }
      expect(readProofKey({ jwk: EC })).toBe(EC);
    },
  );
});

describe('thumbprintOfProofKey', () => {
  it.each([
    ['EC', EC],
    ['P-384', P384],
    ['OKP', OKP],
    ['RSA', RSA],
  ])('is that of RFC 7638 for %s, whatever else the key has and in whatever order', async (_what, jwk) => {
    const expected = await calculateJwkThumbprint(jwk);
    expect(thumbprintOfProofKey(jwk)).toBe(expected);
    const shuffled = Object.fromEntries(
      Object.entries({ ...jwk, alg: 'X', kid: 'y', ext: true }).toReversed(),
    );
    expect(thumbprintOfProofKey(shuffled)).toBe(expected);
  });

  it.each([
    ['no type', { ...EC, kty: undefined }],
    ['another type', { ...EC, kty: 'oct', k: 'AQAB' }],
    ['a name of every object as its type', { ...EC, kty: 'constructor' }],
    ['a type that is no text', { ...EC, kty: ['EC'] }],
    ['no x', { ...EC, x: undefined }],
    ['an empty x', { ...EC, x: '' }],
    ['an x that is no text', { ...EC, x: 7 }],
    ['quotes in x', { ...EC, x: 'a","y":"b' }],
    ['an escape in x', { ...EC, x: String.raw`a\u0041` }],
    ['padding', { ...EC, x: 'AQAB=' }],
    ['a line break', { ...EC, x: 'AQAB\n' }],
    ['no curve', { ...OKP, crv: undefined }],
    ['no modulus', { ...RSA, n: undefined }],
  ])('refuses %s', (_what, jwk) => {
    expect(codeOf(() => thumbprintOfProofKey(jwk))).toBe('proof_malformed');
  });

  it('reads no inherited member', () => {
    const { x, ...rest } = EC;
    expect(
      codeOf(() => thumbprintOfProofKey(Object.assign(Object.create({ x }) as object, rest) as never)),
    ).toBe('proof_malformed');
    expect(thumbprintOfProofKey({ ...rest, x })).toBe(
      createHash('sha256')
        .update(JSON.stringify({ crv: EC['crv'], kty: EC['kty'], x, y: EC['y'] }))
        .digest('base64url'),
    );
  });
});

describe('checkProofHeader', () => {
  const check = (header: object, jwk = EC, allowed = ['ES256', 'EdDSA', 'Ed25519']): string | undefined =>
    codeOf(() => checkProofHeader({ typ: 'dpop+jwt', alg: 'ES256', ...header }, jwk, allowed));

  it('takes an algorithm of the list with a key that fits', () => {
    expect(check({})).toBeUndefined();
    expect(check({ alg: 'EdDSA' }, OKP)).toBeUndefined();
    expect(check({ alg: 'Ed25519' }, OKP)).toBeUndefined();
    expect(check({ kid: 'x', x5c: ['…'], jku: 'https://evil.example' })).toBeUndefined();
  });

  it.each([undefined, null, 'JWT', 'at+jwt', 'DPOP+JWT', 'application/dpop+jwt', 'dpop+jwt ', ['dpop+jwt']])(
    'refuses the type %j',
    (typ) => {
      expect(check({ typ })).toBe('proof_malformed');
    },
  );

  it.each([
    undefined,
    null,
    '',
    'none',
    'None',
    'HS256',
    'es256',
    'ES384',
    'RS256',
    'constructor',
    ['ES256'],
  ])('refuses the algorithm %j', (alg) => {
    expect(check({ alg })).toBe('proof_invalid');
    expect(check({ alg }, P384)).toBe('proof_invalid');
  });

  it('refuses a key of another type or curve', () => {
    expect(check({}, P384)).toBe('proof_invalid');
    expect(check({}, OKP)).toBe('proof_invalid');
    expect(check({ alg: 'EdDSA' }, EC)).toBe('proof_invalid');
    expect(check({ alg: 'EdDSA' }, { ...OKP, crv: 'Ed448' })).toBe('proof_invalid');
  });

  it('refuses a key that is meant for something else (RFC 7517 sections 4.2 and 4.3)', () => {
    for (const use of ['enc', 'SIG', '', null, ['sig']])
      expect(check({}, { ...EC, use })).toBe('proof_invalid');
    for (const key_ops of [[], ['sign'], ['encrypt', 'wrapKey'], 'verify', null, {}])
      expect(check({}, { ...EC, key_ops })).toBe('proof_invalid');
    for (const own of [{ use: 'sig' }, { key_ops: ['verify'] }, { use: 'sig', key_ops: ['sign', 'verify'] }])
      expect(check({}, { ...EC, ...own, ext: true })).toBeUndefined();
  });

  it('takes slower algorithms if they are on the list', () => {
    expect(check({ alg: 'ES384' }, P384, ['ES384'])).toBeUndefined();
    expect(check({ alg: 'RS256' }, RSA, ['RS256'])).toBeUndefined();
  });

  it.each(['crit', 'b64'])('refuses "%s", whatever it is', (name) => {
    for (const value of [['exp'], [], null, false]) expect(check({ [name]: value })).toBe('proof_malformed');
  });
});
