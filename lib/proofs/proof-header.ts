import { hash } from 'node:crypto';
import { findAlgorithm, type SignatureAlgorithm } from '../model/algorithms.js';
import { isJsonObject, type JsonObject } from '../model/json.js';
import { listOf } from '../model/printable.js';
import { findMisuse } from '../jwks/intended-use.js';
import { SECRET_NAMES } from '../jwks/public-members.js';
import { invalidProof, malformedProof } from './refuse-proof.js';

/**
 * Members that make a public key, in the order of RFC 7638 section 3.2, by type. A key of ML-DSA (RFC 9964) is not among them: with
 * its signature it has more characters than a proof may have.
 */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
};

/**
 * The public key in the header of a proof (RFC 9449 section 4.2 `jwk`).
 *
 * @throws {IdentityError} `proof_malformed`: none, or a private one (section 4.3 number 7).
 */
export function readProofKey({ jwk }: JsonObject): JsonObject {
  if (!isJsonObject(jwk)) throw malformedProof('its header has no public key ("jwk")');
  // Whoever reads the request has the private key now, so that it proves nothing any more. Whatever the value is.
  if (SECRET_NAMES.some((name) => Object.hasOwn(jwk, name))) {
    throw malformedProof('the "jwk" in its header has private members; send the public key only');
  }
  return jwk;
}

/**
 * The SHA-256 thumbprint of a public key (RFC 7638, RFC 8037 section 2), over its members as they were sent. Cheap: it comes
 * before everything else that a stranger could make expensive.
 *
 * @throws {IdentityError} `proof_malformed`.
 */
export function thumbprintOfProofKey(jwk: JsonObject): string {
  const { kty } = jwk;
  const names = typeof kty === 'string' && Object.hasOwn(MEMBERS, kty) ? MEMBERS[kty] : undefined;
  if (names === undefined) throw malformedProof('the "kty" of its key must be "EC", "OKP" or "RSA"');
  const members = names.map((name) => {
    const value = Object.hasOwn(jwk, name) ? jwk[name] : undefined;
    // No other character needs an escape in JSON, so the text below is canonical.
    if (typeof value === 'string' && /^[\w-]+$/.test(value)) return `"${name}":"${value}"`;
    throw malformedProof(`the member "${name}" of its key is missing, or no base64url`);
  });
  return hash('sha256', `{${members.join(',')}}`, 'base64url');
}

/**
 * What the header says of type and algorithm (RFC 9449 section 4.3 numbers 4 and 5), and whether the key fits: its type, and the use
 * that it is meant for (RFC 7517 sections 4.2 and 4.3).
 *
 * @param allowed - names of algorithms, asymmetric ones.
 * @throws {IdentityError} `proof_malformed`, `proof_invalid`.
 */
export function checkProofHeader(
  header: JsonObject,
  jwk: JsonObject,
  allowed: readonly string[],
): SignatureAlgorithm {
  // Section 4.2: exactly this value, so that no other JWT of the client passes for a proof.
  if (header['typ'] !== 'dpop+jwt') throw malformedProof('its "typ" is not "dpop+jwt"');
  // RFC 7515 section 4.1.11, RFC 7797: no extension is understood.
  if ('crit' in header || 'b64' in header) {
    throw malformedProof('the header parameters "crit" and "b64" are not supported');
  }
  const { alg } = header;
  const algorithm = typeof alg === 'string' && allowed.includes(alg) ? findAlgorithm(alg) : undefined;
  if (algorithm === undefined) {
    throw invalidProof(`its "alg" is not in the option "dpop.algorithms": ${listOf(allowed)}`);
  }
  const misuse = findMisuse(jwk);
  if (misuse !== undefined) throw invalidProof(`its key is not one for signatures: ${misuse}`);
  if (jwk['kty'] !== algorithm.kty || (algorithm.crv !== undefined && jwk['crv'] !== algorithm.crv)) {
    throw invalidProof('its key is not one for its "alg"');
  }
  return algorithm;
}
