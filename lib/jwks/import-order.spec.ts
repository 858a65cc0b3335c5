import * as crypto from 'node:crypto';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createKey } from '../../test/support/signing-key.js';
import { importKey } from './import-key.js';

vi.mock(import('node:crypto'), async (original) => {
  const actual = await original();
  return { ...actual, createPublicKey: vi.fn<typeof actual.createPublicKey>(actual.createPublicKey) };
});

const createPublicKey = vi.mocked(crypto.createPublicKey);
const RSA = createKey('RS256', 'rsa').jwk;
const EC = createKey('ES512', 'ec').jwk;
const ED = createKey('EdDSA', 'ed').jwk;
const long = (bytes: number): string => Buffer.alloc(bytes, 0xff).toString('base64url');

describe('a key is judged before node:crypto sees it', () => {
  beforeEach(() => {
    createPublicKey.mockClear();
  });

  it.each([
    ['an exponent as long as the modulus', { ...RSA, e: long(384) }],
    ['an exponent of 128 KiB', { ...RSA, e: long(131_072) }],
    ['a modulus of 16,384 bits', { ...RSA, n: long(2048) }],
    ['a modulus of 1 MiB', { ...RSA, n: long(1_048_576) }],
    ['a modulus with a small factor', { ...RSA, n: long(256) }],
    ['a coordinate of 1 MiB', { ...EC, x: long(1_048_576) }],
    ['an Ed25519 key of 1 MiB', { ...ED, x: long(1_048_576) }],
    ['an ML-DSA key of 1 MiB', { kty: 'AKP', alg: 'ML-DSA-44', pub: long(1_048_576) }],
  ])('which is not asked for a key with %s', async (_what, jwk) => {
    expect(await importKey(jwk)).toHaveProperty('reason');
    expect(createPublicKey.mock.calls.filter(([input]) => isBigger(input))).toEqual([]);
  });

  it('which gets the numbers that were judged, in their canonical form, and nothing else', async () => {
    const n = Buffer.concat([Buffer.of(0), Buffer.from(RSA.n ?? '', 'base64url')]).toString('base64');
    await importKey({ ...RSA, n, e: 'AAEAAQ==', x5c: ['junk'], x: 'junk' });
    expect(createPublicKey.mock.calls).toEqual([
      [{ key: { kty: 'RSA', n: RSA.n, e: 'AQAB' }, format: 'jwk' }],
    ]);
  });
});

/** The probe for ML-DSA imports 1,312 zeros of its own. */
function isBigger(input: unknown): boolean {
  return !JSON.stringify(input).includes(Buffer.alloc(1312).toString('base64url'));
}
