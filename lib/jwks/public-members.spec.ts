import { describe, expect, it } from 'vitest';
import { createKey } from '../../test/support/signing-key.js';
import { findAlgorithm, type SignatureAlgorithm } from '../model/algorithms.js';
import { readMembers, readPublicMembers, SECRET_NAMES } from './public-members.js';

function algorithmOf(name: string): SignatureAlgorithm {
  const algorithm = findAlgorithm(name);
  if (algorithm === undefined) throw new Error(name);
  return algorithm;
}
const read = (jwk: object, alg: string): unknown =>
  readPublicMembers(jwk as Record<string, unknown>, algorithmOf(alg));

/** So many bytes, the first of which decides how many bits they are. */
const bytes = (count: number, first = 0xff): string => {
  const buffer = Buffer.alloc(count, 0xff);
  buffer[0] = first;
  return buffer.toString('base64url');
};
const zerosThen = (zeros: number, text: string): string =>
  Buffer.concat([Buffer.alloc(zeros), Buffer.from(text, 'base64url')]).toString('base64url');

describe('the members that are read', () => {
  const PUBLIC = ['kty', 'kid', 'use', 'key_ops', 'alg', 'crv', 'n', 'e', 'x', 'y', 'pub'];
  const SECRET = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];

  it('are those that decide something, and no others', () => {
    expect(SECRET_NAMES).toEqual(SECRET);
    const decisive = Object.fromEntries([...PUBLIC, ...SECRET].map((name) => [name, 'x']));
    expect(readMembers({ ...decisive, x5c: ['x'], x5t: 'x', ext: true })).toEqual(decisive);
  });

  it('are those that are set, by the key itself', () => {
    const inherited = Object.create({ kty: 'RSA', d: 'x' }) as Record<string, unknown>;
    expect(readMembers(Object.assign(inherited, { kid: 'k', use: null, alg: '', key_ops: [] }))).toEqual({
      kid: 'k',
    });
    expect(readMembers({ n: 0, e: false, k: {} })).toEqual({ n: 0, e: false, k: {} });
  });
});

describe('the numbers of an RSA key', () => {
  const rsa = (n: string, e: string): unknown => read({ kty: 'RSA', n, e }, 'RS256');
  const taken = (n: string, e: string): object => ({ kty: 'RSA', n, e });
  const odd = (exponent: number): string => {
    const buffer = Buffer.alloc(4);
    buffer.writeUInt32BE(exponent);
    return buffer.subarray(buffer.findIndex((byte) => byte !== 0)).toString('base64url');
  };

  it('are read into their one form, without leading zero octets', () => {
    expect(rsa(bytes(256), 'AQAB')).toEqual(taken(bytes(256), 'AQAB'));
    expect(rsa(zerosThen(1, bytes(256)), 'AAEAAQ')).toEqual(taken(bytes(256), 'AQAB'));
    expect(rsa(zerosThen(3, bytes(768)), 'AQAB')).toEqual(taken(bytes(768), 'AQAB'));
    expect(rsa(zerosThen(5, bytes(256)), 'AQAB')).toEqual(taken(bytes(256), 'AQAB'));
    expect(rsa(Buffer.from(bytes(256), 'base64url').toString('base64'), 'AQAB')).toEqual(
      taken(bytes(256), 'AQAB'),
    );
  });

  it.each([
    [2048, bytes(256, 0x80), true],
    [2047, bytes(256, 0x7f), false],
    [2041, bytes(256, 0x01), false],
    [2040, bytes(255), false],
    [2049, bytes(257, 0x01), true],
    [6144, bytes(768), true],
  ])('may have a modulus of %i bits: %#', (bits, n, isTaken) => {
    expect(rsa(n, 'AQAB')).toEqual(
      isTaken ? taken(n, 'AQAB') : `RSA with ${String(bits)} bits, 2048 are the least`,
    );
  });

  it.each([
    ['', 'RSA with 0 bits, 2048 are the least'],
    ['AAAA', 'RSA with 0 bits, 2048 are the least'],
    [bytes(769, 0x01), 'its "n" has more than 768 bytes (6144 bits)'],
    // Padding and zero octets are left out, up to the length of the text that is decoded.
    [zerosThen(4, bytes(768)), 'its "n" has more than 768 bytes (6144 bits)'],
  ])('have no modulus %#', (n, reason) => {
    expect(rsa(n, 'AQAB')).toBe(reason);
  });

  it.each([
    [0, 'its RSA exponent is 0; it must be odd, and 3 at least'],
    [1, 'its RSA exponent is 1; it must be odd, and 3 at least'],
    [2, 'its RSA exponent is 2; it must be odd, and 3 at least'],
    [3, undefined],
    [4, 'its RSA exponent is 4; it must be odd, and 3 at least'],
    [5, undefined],
    [7, undefined],
    [65_536, 'its RSA exponent is 65536; it must be odd, and 3 at least'],
    [65_537, undefined],
    [4_294_967_295, undefined],
  ])('with an exponent of %i are %s', (exponent, reason) => {
    const e = exponent === 0 ? 'AA' : odd(exponent);
    expect(rsa(bytes(256), e)).toEqual(reason ?? taken(bytes(256), e));
  });

  it('have an exponent of four bytes at most', () => {
    expect(rsa(bytes(256), bytes(5))).toBe('its "e" has more than 4 bytes (32 bits)');
    expect(rsa(bytes(256), zerosThen(1, odd(4_294_967_295)))).toEqual(taken(bytes(256), odd(4_294_967_295)));
  });

  it('beyond 4,096 bits have an exponent with two bits', () => {
    expect(rsa(bytes(512), odd(7))).toEqual(taken(bytes(512), odd(7)));
    for (const exponent of [3, 5, 17, 257, 65_537]) {
      expect(rsa(bytes(513, 0x01), odd(exponent))).toEqual(taken(bytes(513, 0x01), odd(exponent)));
    }
    expect(rsa(bytes(513, 0x01), odd(7))).toBe(
      'RSA with 4097 bits and the exponent 7; over 4096 bits it must be one of 3, 5, 17, 257, 65537',
    );
  });

  it.each([
    [{ e: 'AQAB' }, 'its "n" is missing'],
    [{ n: 1, e: 'AQAB' }, 'its "n" is not a string'],
    [{ n: bytes(256) }, 'its "e" is missing'],
    [{ n: bytes(256), e: 3 }, 'its "e" is not a string'],
  ])('are texts: %#', (jwk, reason) => {
    expect(read(jwk, 'RS256')).toBe(reason);
  });
});

describe('the coordinates of a point', () => {
  const { x = '', y = '' } = createKey('ES256', 'k').jwk;

  it('are filled up to the length of the curve', () => {
    expect(read({ x, y }, 'ES256')).toEqual({ kty: 'EC', crv: 'P-256', x, y });
    const short = { x: bytes(31), y: bytes(1, 0x07) };
    expect(read(short, 'ES256')).toEqual({
      kty: 'EC',
      crv: 'P-256',
      x: zerosThen(1, short.x),
      y: zerosThen(31, short.y),
    });
    expect(read({ x: zerosThen(1, x), y: zerosThen(1, y) }, 'ES256')).toEqual({
      kty: 'EC',
      crv: 'P-256',
      x,
      y,
    });
    expect(read({ x: '', y: 'AA' }, 'ES384')).toEqual({
      kty: 'EC',
      crv: 'P-384',
      x: Buffer.alloc(48).toString('base64url'),
      y: Buffer.alloc(48).toString('base64url'),
    });
  });

  it.each([
    [{ y }, 'its "x" is missing'],
    [{ x }, 'its "y" is missing'],
    [{ x: 1, y }, 'its "x" is not a string'],
    [{ x: bytes(33), y }, 'its "x" has more than 32 bytes (256 bits)'],
    [{ x, y: bytes(33, 0x01) }, 'its "y" has more than 32 bytes (256 bits)'],
    [{ x, y: 'A'.repeat(45) }, 'its "y" has more than 32 bytes (256 bits)'],
  ])('are numbers of the curve: %#', (jwk, reason) => {
    expect(read(jwk, 'ES256')).toBe(reason);
  });
});

describe('an octet string', () => {
  it.each([
    ['EdDSA', 'x', 32, { kty: 'OKP', crv: 'Ed25519' }],
    ['ML-DSA-44', 'pub', 1312, { kty: 'AKP', alg: 'ML-DSA-44' }],
    ['ML-DSA-87', 'pub', 2592, { kty: 'AKP', alg: 'ML-DSA-87' }],
  ])('of %s stands in "%s", and has %i bytes', (alg, name, count, others) => {
    for (const text of [bytes(count), bytes(count, 0x00)]) {
      expect(read({ [name]: text }, alg)).toEqual({ ...others, [name]: text });
    }
    const padded = Buffer.from(bytes(count), 'base64url').toString('base64');
    expect(read({ [name]: padded }, alg)).toEqual({ ...others, [name]: bytes(count) });
    const wrong = [count - 1, count + 1].map((each) => read({ [name]: bytes(each) }, alg));
    expect(wrong).toEqual(
      [count - 1, count + 1].map(
        (each) => `its "${name}" has ${String(each)} bytes instead of ${String(count)}`,
      ),
    );
    expect(read({ [name]: bytes(count + 4) }, alg)).toBe(
      `its "${name}" has more than ${String(count)} bytes (${String(count * 8)} bits)`,
    );
    expect(read({}, alg)).toBe(`its "${name}" is missing`);
  });
});
