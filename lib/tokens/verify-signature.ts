import { constants, verify, type KeyObject, type VerifyKeyObjectInput } from 'node:crypto';
import type { SignatureAlgorithm } from '../model/algorithms.js';
import type { UnverifiedToken } from './parse-token.js';

/** A key made ready for one algorithm: nothing is left to be worked out for each token. */
export interface PreparedKey {
  readonly algorithm: SignatureAlgorithm;
  readonly input: KeyObject | VerifyKeyObjectInput;
  /** How long every signature of this key is, in bytes. */
  readonly signatureBytes: number | undefined;
}

/** Binds a key to an algorithm it fits. */
export function prepareKey(key: KeyObject, algorithm: SignatureAlgorithm): PreparedKey {
  return {
    algorithm,
    input: inputOf(key, algorithm),
    signatureBytes: algorithm.signatureBytes ?? modulusBytes(key),
  };
}

/**
 * Whether the signature was made over the data with the private half of the key (RFC 7515 section 5.2).
 * Only this file calls node:crypto on a token. It never throws: what cannot be verified is not valid.
 */
export function verifySignature(prepared: PreparedKey, data: Uint8Array, signature: Uint8Array): boolean {
  const { algorithm, input, signatureBytes } = prepared;
  if (signature.length !== signatureBytes) return false;
  try {
    return verify(algorithm.digest, data, input, signature);
  } catch {
    return false;
  }
}

/** Tokens up to here are turned into bytes without an allocation of their own. */
const SCRATCH_BYTES = 65_536;
const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

/** The key that verifies a token, which is ASCII by now; undefined if none does. */
export function findSigningKey(
  keys: readonly PreparedKey[],
  { token, signedLength, signature }: Pick<UnverifiedToken, 'token' | 'signedLength' | 'signature'>,
): PreparedKey | undefined {
  // Stryker disable next-line ConditionalExpression,EqualityOperator: either place holds the token, an allocation costs time.
  const target = token.length > SCRATCH_BYTES ? Buffer.allocUnsafe(token.length) : scratch;
  // RFC 7515 section 5.2, step 8: the signature covers the two segments as they came, not what was decoded from them.
  // Stryker disable next-line StringLiteral: the token is ASCII, which UTF-8 writes alike and more slowly.
  target.write(token, 0, 'latin1');
  const data = target.subarray(0, signedLength);
  for (const key of keys) if (verifySignature(key, data, signature)) return key;
  return undefined;
}

/** The same on libuv's thread pool: it pays where many are checked at once, and the event loop goes on. */
export async function findSigningKeyOffLoop(
  keys: readonly PreparedKey[],
  { token, signedLength, signature }: Pick<UnverifiedToken, 'token' | 'signedLength' | 'signature'>,
): Promise<PreparedKey | undefined> {
  // Bytes of its own: the scratch belongs to the next token long before the answer is there.
  const data = Buffer.from(token.slice(0, signedLength));
  for (const key of keys) if (await verifyOffLoop(key, data, signature)) return key;
  return undefined;
}

async function verifyOffLoop(
  { algorithm, input, signatureBytes }: PreparedKey,
  data: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (signature.length !== signatureBytes) return false;
  return new Promise((resolve) => {
    try {
      verify(algorithm.digest, data, input, signature, (_error, holds) => resolve(holds === true));
    } catch {
      resolve(false);
    }
  });
}

/**
 * RFC 8017 sections 8.1.2 and 8.2.2, step 1: as long as the modulus. OpenSSL asks that of PKCS #1 v1.5 only: it takes
 * a PSS signature without its leading zeros, and so a second text of one token.
 */
function modulusBytes(key: KeyObject): number | undefined {
  const bits = key.asymmetricKeyDetails?.modulusLength;
  return bits === undefined ? undefined : Math.ceil(bits / 8);
}

function inputOf(key: KeyObject, algorithm: SignatureAlgorithm): PreparedKey['input'] {
  // JOSE's ECDSA signatures are R and S side by side (RFC 7518 section 3.4), not ASN.1.
  if (algorithm.kty === 'EC') return { key, dsaEncoding: 'ieee-p1363' };
  // RFC 7518 section 3.5: the salt is as long as the digest. Left to OpenSSL, a salt of any length would pass.
  if (algorithm.pss === true) {
    return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  }
  return key;
}
