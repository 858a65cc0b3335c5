import { isJsonObject, type JsonObject } from '../model/json.js';
import { decodeBytes, decodeText, mayBeBase64url } from '../tokens/base64url.js';
import { countMembers } from '../tokens/count-members.js';
import { malformedProof } from './refuse-proof.js';

/** Longer proofs are refused before any parsing. One of RSA-4096 has about 1,900 characters. */
export const MAX_PROOF_BYTES = 4_096;

/** A proof of which nothing is parsed yet. */
export interface OpenedProof {
  readonly proof: string;
  readonly headerSegment: string;
  /** How many characters the signature covers: two segments and the dot between them. */
  readonly signedLength: number;
  readonly payloadSegment: string;
}

/**
 * Takes a DPoP proof apart, a compact JWS (RFC 9449 section 4.3 numbers 1 and 2), strictly: one header field with three segments of
 * base64url.
 *
 * @param values - all values of the header field `DPoP`, or of what a transport has in its place.
 * @throws {IdentityError} `proof_missing`, `proof_malformed`.
 */
export function openProof(values: readonly unknown[]): OpenedProof {
  const [proof, ...others] = values;
  if (others.length > 0) throw malformedProof('there are several; send one DPoP header with one proof');
  if (typeof proof !== 'string') throw malformedProof('it is not a string');
  if (proof.length > MAX_PROOF_BYTES) {
    throw malformedProof(`it is longer than ${String(MAX_PROOF_BYTES)} characters`);
  }
  const first = proof.indexOf('.');
  const second = proof.indexOf('.', first + 1);
  if (first <= 0 || second <= first + 1 || second === proof.length - 1 || proof.includes('.', second + 1)) {
    throw malformedProof('it does not have the three segments of a compact JWS');
  }
  if (!mayBeBase64url(proof)) throw malformedProof('it is not base64url');
  return {
    proof,
    headerSegment: proof.slice(0, first),
    signedLength: second,
    payloadSegment: proof.slice(first + 1, second),
  };
}

/** The JOSE header of a proof. @throws {IdentityError} `proof_malformed`. */
export function readHeader({ headerSegment }: OpenedProof): JsonObject {
  return decodeObject(headerSegment, 'header');
}

/** The claims of a proof. @throws {IdentityError} `proof_malformed`. */
export function readPayload({ payloadSegment }: OpenedProof): JsonObject {
  return decodeObject(payloadSegment, 'payload');
}

/** The signature of a proof. @throws {IdentityError} `proof_malformed`. */
export function readSignature({ proof, signedLength }: OpenedProof): Buffer {
  const signature = decodeBytes(proof.slice(signedLength + 1));
  if (signature === undefined) throw malformedProof('its signature is not canonical base64url');
  return signature;
}

function decodeObject(segment: string, what: 'header' | 'payload'): JsonObject {
  const text = decodeText(segment);
  if (text === undefined) throw malformedProof(`its ${what} is not canonical base64url of UTF-8`);
  const value = parseJson(text, what);
  if (!isJsonObject(value)) throw malformedProof(`its ${what} is not a JSON object`);
  // RFC 7515 section 4: with a repeated name, two parsers may read two different proofs. What is nested too deeply has -1.
  if (countMembers(text) !== Object.keys(value).length) {
    throw malformedProof(`its ${what} has a member twice, or is nested too deeply`);
  }
  return value;
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformedProof(`its ${what} is not JSON`);
  }
}
