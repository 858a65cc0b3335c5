import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { findPointWeakness } from './ed25519-point.js';

const P = 2n ** 255n - 19n;
const SMALL = 'its Ed25519 point has a small order';

/** RFC 8032 section 5.1.2. */
function encode(y: bigint, sign: 0 | 1): Buffer {
  const value = y | (BigInt(sign) << 255n);
  return Buffer.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex').toReversed());
}

/** The eight canonical encodings, from "Taming the many EdDSAs" (Chalkias, Garillot, Nikolaenko, 2020), appendix. */
const CANONICAL = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
];

const NOT_CANONICAL = [
  ['1 with the sign set', encode(1n, 1)],
  ['-1 with the sign set', encode(P - 1n, 1)],
  ['p for 0', encode(P, 0)],
  ['p for 0 with the sign set', encode(P, 1)],
  ['p + 1 for 1', encode(P + 1n, 0)],
  ['p + 1 for 1 with the sign set', encode(P + 1n, 1)],
] as const;

describe('findPointWeakness', () => {
  it.each(CANONICAL)('refuses the point of small order %s', (hex) => {
    expect(findPointWeakness(Buffer.from(hex, 'hex'))).toBe(SMALL);
  });

  it.each(NOT_CANONICAL)('refuses the encoding %s of a point of small order', (_what, bytes) => {
    expect(findPointWeakness(bytes)).toBe(SMALL);
  });

  it('is needed before Node.js 24: without it, one signature verifies whatever the message is', () => {
    const accepted = Number.parseInt(process.versions.node, 10) < 24;
    const neutral = Buffer.from(CANONICAL[0] ?? '', 'hex');
    const key = createPublicKey({
      key: { kty: 'OKP', crv: 'Ed25519', x: neutral.toString('base64url') },
      format: 'jwk',
    });
    const forged = Buffer.concat([neutral, Buffer.alloc(32)]);
    expect(verify(null, Buffer.from('any message'), key, forged)).toBe(accepted);
    expect(verify(null, Buffer.from('any other'), key, forged)).toBe(accepted);
  });

  it('refuses encodings that are not canonical, of whatever point', () => {
    for (let y = P + 2n; y < 2n ** 255n; y++) {
      expect(findPointWeakness(encode(y, 0))).toBe('its Ed25519 point is not in its canonical form');
      expect(findPointWeakness(encode(y, 1))).toBe('its Ed25519 point is not in its canonical form');
    }
  });

  it('tells which y belong to a point', () => {
    // Worked out by another program from RFC 8032 section 5.1.3: x^2 = (y^2 - 1) / (d y^2 + 1).
    const weaknesses = [2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n, 10n, 11n].map((y) => findPointWeakness(encode(y, 0)));
    const none = 'its "x" is no point of Ed25519';
    const on = undefined;
    expect(weaknesses).toEqual([none, on, on, on, on, none, none, on, on, none]);
  });

  it('takes the points of key pairs', () => {
    for (let round = 0; round < 50; round++) {
      const { x = '' } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
      expect(findPointWeakness(Buffer.from(x, 'base64url'))).toBeUndefined();
    }
  });
});
