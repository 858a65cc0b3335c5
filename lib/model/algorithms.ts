import { createPublicKey, getCurves } from 'node:crypto';

/** A JWS signature algorithm and everything that the code needs to know about it. */
export interface SignatureAlgorithm {
  /** RFC 7518, RFC 8037, RFC 8812, RFC 9864 or RFC 9964 name. */
  readonly name: string;
  /** JWK `kty`. */
  readonly kty: 'RSA' | 'EC' | 'OKP' | 'AKP';
  /** JWK `crv`, where the key type has one. */
  readonly crv?: string;
  /** Digest for `crypto.verify`; null where the algorithm hashes by itself. */
  readonly digest: 'sha256' | 'sha384' | 'sha512' | null;
  /** RSASSA-PSS, with a salt as long as the digest (RFC 7518 section 3.5). */
  readonly pss?: true;
  /** Exact length of the signature; RSA's is that of the modulus. */
  readonly signatureBytes?: number;
  /** Exact length of each public member: a coordinate (RFC 7518 section 6.2.1.2), `x` of OKP, `pub` of AKP. */
  readonly memberBytes?: number;
  /** A check costs more than three with RSA-4096; `bench/import-keys.mjs` measures it. */
  readonly slow?: true;
}

const rsa = (name: string, digest: 'sha256' | 'sha384' | 'sha512'): SignatureAlgorithm => ({
  name,
  kty: 'RSA',
  digest,
  ...(name.startsWith('PS') ? { pss: true as const } : {}),
});

/** All algorithms there are for us. Symmetric ones and `none` are not here, so nothing can allow them. */
export const SIGNATURE_ALGORITHMS: readonly SignatureAlgorithm[] = [
  rsa('RS256', 'sha256'),
  rsa('RS384', 'sha384'),
  rsa('RS512', 'sha512'),
  rsa('PS256', 'sha256'),
  rsa('PS384', 'sha384'),
  rsa('PS512', 'sha512'),
  { name: 'ES256', kty: 'EC', crv: 'P-256', digest: 'sha256', signatureBytes: 64, memberBytes: 32 },
  {
    name: 'ES384',
    kty: 'EC',
    crv: 'P-384',
    digest: 'sha384',
    signatureBytes: 96,
    memberBytes: 48,
    slow: true,
  },
  {
    name: 'ES512',
    kty: 'EC',
    crv: 'P-521',
    digest: 'sha512',
    signatureBytes: 132,
    memberBytes: 66,
    slow: true,
  },
  {
    name: 'ES256K',
    kty: 'EC',
    crv: 'secp256k1',
    digest: 'sha256',
    signatureBytes: 64,
    memberBytes: 32,
    slow: true,
  },
  { name: 'EdDSA', kty: 'OKP', crv: 'Ed25519', digest: null, signatureBytes: 64, memberBytes: 32 },
  { name: 'Ed25519', kty: 'OKP', crv: 'Ed25519', digest: null, signatureBytes: 64, memberBytes: 32 },
  { name: 'ML-DSA-44', kty: 'AKP', digest: null, signatureBytes: 2420, memberBytes: 1312, slow: true },
  { name: 'ML-DSA-65', kty: 'AKP', digest: null, signatureBytes: 3309, memberBytes: 1952, slow: true },
  { name: 'ML-DSA-87', kty: 'AKP', digest: null, signatureBytes: 4627, memberBytes: 2592, slow: true },
];

/** All names of {@link SIGNATURE_ALGORITHMS}. */
export const ALGORITHM_NAMES: readonly string[] = SIGNATURE_ALGORITHMS.map((row) => row.name);

const BY_NAME = new Map(SIGNATURE_ALGORITHMS.map((row) => [row.name, row]));

/** The row of an algorithm; undefined for every name that is not in the table. */
export function findAlgorithm(name: string): SignatureAlgorithm | undefined {
  return BY_NAME.get(name);
}

/**
 * An allow-list with both names of Ed25519 where it has one of them: RFC 9864 renamed EdDSA with an
 * Ed25519 key to Ed25519, and for such a key the two are one.
 */
export function withAliases(names: readonly string[]): string[] {
  return names.some((name) => ED25519_NAMES.has(name))
    ? [...new Set([...names, ...ED25519_NAMES])]
    : [...names];
}

const ED25519_NAMES: ReadonlySet<string> = new Set(['EdDSA', 'Ed25519']);

/** Whether this Node.js can verify an algorithm: ML-DSA needs OpenSSL 3.5, some builds lack secp256k1. */
export function isVerifiableHere(algorithm: SignatureAlgorithm): boolean {
  if (algorithm.kty === 'AKP') return (mlDsaSupported ??= probeMlDsa());
  if (algorithm.crv === 'secp256k1') return (secp256k1Supported ??= getCurves().includes('secp256k1'));
  return true;
}

let mlDsaSupported: boolean | undefined;
let secp256k1Supported: boolean | undefined;

/** Any 1312 bytes are an ML-DSA-44 public key, so importing zeros tells whether the type is known. */
function probeMlDsa(): boolean {
  try {
    const pub = Buffer.alloc(1312).toString('base64url');
    createPublicKey({ key: { kty: 'AKP', alg: 'ML-DSA-44', pub }, format: 'jwk' });
    return true;
  } catch {
    return false;
  }
}
