import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import {
  findAlgorithm,
  isVerifiableHere,
  SIGNATURE_ALGORITHMS,
  type SignatureAlgorithm,
} from '../model/algorithms.js';
import { isJsonObject, type JsonObject } from '../model/json.js';
import { MAX_KID_LENGTH } from '../tokens/parse-token.js';
import { prepareKey, type PreparedKey } from '../tokens/verify-signature.js';

/** A key of a set, imported once, ready for each algorithm that it fits. */
export interface VerificationKey {
  readonly kid: string | undefined;
  /** JWK `alg`; undefined where the key does not limit itself. */
  readonly alg: string | undefined;
  readonly kty: string;
  readonly crv: string | undefined;
  /** RFC 7638 thumbprint, SHA-256. */
  readonly thumbprint: string;
  readonly key: KeyObject;
  /** For each algorithm that it fits. */
  readonly prepared: readonly PreparedKey[];
}

/** Why a key of a set is not used. */
export interface SkippedKey {
  readonly kid: string | undefined;
  readonly reason: string;
}

const MIN_RSA_BITS = 2048;
const MIN_RSA_EXPONENT = 3n;
/** Members that only private or symmetric keys have (RFC 7518 section 6, RFC 9964). */
const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'] as const;

/**
 * Imports one member of `keys` (RFC 7517 section 4). It never throws: a key that cannot be used for
 * verification is described instead, so that it never fails the set.
 */
export async function importKey(jwk: unknown): Promise<VerificationKey | SkippedKey> {
  if (!isJsonObject(jwk)) return { kid: undefined, reason: 'it is not a JSON object' };
  const kid = typeof jwk['kid'] === 'string' ? jwk['kid'] : undefined;
  const reason = findDefect(jwk);
  if (reason !== undefined) return { kid, reason };
  const algorithms = fittingAlgorithms(jwk);
  if (algorithms.length === 0) return { kid, reason: 'no algorithm that this Node.js can verify fits it' };
  try {
    const key = createPublicKey({ key: publicMembers(jwk) as JsonWebKey, format: 'jwk' });
    const weakness = findWeakness(key);
    if (weakness !== undefined) return { kid, reason: weakness };
    return {
      kid,
      alg: readString(jwk, 'alg'),
      kty: String(jwk['kty']),
      crv: readString(jwk, 'crv'),
      thumbprint: await calculateJwkThumbprint(key),
      key,
      prepared: algorithms.map((algorithm) => prepareKey(key, algorithm)),
    };
  } catch {
    return { kid, reason: 'it is malformed' };
  }
}

/** What is wrong with a key before it is imported. */
function findDefect(jwk: JsonObject): string | undefined {
  const { kty, kid, use, key_ops: operations, alg } = jwk;
  if (kid !== undefined && typeof kid !== 'string') return '"kid" is not a string';
  if (kid !== undefined && kid.length > MAX_KID_LENGTH) return '"kid" is too long to be found by';
  if (typeof kty !== 'string') return '"kty" is missing';
  if (kty === 'oct') return 'it is symmetric';
  if (!SIGNATURE_ALGORITHMS.some((row) => row.kty === kty)) return 'its key type is not known';
  if (SECRET_MEMBERS.some((name) => Object.hasOwn(jwk, name))) return 'it is a private key, published';
  if (use !== undefined && use !== 'sig') return '"use" is not "sig"';
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) {
    return '"key_ops" does not include "verify"';
  }
  if (alg === undefined) return undefined;
  if (typeof alg !== 'string' || findAlgorithm(alg) === undefined) return '"alg" is not one for signatures';
  return fits(jwk, findAlgorithm(alg)) ? undefined : '"alg" does not fit its type and curve';
}

/** The algorithms that a key may verify: that of its `alg`, else every one of its type and curve. */
function fittingAlgorithms(jwk: JsonObject): readonly SignatureAlgorithm[] {
  const { alg, kty } = jwk;
  return SIGNATURE_ALGORITHMS.filter((row) => {
    if (!fits(jwk, row) || !isVerifiableHere(row)) return false;
    // An AKP key says its algorithm (RFC 9964 section 3); the two names of Ed25519 are one.
    if (alg === undefined) return kty !== 'AKP';
    return row.name === alg || row.crv === 'Ed25519';
  });
}

function fits(jwk: JsonObject, algorithm: SignatureAlgorithm | undefined): boolean {
  return (
    algorithm !== undefined &&
    jwk['kty'] === algorithm.kty &&
    (algorithm.crv === undefined || jwk['crv'] === algorithm.crv)
  );
}

/** RFC 7518 sections 3.3 and 3.5 demand 2048 bits; an exponent of 1 makes every signature its own message. */
function findWeakness(key: KeyObject): string | undefined {
  if (key.asymmetricKeyType !== 'rsa') return undefined;
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  if (modulusLength < MIN_RSA_BITS)
    return `RSA with ${String(modulusLength)} bits, ${String(MIN_RSA_BITS)} are the least`;
  return publicExponent < MIN_RSA_EXPONENT || publicExponent % 2n === 0n
    ? 'its RSA exponent is unusable'
    : undefined;
}

/** Only what makes the key: nothing else of the document reaches the importer. */
function publicMembers(jwk: JsonObject): JsonObject {
  const { kty, crv, n, e, x, y, alg, pub } = jwk;
  return kty === 'AKP' ? { kty, alg, pub } : { kty, crv, n, e, x, y };
}

function readString(jwk: JsonObject, name: string): string | undefined {
  const value = jwk[name];
  return typeof value === 'string' ? value : undefined;
}
