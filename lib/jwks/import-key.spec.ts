import { createPublicKey, generateKeyPairSync, randomBytes, type JsonWebKey } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calculateJwkThumbprint, type JWK } from 'jose';
import { createKey } from '../../test/support/signing-key.js';
import { findAlgorithm, isVerifiableHere } from '../model/algorithms.js';
import { importKey, type VerificationKey } from './import-key.js';
import { findModulusWeakness } from './rsa-modulus.js';

const RSA = createKey('RS256', 'rsa').jwk;
const EC = createKey('ES256', 'ec').jwk;
const ED = createKey('EdDSA', 'ed').jwk;
const RSA_NAMES = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];

async function usable(jwk: unknown): Promise<VerificationKey> {
  const imported = await importKey(jwk);
  if ('reason' in imported) throw new Error(imported.reason);
  return imported;
}

/** Why a key is skipped, undefined where it is used. */
async function reasonOf(jwk: unknown): Promise<string | undefined> {
  const imported = await importKey(jwk);
  return 'reason' in imported ? imported.reason : undefined;
}

const without = (jwk: object, ...names: string[]): object =>
  Object.fromEntries(Object.entries(jwk).filter(([name]) => !names.includes(name)));

/** With a zero octet in front, as Java's BigInteger and ASN.1 write large numbers. */
const withZeroOctet = (number: string): string =>
  Buffer.concat([Buffer.of(0), Buffer.from(number, 'base64url')]).toString('base64url');

/** One of 256 has one. */
function ecKeyWithLeadingZero(): ReturnType<typeof createKey> {
  for (;;) {
    const key = createKey('ES256', 'k');
    if (Buffer.from(key.jwk.x ?? '', 'base64url')[0] === 0) return key;
  }
}

/** A modulus of some size that nothing speaks against; the size decides what is done with it. */
const ofBits = (bits: number): string => {
  for (;;) {
    const bytes = randomBytes(Math.ceil(bits / 8));
    bytes[0] = 2 ** ((bits - 1) % 8);
    const n = BigInt(`0x${bytes.toString('hex')}`) | 1n;
    if (findModulusWeakness(n) === undefined)
      return Buffer.from(n.toString(16).padStart(bytes.length * 2, '0'), 'hex').toString('base64url');
  }
};
const rsaOf = (bits: number): object => ({ ...RSA, n: ofBits(bits) });
const namesOf = ({ prepared }: VerificationKey): string[] => prepared.map(({ algorithm }) => algorithm.name);

describe('importKey', () => {
  it('makes a key ready for the algorithm that it names', async () => {
    const key = await usable(RSA);
    expect(key).toMatchObject({ kid: 'rsa', alg: 'RS256', kty: 'RSA', crv: undefined });
    expect(namesOf(key)).toEqual(['RS256']);
    expect(key.key.type).toBe('public');
  });

  it.each([
    ['an RSA key', RSA, RSA_NAMES],
    ['a P-256 key', EC, ['ES256']],
    ['a P-384 key', createKey('ES384', 'k').jwk, ['ES384']],
    ['a P-521 key', createKey('ES512', 'k').jwk, ['ES512']],
    ['a secp256k1 key', createKey('ES256K', 'k').jwk, ['ES256K']],
    ['an Ed25519 key', ED, ['EdDSA', 'Ed25519']],
  ])('takes %s without alg for all that it fits', async (_what, jwk, names) => {
    const key = await usable(without(jwk, 'alg'));
    expect(namesOf(key)).toEqual(names);
    expect(key.alg).toBeUndefined();
  });

  it.each(['EdDSA', 'Ed25519'])('takes an Ed25519 key under both names where alg is %s', async (alg) => {
    const key = await usable({ ...ED, alg });
    expect(namesOf(key).toSorted()).toEqual(['Ed25519', 'EdDSA']);
  });

  it('computes the thumbprint of the example in RFC 7638 section 3.1', async () => {
    const key = await usable({
      kty: 'RSA',
      n:
        '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs' +
        'tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91' +
        'CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
      e: 'AQAB',
      alg: 'RS256',
      kid: '2011-04-29',
    });
    expect(key.thumbprint).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs');
  });

  it('gives one thumbprint to one key, however it is written', async () => {
    const { thumbprint } = await usable(RSA);
    const padded = {
      ...RSA,
      n: Buffer.concat([Buffer.of(0), Buffer.from(RSA.n ?? '', 'base64url')]).toString('base64'),
    };
    expect((await usable({ ...without(padded, 'use'), kid: 'other', alg: 'PS512' })).thumbprint).toBe(
      thumbprint,
    );
    expect((await usable(createKey('RS256', 'rsa').jwk)).thumbprint).not.toBe(thumbprint);
  });

  it.each([
    ['undefined', undefined],
    ['null', null],
    ['a string', 'key'],
    ['a list', [RSA]],
  ])('skips %s', async (_what, jwk) => {
    expect(await importKey(jwk)).toEqual({ kid: undefined, reason: 'it is not a JSON object' });
  });

  const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });
  const rsaPrivate = createKey('RS256', 'k').privateKey.export({ format: 'jwk' });
  const ecPrivate = createKey('ES256', 'k').privateKey.export({ format: 'jwk' });
  const edPrivate = createKey('EdDSA', 'k').privateKey.export({ format: 'jwk' });
  const secret = { kty: 'oct', k: 'c2VjcmV0' };
  const ed448 = generateKeyPairSync('ed448').publicKey.export({ format: 'jwk' });
  const x25519 = generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' });
  const offCurve = { ...EC, y: Buffer.alloc(32, 1).toString('base64url') };

  it.each([
    ['no kty', without(RSA, 'kty'), '"kty" is missing'],
    ['a numeric kty', { ...RSA, kty: 1 }, '"kty" is missing'],
    ['an inherited kty', JSON.parse(`{"__proto__":${JSON.stringify(RSA)}}`), '"kty" is missing'],
    ['a numeric kid', { ...RSA, kid: 1 }, '"kid" is not a string'],
    ['a list as kid', { ...RSA, kid: ['k'] }, '"kid" is not a string'],
    ['an endless kid', { ...RSA, kid: 'k'.repeat(513) }, '"kid" has more than 512 characters'],
    ['a secret', secret, 'it is symmetric'],
    ['a secret with an asymmetric alg', { ...secret, alg: 'RS256' }, 'it is symmetric'],
    ['an unknown kty', { kty: 'rsa' }, 'its key type is not known'],
    ['a kty of Object.prototype', { kty: 'constructor' }, 'its key type is not known'],
    ['a private RSA key', rsaPrivate, 'it is a private key, published'],
    ['a private EC key', ecPrivate, 'it is a private key, published'],
    ['a private Ed25519 key', edPrivate, 'it is a private key, published'],
    ['a secret member of another type', { ...RSA, k: 'x' }, 'it is a private key, published'],
    ['a private member that is no string', { ...EC, d: 1 }, 'it is a private key, published'],
    ['an object as a private member', { ...EC, d: {} }, 'it is a private key, published'],
    ['another prime', { ...RSA, oth: [{}] }, 'it is a private key, published'],
    [
      'a private key with empty members',
      { ...rsaPrivate, d: null, oth: [] },
      'it is a private key, published',
    ],
    ['an encryption key', { ...RSA, use: 'enc' }, '"use" is not "sig"'],
    ['a use in capitals', { ...RSA, use: 'SIG' }, '"use" is not "sig"'],
    ['a list as use', { ...RSA, use: ['sig'] }, '"use" is not "sig"'],
    ['operations without verify', { ...RSA, key_ops: ['encrypt'] }, '"key_ops" does not include "verify"'],
    ['operations as a string', { ...RSA, key_ops: 'verify' }, '"key_ops" does not include "verify"'],
    ['HS256 on an RSA key', { ...RSA, alg: 'HS256' }, '"alg" is not one for signatures'],
    ['none', { ...RSA, alg: 'none' }, '"alg" is not one for signatures'],
    ['an encryption alg', { ...RSA, alg: 'RSA-OAEP' }, '"alg" is not one for signatures'],
    ['a numeric alg', { ...RSA, alg: 256 }, '"alg" is not one for signatures'],
    ['ES256 on an RSA key', { ...RSA, alg: 'ES256' }, '"alg" does not fit its type and curve'],
    [
      'ES256 on an RSA key with a curve',
      { ...RSA, alg: 'ES256', crv: 'P-256' },
      '"alg" does not fit its type and curve',
    ],
    ['RS256 on an EC key', { ...EC, alg: 'RS256' }, '"alg" does not fit its type and curve'],
    ['ES384 on a P-256 key', { ...EC, alg: 'ES384' }, '"alg" does not fit its type and curve'],
    ['ES256K on a P-256 key', { ...EC, alg: 'ES256K' }, '"alg" does not fit its type and curve'],
    ['EdDSA on an Ed448 key', { ...ed448, alg: 'EdDSA' }, '"alg" does not fit its type and curve'],
    ['an Ed448 key', ed448, 'no algorithm that this Node.js can verify fits it'],
    ['an X25519 key', x25519, 'no algorithm that this Node.js can verify fits it'],
    [
      'an EC key without a curve',
      without(EC, 'alg', 'crv'),
      'no algorithm that this Node.js can verify fits it',
    ],
    ['an AKP key without alg', { kty: 'AKP', pub: 'AAAA' }, '"alg" is missing'],
    ['a small RSA key', small, 'RSA with 1024 bits, 2048 are the least'],
    ['an RSA exponent of one', { ...RSA, e: 'AQ' }, 'its RSA exponent is 1; it must be odd, and 3 at least'],
    [
      'an even RSA exponent',
      { ...RSA, e: 'AQAA' },
      'its RSA exponent is 65536; it must be odd, and 3 at least',
    ],
    ['an RSA exponent of zero', { ...RSA, e: 'AA' }, 'its RSA exponent is 0; it must be odd, and 3 at least'],
    ['an RSA exponent of five bytes', { ...RSA, e: 'AQAAAAE' }, 'its "e" has more than 4 bytes (32 bits)'],
    [
      'an RSA exponent as long as the modulus',
      { ...RSA, e: RSA.n },
      'its "e" has more than 4 bytes (32 bits)',
    ],
    [
      'an endless RSA exponent',
      { ...RSA, e: 'A'.repeat(100_000) },
      'its "e" has more than 4 bytes (32 bits)',
    ],
    ['an RSA exponent of text', { ...RSA, e: '!' }, 'its RSA exponent is 0; it must be odd, and 3 at least'],
    ['no RSA exponent', without(RSA, 'e'), 'its "e" is missing'],
    ['no modulus', without(RSA, 'n'), 'its "n" is missing'],
    ['an empty modulus', { ...RSA, n: '' }, 'its "n" is missing'],
    ['a modulus of nothing but zeros', { ...RSA, n: 'AAAA' }, 'RSA with 0 bits, 2048 are the least'],
    ['a modulus that is no string', { ...RSA, n: 1 }, 'its "n" is not a string'],
    ['a modulus of 6,152 bits', rsaOf(6152), 'its "n" has more than 768 bytes (6144 bits)'],
    ['a modulus of 2,047 bits', { ...RSA, n: ofBits(2047) }, 'RSA with 2047 bits, 2048 are the least'],
    [
      'a modulus over 4,096 bits with an exponent that makes checks expensive',
      { ...rsaOf(4104), e: Buffer.of(0xff, 0xff).toString('base64url') },
      'RSA with 4104 bits and the exponent 65535; over 4096 bits it must be one of 3, 5, 17, 257, 65537',
    ],
    ['a power of two as modulus', { ...RSA, n: `g${'A'.repeat(341)}` }, 'its RSA modulus is even'],
    ['a point off the curve', offCurve, '"x" and "y" are no point of P-256'],
    ['the point (0, 0)', { ...EC, x: 'AA', y: 'AA' }, '"x" and "y" are no point of P-256'],
    ['a coordinate of another point', { ...EC, x: EC.y, y: EC.x }, '"x" and "y" are no point of P-256'],
    [
      'a coordinate that is larger than the prime',
      { ...createKey('ES512', 'k').jwk, x: Buffer.alloc(66, 0xff).toString('base64url') },
      '"x" and "y" are no point of P-521',
    ],
    [
      'a point of another curve',
      { ...createKey('ES384', 'k').jwk, alg: 'ES256', crv: 'P-256' },
      'its "x" has more than 32 bytes (256 bits)',
    ],
    ['an endless coordinate', { ...EC, y: 'B'.repeat(100_000) }, 'its "y" has more than 32 bytes (256 bits)'],
    ['an EC key without y', without(EC, 'y'), 'its "y" is missing'],
    ['a short Ed25519 key', { ...ED, x: 'AAAA' }, 'its "x" has 3 bytes instead of 32'],
    [
      'a long Ed25519 key',
      { ...ED, x: Buffer.alloc(33, 1).toString('base64url') },
      'its "x" has 33 bytes instead of 32',
    ],
    [
      'an endless Ed25519 key',
      { ...ED, x: 'B'.repeat(100_000) },
      'its "x" has more than 32 bytes (256 bits)',
    ],
    ['an Ed25519 key without x', without(ED, 'x'), 'its "x" is missing'],
    [
      'an Ed25519 point of small order',
      { ...ED, x: `AQ${'A'.repeat(41)}` },
      'its Ed25519 point has a small order',
    ],
    ['an Ed25519 point off the curve', { ...ED, x: `Ag${'A'.repeat(41)}` }, 'its "x" is no point of Ed25519'],
  ])('skips %s and says why', async (_what, jwk, reason) => {
    expect(await reasonOf(jwk)).toBe(reason);
  });

  it.each([
    ['4,096 bits and any exponent of 32 bits', { ...rsaOf(4096), e: '_____w' }],
    ['6,144 bits and the usual exponent', rsaOf(6144)],
    ['6,144 bits and the exponent 3', { ...rsaOf(6144), e: 'Aw' }],
    ['2,049 bits', rsaOf(2049)],
    [
      'zero octets in front of the modulus and of the exponent',
      { ...rsaOf(6144), n: withZeroOctet(ofBits(6144)), e: 'AAEAAQ' },
    ],
  ])('takes RSA with %s', async (_what, jwk) => {
    expect(await reasonOf(jwk)).toBeUndefined();
  });

  it('takes EC coordinates without their leading zero octets, and with one octet more', async () => {
    const { jwk } = ecKeyWithLeadingZero();
    const full = await usable(jwk);
    const x = Buffer.from(jwk.x ?? '', 'base64url');
    for (const octets of [x.subarray(1), Buffer.concat([Buffer.of(0), x])]) {
      expect((await usable({ ...jwk, x: octets.toString('base64url') })).thumbprint).toBe(full.thumbprint);
    }
  });

  const unset: readonly [unknown][] = [[null], [''], [[]]];
  const optional = [
    'kid',
    'use',
    'key_ops',
    'alg',
    'x5c',
    'x5t',
    'crv',
    'd',
    'p',
    'q',
    'dp',
    'dq',
    'qi',
    'oth',
    'k',
    'priv',
  ];
  it.each(unset)('takes optional members that are %j for absent', async (value) => {
    const bare = without(RSA, 'kid', 'use', 'alg');
    const expected = await usable(bare);
    for (const name of optional) {
      const key = await usable({ ...bare, [name]: value });
      expect({ ...key, key: undefined, prepared: namesOf(key) }).toEqual({
        ...expected,
        key: undefined,
        prepared: namesOf(expected),
      });
    }
    const all = await usable({ ...bare, ...Object.fromEntries(optional.map((name) => [name, value])) });
    expect(all.thumbprint).toBe(expected.thumbprint);
    expect(all.kid).toBeUndefined();
  });

  it.each(unset)('does not take a needed member that is %j for a value', async (value) => {
    expect(await reasonOf({ ...RSA, kty: value })).toBe('"kty" is missing');
    expect(await reasonOf({ ...RSA, e: value })).toBe('its "e" is missing');
    expect(await reasonOf({ ...EC, crv: value })).toBe('"alg" does not fit its type and curve');
    expect(await reasonOf({ ...ED, x: value })).toBe('its "x" is missing');
  });

  it('takes a key over that was imported before, and only if nothing of it has changed', async () => {
    const first = await usable(RSA);
    const known = new Map([[first.source, first]]);
    expect(await importKey({ ...RSA, x5t: 'new' }, known)).toBe(first);
    for (const changed of [{ kid: 'other' }, { alg: 'PS256' }, { alg: undefined }, { e: 'Aw' }]) {
      expect(await importKey({ ...RSA, ...changed }, known)).not.toBe(first);
    }
    expect(await importKey({ ...RSA, use: 'enc' }, known)).toHaveProperty('reason', '"use" is not "sig"');
    expect(await importKey({ ...RSA, d: 'AQ' }, known)).toHaveProperty('reason');
  });

  it('refuses what is expensive to import before it is imported', async () => {
    const endless = Buffer.alloc(131_072, 0xff).toString('base64url');
    const startMs = performance.now();
    // node:crypto takes tens of seconds for the first of them.
    expect(await reasonOf({ ...rsaOf(3072), e: endless })).toBe('its "e" has more than 4 bytes (32 bits)');
    expect(await reasonOf({ ...RSA, n: endless })).toBe('its "n" has more than 768 bytes (6144 bits)');
    expect(performance.now() - startMs).toBeLessThan(2_000);
  });

  it('takes a kid of exactly the longest length, and names a longer one by its beginning', async () => {
    const longest = 'k'.repeat(512);
    expect((await usable({ ...RSA, kid: longest })).kid).toBe(longest);
    expect(await importKey({ ...RSA, kid: `${longest}k` })).toHaveProperty('kid', longest);
  });

  it('names the key that it skips', async () => {
    expect(await importKey({ ...RSA, use: 'enc' })).toMatchObject({ kid: 'rsa' });
  });

  it('takes a key of ML-DSA exactly if this Node.js verifies it', async () => {
    const pub = Buffer.alloc(1312).toString('base64url');
    expect(await reasonOf({ kty: 'AKP', alg: 'ML-DSA-44', pub })).toBe(
      isVerifiableHere(findAlgorithm('ML-DSA-44')!)
        ? undefined
        : 'no algorithm that this Node.js can verify fits it',
    );
  });

  it('takes what other members there are for nothing', async () => {
    const jwk = { ...RSA, x5c: ['junk'], x5u: 'http://127.0.0.1/', key_ops: ['verify', 'encrypt'], crv: 1 };
    expect(await reasonOf(jwk)).toBeUndefined();
  });

  it('never throws, whatever JSON it is handed', async () => {
    const names = ['kty', 'crv', 'n', 'e', 'x', 'y', 'kid', 'use', 'key_ops', 'alg', 'pub'] as const;
    const templates: JsonWebKey[] = [RSA, EC, ED, { kty: 'AKP', alg: 'ML-DSA-44', pub: 'AAAA' }];
    const number = fc
      .tuple(
        fc.nat(3),
        fc.oneof(fc.uint8Array({ maxLength: 80 }), fc.uint8Array({ minLength: 240, maxLength: 800 })),
      )
      .map(([zeros, bytes]) => Buffer.concat([Buffer.alloc(zeros), bytes]).toString('base64url'));
    const change = fc.tuple(
      fc.constantFrom(...names),
      fc.oneof(number, fc.constantFrom(null, '', [], 'AQAB', 'Aw', '_____w'), fc.jsonValue(), fc.string()),
    );
    const nearKey = fc
      .tuple(fc.constantFrom(...templates), fc.array(change, { maxLength: 3 }))
      .map(([template, changes]) => ({ ...template, ...Object.fromEntries(changes) }));
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.jsonValue(), nearKey), async (jwk) => {
        const imported = await importKey(jwk);
        if ('reason' in imported) {
          expect(imported.reason).toBeTypeOf('string');
          return;
        }
        const { key, kty, prepared, thumbprint } = imported;
        expect(prepared.length).toBeGreaterThan(0);
        expect(key.type).toBe('public');
        const exported = key.export({ format: 'jwk' });
        expect(createPublicKey({ key: exported, format: 'jwk' }).equals(key)).toBe(true);
        expect(await calculateJwkThumbprint(exported as JWK)).toBe(thumbprint);
        if (kty !== 'RSA') return;
        const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
        expect(modulusLength).toBeGreaterThanOrEqual(2048);
        expect(modulusLength).toBeLessThanOrEqual(6144);
        expect(publicExponent % 2n).toBe(1n);
        expect(publicExponent).toBeGreaterThanOrEqual(3n);
        expect(publicExponent).toBeLessThan(modulusLength > 4096 ? 65_538n : 2n ** 32n);
      }),
      { numRuns: 1000 },
    );
  });
});
