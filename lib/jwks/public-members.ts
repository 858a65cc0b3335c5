import type { JsonWebKey } from 'node:crypto';
import type { SignatureAlgorithm } from '../model/algorithms.js';
import { isUnset, type JsonObject } from '../model/json.js';

/** Members that only private or symmetric keys have (RFC 7518 section 6, RFC 9964). */
export const SECRET_NAMES = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'] as const;

/** The members of a JWK that decide anything (RFC 7517 section 4, RFC 7518 section 6, RFC 8037, RFC 9964). */
const NAMES = ['kty', 'kid', 'use', 'key_ops', 'alg', 'crv', 'n', 'e', 'x', 'y', 'pub', ...SECRET_NAMES];

/** RFC 7518 sections 3.3 and 3.5. */
const MIN_MODULUS_BITS = 2048;
/** A check costs 2.1 times one of RSA-4096 here; at 8,192 bits it would be 3.6 times. */
const MAX_MODULUS_BITS = 6144;
/** 32 bits under 4,096 bits of modulus cost 2.4 times a check with the usual exponent. */
const MAX_EXPONENT_BYTES = 4;
const ANY_EXPONENT_UP_TO_BITS = 4096;
/** Those with two bits set: of all exponents of their length, they make the cheapest checks. */
const USUAL_EXPONENTS: readonly number[] = [3, 5, 17, 257, 65_537];

/** The members that are set, by name: those that a serializer left empty count as absent, inherited ones too. */
export function readMembers(jwk: JsonObject): JsonObject {
  return Object.fromEntries(
    NAMES.filter((name) => Object.hasOwn(jwk, name) && !isUnset(jwk[name])).map((name) => [name, jwk[name]]),
  );
}

/** The numbers that make a public key, bounded and in their one canonical form. */
export type PublicMembers = Readonly<Record<string, string>> & JsonWebKey;

/**
 * Reads what makes a public key of the type and curve of an algorithm. Nothing is imported yet: what would be
 * expensive to import, or to check signatures with, is refused here.
 *
 * @returns why it is none, in words, if it is none.
 */
export function readPublicMembers(jwk: JsonObject, algorithm: SignatureAlgorithm): PublicMembers | string {
  // Stryker disable next-line StringLiteral: each row of EC and OKP has a curve, and no other type reads it.
  const { crv = '', memberBytes = 0 } = algorithm;
  switch (algorithm.kty) {
    case 'RSA':
      return readRsa(jwk);
    case 'EC':
      return readEc(jwk, crv, memberBytes);
    // RFC 8037 section 2.
    case 'OKP': {
      const x = readOctets(jwk, 'x', memberBytes);
      return typeof x === 'string' ? x : { kty: 'OKP', crv, x: x.text };
    }
    // RFC 9964 section 3.
    case 'AKP': {
      const pub = readOctets(jwk, 'pub', memberBytes);
      return typeof pub === 'string' ? pub : { kty: 'AKP', alg: algorithm.name, pub: pub.text };
    }
  }
}

/** RFC 7518 section 6.3.1; leading zero octets are tolerated, and left out. */
function readRsa(jwk: JsonObject): PublicMembers | string {
  const modulus = readNumber(jwk, 'n', MAX_MODULUS_BITS / 8);
  if (typeof modulus === 'string') return modulus;
  const exponentBytes = readNumber(jwk, 'e', MAX_EXPONENT_BYTES);
  if (typeof exponentBytes === 'string') return exponentBytes;
  const bits = bitLength(modulus);
  const exponent = exponentBytes.reduce((value, byte) => value * 256 + byte, 0);
  return (
    findRsaDefect(bits, exponent) ?? {
      kty: 'RSA',
      n: modulus.toString('base64url'),
      e: exponentBytes.toString('base64url'),
    }
  );
}

/**
 * Too weak (RFC 7518 section 3.3: 2048 bits are the least), or too expensive: the provider decides how much each check of a
 * signature costs us, and anybody can cause checks.
 */
function findRsaDefect(bits: number, exponent: number): string | undefined {
  if (bits < MIN_MODULUS_BITS)
    return `RSA with ${String(bits)} bits, ${String(MIN_MODULUS_BITS)} are the least`;
  // With 1, every signature is its own message.
  if (exponent < 3 || exponent % 2 === 0)
    return `its RSA exponent is ${String(exponent)}; it must be odd, and 3 at least`;
  if (bits <= ANY_EXPONENT_UP_TO_BITS || USUAL_EXPONENTS.includes(exponent)) return undefined;
  return `RSA with ${String(bits)} bits and the exponent ${String(exponent)}; over ${String(ANY_EXPONENT_UP_TO_BITS)} bits it must be one of ${USUAL_EXPONENTS.join(', ')}`;
}

/** RFC 7518 section 6.2.1; some encoders leave out the leading zero octets that it demands. */
function readEc(jwk: JsonObject, crv: string, memberBytes: number): PublicMembers | string {
  const x = readNumber(jwk, 'x', memberBytes);
  if (typeof x === 'string') return x;
  const y = readNumber(jwk, 'y', memberBytes);
  if (typeof y === 'string') return y;
  const encode = (coordinate: Buffer): string =>
    Buffer.concat([Buffer.alloc(memberBytes - coordinate.length), coordinate]).toString('base64url');
  return { kty: 'EC', crv, x: encode(x), y: encode(y) };
}

/** An octet string of exactly one length (RFC 8037 section 2, RFC 9964 section 3). */
function readOctets(jwk: JsonObject, name: string, memberBytes: number): { readonly text: string } | string {
  const octets = readBytes(jwk, name, memberBytes);
  if (typeof octets === 'string') return octets;
  return octets.length === memberBytes
    ? { text: octets.toString('base64url') }
    : `its "${name}" has ${String(octets.length)} bytes instead of ${String(memberBytes)}`;
}

/** A number without its leading zero octets; of nothing but zeros one stays. */
function readNumber(jwk: JsonObject, name: string, maxBytes: number): Buffer | string {
  const bytes = readBytes(jwk, name, maxBytes);
  if (typeof bytes === 'string') return bytes;
  const number = bytes.subarray(bytes.findIndex((byte) => byte !== 0));
  return number.length > maxBytes ? tooLong(name, maxBytes) : number;
}

/** The text is bounded before it is decoded: padding and one zero octet beyond the limit may be in it. */
function readBytes(jwk: JsonObject, name: string, maxBytes: number): Buffer | string {
  const text = jwk[name];
  if (text === undefined) return `its "${name}" is missing`;
  if (typeof text !== 'string') return `its "${name}" is not a string`;
  return text.length > 4 * Math.ceil((maxBytes + 1) / 3)
    ? tooLong(name, maxBytes)
    : Buffer.from(text, 'base64url');
}

function tooLong(name: string, maxBytes: number): string {
  return `its "${name}" has more than ${String(maxBytes)} bytes (${String(maxBytes * 8)} bits)`;
}

function bitLength(bytes: Buffer): number {
  const [first] = bytes;
  return first === undefined ? 0 : bytes.length * 8 - (Math.clz32(first) - 24);
}
