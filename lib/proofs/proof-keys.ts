import { createPublicKey, type KeyObject } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { SignatureAlgorithm } from '../model/algorithms.js';
import type { JsonObject } from '../model/json.js';
import { findPointWeakness } from '../jwks/ed25519-point.js';
import { readPublicMembers, type PublicMembers } from '../jwks/public-members.js';
import { findModulusWeakness } from '../jwks/rsa-modulus.js';
import { prepareKey, type PreparedKey } from '../tokens/verify-signature.js';
import { malformedProof } from './refuse-proof.js';

/** Importing a key costs as much as a check of a signature with it. 10,000 keys of P-256 take about 25 MB. */
const MAX_KEYS = 10_000;

/** A key, and the header that it came with last: clients write the same one each time. */
interface KnownKey {
  readonly headerSegment: string;
  readonly key: PreparedKey;
}

/**
 * Keys of clients, by thumbprint, ready for use. Only a key that has verified a proof of a valid token that is bound to it is
 * remembered, so that nobody fills it with made-up ones. There is one for a thumbprint, whatever headers its owner makes up.
 */
export class ProofKeys {
  private readonly byThumbprint: LRUCache<string, KnownKey>;

  constructor(maxKeys = MAX_KEYS) {
    this.byThumbprint = new LRUCache({ max: maxKeys });
  }

  get size(): number {
    return this.byThumbprint.size;
  }

  /** The key of a header that has this thumbprint, and has passed every check of headers; undefined if that is not known. */
  findByHeader(thumbprint: string, headerSegment: string): PreparedKey | undefined {
    const known = this.byThumbprint.get(thumbprint);
    return known?.headerSegment === headerSegment ? known.key : undefined;
  }

  /**
   * @param thumbprint - of the very members of `jwk`.
   * @throws {IdentityError} `proof_malformed`.
   */
  find(thumbprint: string, algorithm: SignatureAlgorithm, jwk: JsonObject): PreparedKey {
    const known = this.byThumbprint.peek(thumbprint)?.key;
    if (known?.algorithm === algorithm) return known;
    return prepareKey(importProofKey(jwk, algorithm), algorithm);
  }

  /** The key has verified a proof with this header. */
  remember(thumbprint: string, headerSegment: string, key: PreparedKey): void {
    // A slice of a proof holds on to the whole proof; a copy does not.
    this.byThumbprint.set(thumbprint, { headerSegment: Buffer.from(headerSegment).toString(), key });
  }
}

/** The order is that of the price: members, then arithmetic, and only then an import. */
function importProofKey(jwk: JsonObject, algorithm: SignatureAlgorithm): KeyObject {
  // The members are own ones, and texts: the thumbprint was made of them.
  const members = readPublicMembers(jwk, algorithm);
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
