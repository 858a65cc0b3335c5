import { constants, createPublicKey, sign, type KeyObject, type SignKeyObjectInput } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createKey, signRaw } from '../../test/support/signing-key.js';
import { findAlgorithm, SIGNATURE_ALGORITHMS, type SignatureAlgorithm } from '../model/algorithms.js';
import {
  findSigningKey,
  findSigningKeyOffLoop,
  prepareKey,
  verifySignature,
  type PreparedKey,
} from './verify-signature.js';

const HERE = SIGNATURE_ALGORITHMS.filter((row) => row.kty !== 'AKP').map((row) => row.name);
const DATA = Buffer.from('header.payload');
const DER_LENGTHS = { ES256: 64, ES384: 96, ES512: 132, ES256K: 64 };

function algorithmOf(name: string): SignatureAlgorithm {
  const row = findAlgorithm(name);
  if (row === undefined) throw new Error(`no algorithm ${name}`);
  return row;
}

const publicKeyOf = (privateKey: KeyObject): KeyObject => createPublicKey(privateKey);

/** A key of its own for each algorithm, with a signature that it made over a token. */
const SAMPLES = new Map(
  HERE.map((name) => {
    const key = createKey(name, name);
    const token = signRaw(key, `{"alg":"${name}"}`, '{}');
    const [header, payload, signature] = token.split('.') as [string, string, string];
    return [
      name,
      {
        privateKey: key.privateKey,
        prepared: prepareKey(publicKeyOf(key.privateKey), algorithmOf(name)),
        data: Buffer.from(`${header}.${payload}`),
        signature: Buffer.from(signature, 'base64url'),
      },
    ];
  }),
);

interface Sample {
  readonly privateKey: KeyObject;
  readonly prepared: PreparedKey;
  readonly data: Buffer;
  readonly signature: Buffer;
}

function sampleOf(name: string): Sample {
  const sample = SAMPLES.get(name);
  if (sample === undefined) throw new Error(`no sample of ${name}`);
  return sample;
}

/** Another text until its signature begins with a zero, which one in 256 does. */
function signWithLeadingZero(
  privateKey: KeyObject,
  algorithm: SignatureAlgorithm,
): { data: Buffer; signature: Buffer } {
  const key = prepareKey(privateKey, algorithm).input as SignKeyObjectInput;
  for (let count = 0; count < 10_000; count++) {
    const data = Buffer.from(`header.${count}`);
    const signature = sign(algorithm.digest, data, key);
    if (signature[0] === 0) return { data, signature };
  }
  throw new Error('no signature began with a zero');
}

describe.each(HERE)('verifySignature with %s', (name) => {
  const { prepared, data, signature } = sampleOf(name);

  it('holds for the data that was signed, and only for it', () => {
    expect(verifySignature(prepared, data, signature)).toBe(true);
    expect(verifySignature(prepared, Buffer.concat([data, Buffer.of(0)]), signature)).toBe(false);
    expect(verifySignature(prepared, Buffer.alloc(0), signature)).toBe(false);
  });

  it('refuses a signature with one bit flipped, wherever it is', () => {
    for (let at = 0; at < signature.length; at += 7) {
      const flipped = Buffer.from(signature);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      expect(verifySignature(prepared, data, flipped)).toBe(false);
    }
  });

  it('refuses a signature of another length', () => {
    for (const wrong of [
      Buffer.alloc(0),
      Buffer.of(0),
      signature.subarray(1),
      signature.subarray(0, -1),
      Buffer.concat([signature, Buffer.of(0)]),
      Buffer.concat([Buffer.of(0), signature]),
      Buffer.concat([signature, signature]),
    ]) {
      expect(verifySignature(prepared, data, wrong)).toBe(false);
    }
  });

  it('refuses zeros, ones, and the signature of another key', () => {
    expect(verifySignature(prepared, data, Buffer.alloc(signature.length))).toBe(false);
    expect(verifySignature(prepared, data, Buffer.alloc(signature.length, 0xff))).toBe(false);
    const other = createKey(name, 'other');
    const foreign = signRaw(other, `{"alg":"${name}"}`, '{}').split('.')[2] ?? '';
    expect(verifySignature(prepared, data, Buffer.from(foreign, 'base64url'))).toBe(false);
  });
});

describe.each(HERE.filter((name) => algorithmOf(name).kty === 'RSA'))('RSA, %s', (name) => {
  it('refuses a signature whose leading zero is left out (RFC 8017 section 8.1.2, step 1)', async () => {
    const { prepared, privateKey } = sampleOf(name);
    const { data, signature } = signWithLeadingZero(privateKey, algorithmOf(name));
    expect(verifySignature(prepared, data, signature)).toBe(true);
    expect(verifySignature(prepared, data, signature.subarray(1))).toBe(false);
    const token = data.toString('latin1');
    const parsed = { token, signedLength: token.length, signature: signature.subarray(1) };
    expect(findSigningKey([prepared], parsed)).toBeUndefined();
    expect(await findSigningKeyOffLoop([prepared], parsed)).toBeUndefined();
    expect(await findSigningKeyOffLoop([prepared], { ...parsed, signature })).toBe(prepared);
  });
});

describe.each(Object.entries(DER_LENGTHS))('ECDSA, %s', (name, length) => {
  const { prepared, privateKey, data } = sampleOf(name);
  const { digest } = algorithmOf(name);

  it('refuses the ASN.1 form, padded to the right length too', () => {
    const der = sign(digest, data, privateKey);
    expect(verifySignature(prepared, data, der)).toBe(false);
    expect(
      verifySignature(prepared, data, Buffer.concat([der, Buffer.alloc(length)]).subarray(0, length)),
    ).toBe(false);
  });

  it('refuses r and s of zero or one, and r or s of zero', () => {
    const { signature } = sampleOf(name);
    const half = length / 2;
    const one = Buffer.concat([Buffer.alloc(half - 1), Buffer.of(1)]);
    const zero = Buffer.alloc(half);
    for (const forged of [
      [zero, zero],
      [one, one],
      [zero, signature.subarray(half)],
      [signature.subarray(0, half), zero],
    ]) {
      expect(verifySignature(prepared, data, Buffer.concat(forged))).toBe(false);
    }
  });
});

describe('RSA', () => {
  const { privateKey } = sampleOf('RS256');
  const key = publicKeyOf(privateKey);

  const signed = (digest: string, options: Omit<SignKeyObjectInput, 'key'> = {}): Buffer =>
    sign(digest, DATA, { key: privateKey, ...options });
  const pss = (saltLength: number): Omit<SignKeyObjectInput, 'key'> => ({
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength,
  });
  const holds = (name: string, signature: Buffer): boolean =>
    verifySignature(prepareKey(key, algorithmOf(name)), DATA, signature);

  it.each([
    ['PS256', 'sha256', 32],
    ['PS384', 'sha384', 48],
    ['PS512', 'sha512', 64],
  ])('%s takes a salt as long as the digest and no other', (name, digest, length) => {
    expect(holds(name, signed(digest, pss(length)))).toBe(true);
    for (const wrong of [0, 20, length - 1, length + 1, constants.RSA_PSS_SALTLEN_MAX_SIGN]) {
      expect(holds(name, signed(digest, pss(wrong)))).toBe(false);
    }
  });

  it.each(['256', '384', '512'])('keeps RS%s and PS%s apart', (bits) => {
    const pkcs1 = signed(`sha${bits}`);
    const probabilistic = signed(`sha${bits}`, pss(Number(bits) / 8));
    expect(holds(`RS${bits}`, pkcs1)).toBe(true);
    expect(holds(`PS${bits}`, pkcs1)).toBe(false);
    expect(holds(`RS${bits}`, probabilistic)).toBe(false);
  });

  it('keeps the digests apart', () => {
    expect(holds('RS256', signed('sha512'))).toBe(false);
    expect(holds('RS512', signed('sha256'))).toBe(false);
    expect(holds('RS256', signed('sha1'))).toBe(false);
    expect(holds('PS256', signed('sha512', pss(32)))).toBe(false);
  });
});

describe('a key that does not fit', () => {
  it('verifies an Ed25519 key under both of its names', () => {
    for (const name of ['EdDSA', 'Ed25519']) {
      const { privateKey, data, signature } = sampleOf(name);
      for (const called of ['EdDSA', 'Ed25519']) {
        const prepared = prepareKey(publicKeyOf(privateKey), algorithmOf(called));
        expect(verifySignature(prepared, data, signature)).toBe(true);
      }
    }
  });

  it('is false and never an exception', () => {
    for (const keyName of HERE) {
      for (const name of HERE) {
        const other = algorithmOf(name);
        const ours = algorithmOf(keyName);
        if (other.kty === ours.kty && other.crv === ours.crv) continue;
        const prepared = prepareKey(publicKeyOf(sampleOf(keyName).privateKey), other);
        const { data, signature } = sampleOf(name);
        expect(verifySignature(prepared, data, signature)).toBe(false);
      }
    }
  });
});

describe('a token, at once and on the thread pool', () => {
  type Token = Parameters<typeof findSigningKey>[1];
  const asToken = (name: string, payloadLength = 100): Token => {
    const signed = `eyJhbGciOiJ4In0.${'A'.repeat(payloadLength)}`;
    const { algorithm, input } = prepareKey(sampleOf(name).privateKey, algorithmOf(name));
    const signature = sign(algorithm.digest, Buffer.from(signed), input);
    return { token: `${signed}.${signature.toString('base64url')}`, signedLength: signed.length, signature };
  };
  const prepare = (keyName: string, algorithm = keyName): PreparedKey =>
    prepareKey(publicKeyOf(sampleOf(keyName).privateKey), algorithmOf(algorithm));
  const isSignedBy = (keys: readonly PreparedKey[], token: Token): boolean => {
    const key = findSigningKey(keys, token);
    return key !== undefined && keys.includes(key);
  };
  const isSignedByOffLoop = async (keys: readonly PreparedKey[], token: Token): Promise<boolean> => {
    const key = await findSigningKeyOffLoop(keys, token);
    return key !== undefined && keys.includes(key);
  };
  const both = async (keys: readonly PreparedKey[], token: Token): Promise<boolean[]> => [
    isSignedBy(keys, token),
    await isSignedByOffLoop(keys, token),
  ];

  it.each(HERE)('%s is valid under its key, wherever that stands among others', async (name) => {
    const token = asToken(name);
    const others = HERE.filter((other) => other !== name).map((other) => prepare(other));
    expect(await both([prepare(name)], token)).toEqual([true, true]);
    expect(await both([...others, prepare(name)], token)).toEqual([true, true]);
    expect(await both([], token)).toEqual([false, false]);
  });

  it.each(HERE)('%s is not valid where anything is wrong, and no error makes it so', async (name) => {
    const token = asToken(name);
    const { signature } = token;
    const changed = Buffer.from(signature);
    changed[10] = (changed[10] ?? 0) ^ 1;
    for (const forged of [
      changed,
      signature.subarray(1),
      Buffer.concat([signature, Buffer.alloc(1)]),
      Buffer.alloc(0),
      Buffer.alloc(signature.length),
    ]) {
      expect(await both([prepare(name)], { ...token, signature: forged })).toEqual([false, false]);
    }
    expect(await both([prepare(name)], { ...token, signedLength: token.signedLength - 1 })).toEqual([
      false,
      false,
    ]);
    const other = `${token.token.slice(0, 20)}B${token.token.slice(21)}`;
    expect(await both([prepare(name)], { ...token, token: other })).toEqual([false, false]);
  });

  it('is not valid under a key that cannot be used for its algorithm: node:crypto throws, or answers with an error', async () => {
    for (const keyName of HERE) {
      for (const name of HERE) {
        const [key, wanted] = [algorithmOf(keyName), algorithmOf(name)];
        if (key.kty === wanted.kty && key.crv === wanted.crv) continue;
        expect(await both([prepare(keyName, name)], asToken(name))).toEqual([false, false]);
      }
    }
    const broken = { algorithm: algorithmOf('ES256'), input: {} as PreparedKey['input'], signatureBytes: 64 };
    expect(await both([broken], asToken('ES256'))).toEqual([false, false]);
    const { privateKey } = sampleOf('RS256');
    const unpaddable = { key: publicKeyOf(privateKey), padding: 99 } as PreparedKey['input'];
    const padded = { algorithm: algorithmOf('RS256'), input: unpaddable, signatureBytes: 256 };
    expect(await both([padded], asToken('RS256'))).toEqual([false, false]);
  });

  it('is not handed to node:crypto with a signature of another length', async () => {
    let reads = 0;
    const input = new Proxy({}, { get: () => void reads++ }) as PreparedKey['input'];
    const key = { algorithm: algorithmOf('ES256'), input, signatureBytes: 64 };
    const token = asToken('ES256');
    expect(await both([key], { ...token, signature: token.signature.subarray(1) })).toEqual([false, false]);
    expect(reads).toBe(0);
    expect(await both([key], token)).toEqual([false, false]);
    expect(reads).toBeGreaterThan(0);
  });

  it.each([65_535, 65_536, 65_537, 200_000])('of %d characters is verified whole', async (length) => {
    const probe = asToken('ES256');
    const token = asToken('ES256', 100 + length - probe.token.length);
    expect(token.token).toHaveLength(length);
    expect(await both([prepare('ES256')], token)).toEqual([true, true]);
    const last = token.signedLength - 1;
    const changed = `${token.token.slice(0, last)}B${token.token.slice(last + 1)}`;
    expect(await both([prepare('ES256')], { ...token, token: changed })).toEqual([false, false]);
  });

  it('does not read another token from the bytes that both use', async () => {
    const [long, short] = [asToken('ES256', 5_000), asToken('ES256', 10)];
    const later = isSignedByOffLoop([prepare('ES256')], long);
    expect(isSignedBy([prepare('ES256')], short)).toBe(true);
    expect(isSignedBy([prepare('ES256')], { ...short, signedLength: long.signedLength })).toBe(false);
    expect(await later).toBe(true);
  });
});
