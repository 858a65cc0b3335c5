import { createPublicKey, type KeyObject } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { SignatureAlgorithm } from '../model/algorithms.js';
import type { JsonObject } from '../model/json.js';
import { findPointWeakness } from '../jwks/ed25519-point.js';
import { readMembers, readPublicMembers, type PublicMembers } from '../jwks/public-members.js';
import { findModulusWeakness } from '../jwks/rsa-modulus.js';
import { prepareKey, type PreparedKey } from '../tokens/verify-signature.js';
import { malformedProof } from './refuse-proof.js';

/** Importing a key costs as much as a check of a signature with it. 10,000 keys of P-256 take about 20 MB. */
const MAX_KEYS = 10_000;

/**
 * Keys of clients, by thumbprint, ready for use. Only a key that has verified a proof of a valid token that is bound to it is
 * remembered, so that nobody fills it with made-up ones.
 */
export class ProofKeys {
  private readonly byThumbprint: LRUCache<string, PreparedKey>;

  constructor(maxKeys = MAX_KEYS) {
    this.byThumbprint = new LRUCache({ max: maxKeys });
  }

  get size(): number {
    return this.byThumbprint.size;
  }

  /**
   * @param thumbprint - of the very members of `jwk`.
   * @throws {IdentityError} `proof_malformed`.
   */
  find(thumbprint: string, algorithm: SignatureAlgorithm, jwk: JsonObject): PreparedKey {
    const known = this.byThumbprint.get(thumbprint);
    if (known?.algorithm === algorithm) return known;
    return prepareKey(importProofKey(jwk, algorithm), algorithm);
  }

  /** The key has verified a proof. */
  remember(thumbprint: string, key: PreparedKey): void {
    if (this.byThumbprint.peek(thumbprint) !== key) this.byThumbprint.set(thumbprint, key);
  }
}

/** The order is that of the price: members, then arithmetic, and only then an import. */
function importProofKey(jwk: JsonObject, algorithm: SignatureAlgorithm): KeyObject {
  const members = readPublicMembers(readMembers(jwk), algorithm);
  if (typeof members === 'string') throw malformedProof(`its key is not usable: ${members}`);
  // The thumbprint was made of the text: a key with two texts would have two thumbprints.
  if (Object.entries(members).some(([name, value]) => jwk[name] !== value)) {
    throw malformedProof('its key is not in the canonical form of RFC 7518 section 6');
  }
  const weakness = findWeakness(members);
  if (weakness !== undefined) throw malformedProof(`its key is not usable: ${weakness}`);
  try {
    return createPublicKey({ key: members, format: 'jwk' });
  } catch {
    throw malformedProof('its key is not usable: "x" and "y" are no point of the curve');
  }
}

/** Keys with which others than their owner can sign. */
function findWeakness({ kty, n = '', x = '' }: PublicMembers): string | undefined {
  if (kty === 'RSA') return findModulusWeakness(BigInt(`0x${Buffer.from(n, 'base64url').toString('hex')}`));
  return kty === 'OKP' ? findPointWeakness(Buffer.from(x, 'base64url')) : undefined;
}
