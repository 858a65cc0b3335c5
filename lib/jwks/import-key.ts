import { createPublicKey, type KeyObject } from 'node:crypto';
import { isVerifiableHere, SIGNATURE_ALGORITHMS, type SignatureAlgorithm } from '../model/algorithms.js';
import { isJsonObject, type JsonObject } from '../model/json.js';
import { MAX_KID_LENGTH } from '../tokens/parse-token.js';
import { prepareKey, type PreparedKey } from '../tokens/verify-signature.js';
import { findMisuse } from './intended-use.js';
import { findPointWeakness } from './ed25519-point.js';
import { readMembers, readPublicMembers, SECRET_NAMES, type PublicMembers } from './public-members.js';
import { findModulusWeakness } from './rsa-modulus.js';
import { thumbprintOf } from './thumbprint.js';

/** A key of a set, imported once, ready for each algorithm that it fits. */
export interface VerificationKey {
  readonly kid: string | undefined;
  /** JWK `alg`; undefined if the key does not limit itself. */
  readonly alg: string | undefined;
  readonly kty: string;
  readonly crv: string | undefined;
  /** RFC 7638 thumbprint, SHA-256. */
  readonly thumbprint: string;
  readonly key: KeyObject;
  /** For each algorithm that it fits. */
  readonly prepared: readonly PreparedKey[];
  /**
   * All that the other members were made from: a key with the same text need not be imported again.
   *
   * @internal
   */
  readonly source: string;
}

/** Why a key of a set is not used. */
export interface SkippedKey {
  readonly kid: string | undefined;
  readonly reason: string;
}

/**
 * Imports one member of `keys` (RFC 7517 section 4). It never throws: a key that cannot be used for
 * verification is described instead, so that it never fails the set. A key is judged before it is imported,
 * because its publisher decides how much that costs.
 *
 * @param known - keys that were imported before, by their `source`.
 */
export async function importKey(
  value: unknown,
  known?: ReadonlyMap<string, VerificationKey>,
): Promise<VerificationKey | SkippedKey> {
  if (!isJsonObject(value)) return { kid: undefined, reason: 'it is not a JSON object' };
  const jwk = readMembers(value);
  const kid = readString(jwk, 'kid');
  const skip = (reason: string): SkippedKey => ({ kid: kid?.slice(0, MAX_KID_LENGTH), reason });
  // The order is that of the price: members, algorithm, size, arithmetic, and only then an import. A set is fetched from a
  // URL that metadata name, and up to 256 keys of it are judged.
  const defect = findDefect(jwk);
  if (defect !== undefined) return skip(defect);
  const algorithms = fittingAlgorithms(jwk);
  const [algorithm] = algorithms;
  if (algorithm === undefined) return skip('no algorithm that this Node.js can verify fits it');
  const members = readPublicMembers(jwk, algorithm);
  if (typeof members === 'string') return skip(members);
  const alg = readString(jwk, 'alg');
  // Text of the canonical members: equal keys are equal, however a provider formats them, and are imported once.
  const source = JSON.stringify([kid ?? null, alg ?? null, members]);
  const imported = known?.get(source);
  if (imported !== undefined) return imported;
  const weakness = findWeakness(members);
  if (weakness !== undefined) return skip(weakness);
  const key = tryImport(members);
  if (key === undefined) {
    // Stryker disable next-line all: no other type fails whose numbers were judged; the words are for one that does.
    if (members.kty !== 'EC') return skip('it is malformed');
    return skip(`"x" and "y" are no point of ${members.crv}`);
  }
  return {
    kid,
    alg,
    kty: algorithm.kty,
    crv: algorithm.crv,
    thumbprint: thumbprintOf(members),
    key,
    prepared: algorithms.map((row) => prepareKey(key, row)),
    source,
  };
}

/** What is wrong with a key before it is imported. */
function findDefect(jwk: JsonObject): string | undefined {
  const { kty, kid, alg } = jwk;
  if (kid !== undefined && typeof kid !== 'string') return '"kid" is not a string';
  if (kid !== undefined && kid.length > MAX_KID_LENGTH) {
    return `"kid" has more than ${String(MAX_KID_LENGTH)} characters`;
  }
  if (typeof kty !== 'string') return '"kty" is missing';
  // RFC 8725 section 2.1: with a shared secret in a public set, everybody who reads it can sign.
  if (kty === 'oct') return 'it is symmetric';
  if (!SIGNATURE_ALGORITHMS.some((row) => row.kty === kty)) return 'its key type is not known';
  // RFC 7518 section 6: everybody has the private key now. It may fit and verify, and must not.
  if (SECRET_NAMES.some((name) => jwk[name] !== undefined)) return 'it is a private key, published';
  const misuse = findMisuse(jwk);
  if (misuse !== undefined) return misuse;
  // RFC 9964 section 3: a key of this type says its algorithm.
  if (alg === undefined) return kty === 'AKP' ? '"alg" is missing' : undefined;
  const algorithm = SIGNATURE_ALGORITHMS.find(({ name }) => name === alg);
  if (algorithm === undefined) return '"alg" is not one for signatures';
  return fits(jwk, algorithm) ? undefined : '"alg" does not fit its type and curve';
}

/** The algorithms that a key may verify: that of its `alg`, else every one of its type and curve. */
function fittingAlgorithms(jwk: JsonObject): readonly SignatureAlgorithm[] {
  const { alg } = jwk;
  return SIGNATURE_ALGORITHMS.filter((row) => {
    if (!fits(jwk, row) || !isVerifiableHere(row)) return false;
    // The two names of Ed25519 are one.
    return alg === undefined || row.name === alg || row.crv === 'Ed25519';
  });
}

function fits(jwk: JsonObject, { kty, crv }: SignatureAlgorithm): boolean {
  return jwk['kty'] === kty && (crv === undefined || jwk['crv'] === crv);
}

/** Numbers that make a key of the right form and size, but one that others can sign with. */
// Stryker disable next-line StringLiteral: an RSA key has an n by now, and an OKP key an x.
function findWeakness({ kty, n = '', x = '' }: PublicMembers): string | undefined {
  if (kty === 'RSA') return findModulusWeakness(BigInt(`0x${Buffer.from(n, 'base64url').toString('hex')}`));
  return kty === 'OKP' ? findPointWeakness(Buffer.from(x, 'base64url')) : undefined;
}

/** For EC keys it checks that the point is on the curve. */
function tryImport(members: PublicMembers): KeyObject | undefined {
  try {
    return createPublicKey({ key: members, format: 'jwk' });
    // Stryker disable next-line BlockStatement: a function that ends without a value returns undefined as well.
  } catch {
    return undefined;
  }
}

function readString(jwk: JsonObject, name: string): string | undefined {
  const value = jwk[name];
  return typeof value === 'string' ? value : undefined;
}
