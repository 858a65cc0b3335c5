import {
  constants,
  createPublicKey,
  generateKeyPairSync,
  sign,
  type JsonWebKey,
  type KeyObject,
  type SignKeyObjectInput,
} from 'node:crypto';
import { findAlgorithm, type SignatureAlgorithm } from '../../lib/model/algorithms.js';
import { nextProviderRsaKey, nextRsaKey } from './stored-rsa-keys.js';

/** A key pair of a test provider. */
export interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: KeyObject;
  /** As it stands in a key set. */
  readonly jwk: JsonWebKey & { readonly kid: string; readonly alg: string; readonly use: string };
}

const CURVES: Readonly<Record<string, string>> = {
  ES256: 'prime256v1',
  ES384: 'secp384r1',
  ES512: 'secp521r1',
  ES256K: 'secp256k1',
};

export function createKey(alg: string, kid: string, modulusLength = 2048): SigningKey {
  return fromPrivateKey(privateKeyFor(alg, modulusLength), alg, kid);
}

/** What a provider signs with if a test names no key. */
export function createProviderKey(): SigningKey {
  return fromPrivateKey(nextProviderRsaKey(), 'RS256', 'rsa-1');
}

/** Signs claims as a provider would; header members of the caller stand in front, undefined removes one. */
export function signToken(
  key: SigningKey,
  claims: object,
  header: Readonly<Record<string, unknown>> = {},
): string {
  return signRaw(
    key,
    JSON.stringify({ typ: 'at+jwt', alg: key.alg, kid: key.kid, ...header }),
    JSON.stringify(claims),
  );
}

/** Signs two JSON texts as they are, valid or not. */
export function signRaw(key: SigningKey, header: string, payload: string): string {
  const data = `${encode(header)}.${encode(payload)}`;
  const algorithm = findAlgorithm(key.alg);
  if (algorithm === undefined) throw new Error(`no algorithm ${key.alg}`);
  const signature = sign(algorithm.digest, Buffer.from(data), inputOf(key, algorithm));
  return `${data}.${signature.toString('base64url')}`;
}

export function encode(text: string): string {
  return Buffer.from(text).toString('base64url');
}

function fromPrivateKey(privateKey: KeyObject, alg: string, kid: string): SigningKey {
  const jwk = { ...createPublicKey(privateKey).export({ format: 'jwk' }), kid, alg, use: 'sig' };
  return { kid, alg, privateKey, jwk };
}

function privateKeyFor(alg: string, modulusLength: number): KeyObject {
  if (alg === 'EdDSA' || alg === 'Ed25519') return generateKeyPairSync('ed25519').privateKey;
  const namedCurve = CURVES[alg];
  if (namedCurve !== undefined) return generateKeyPairSync('ec', { namedCurve }).privateKey;
  if (modulusLength === 2048) return nextRsaKey();
  return generateKeyPairSync('rsa', { modulusLength }).privateKey;
}

function inputOf(key: SigningKey, algorithm: SignatureAlgorithm): KeyObject | SignKeyObjectInput {
  if (algorithm.kty === 'EC') return { key: key.privateKey, dsaEncoding: 'ieee-p1363' };
  if (algorithm.pss === true) {
    return {
      key: key.privateKey,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
    };
  }
  return key.privateKey;
}
