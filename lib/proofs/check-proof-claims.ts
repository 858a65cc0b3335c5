import type { JsonObject } from '../model/json.js';
import { digestToken } from '../tokens/digest-token.js';
import { comparableUrl, pathOfTarget } from './comparable-url.js';
import { invalidProof, malformedProof } from './refuse-proof.js';

/** The claims of a proof (RFC 9449 section 4.2), of the right types. Nothing in them is believed. */
export interface ProofClaims {
  readonly jti: string;
  readonly htm: string;
  readonly htu: string;
  /** Seconds since 1970. */
  readonly iat: number;
  readonly ath: string;
  readonly nonce: string | undefined;
}

/** @throws {IdentityError} `proof_malformed` (section 4.3 number 3). */
export function readProofClaims(payload: JsonObject): ProofClaims {
  const { iat, nonce } = payload;
  // 1e999 is JSON, and infinite.
  if (typeof iat !== 'number' || !Number.isFinite(iat)) throw wrongType('iat', 'a number');
  if (nonce !== undefined && typeof nonce !== 'string') throw wrongType('nonce', 'a string');
  return {
    jti: textOf(payload, 'jti'),
    htm: textOf(payload, 'htm'),
    htu: textOf(payload, 'htu'),
    iat,
    ath: textOf(payload, 'ath'),
    nonce,
  };
}

function textOf(payload: JsonObject, name: string): string {
  const value = payload[name];
  if (typeof value === 'string' && value !== '') return value;
  throw wrongType(name, 'a string');
}

function wrongType(name: string, expected: string): Error {
  return malformedProof(`its claim "${name}" is missing, or not ${expected}`);
}

/** Section 4.3 number 8: methods are case-sensitive (RFC 9110 section 9.1). @throws {IdentityError} `proof_invalid`. */
export function checkMethod({ htm }: ProofClaims, method: string): void {
  if (htm !== method) throw invalidProof('its "htm" is not the method of the request', 'htm');
}

/**
 * Section 4.3 number 9.
 *
 * @param publicUrl - the URL by which clients reach this API, without a slash at the end.
 * @param target - what the request asks for: path and query.
 * @throws {IdentityError} `proof_invalid`.
 */
export function checkUrl({ htu }: ProofClaims, publicUrl: string, target: string): void {
  const path = pathOfTarget(target);
  if (path !== undefined) {
    // Never `new URL(path, base)`: a path of `//elsewhere/` would name another host.
    const expected = publicUrl + path;
    if (htu === expected) return;
    const comparable = isNormalizable(path) ? comparableUrl(expected) : undefined;
    if (comparable !== undefined && htu.length <= LONGEST && comparableUrl(htu) === comparable) return;
  }
  throw invalidProof(
    'its "htu" is not the URL of the request, which begins with the option "publicUrl"',
    'htu',
  );
}

/** Longer URLs are compared as they stand: a stretch of percent-encoding must not cost more than a check of a signature. */
const LONGEST = 2_048;
/** A segment of one or two dots, encoded or not. */
const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?:\/|$)/i;

/**
 * Whether the path of a request may be read in another form. Routers of Node.js take dot segments for names, so that the path without
 * them belongs to another handler.
 */
function isNormalizable(path: string): boolean {
  return path.length <= LONGEST && !DOT_SEGMENT.test(path);
}

/**
 * Section 4.3 number 11, by `iat`.
 *
 * @param nowMs - milliseconds since 1970.
 * @returns until when the proof would pass, in milliseconds since 1970.
 * @throws {IdentityError} `proof_invalid`.
 */
export function checkAge(
  { iat }: ProofClaims,
  { maxAgeMs, clockToleranceMs }: { readonly maxAgeMs: number; readonly clockToleranceMs: number },
  nowMs: number,
): number {
  const untilMs = iat * 1000 + maxAgeMs;
  // "Not provably recent is old": no comparison holds with NaN.
  if (!(nowMs < untilMs)) {
    throw invalidProof(
      `its "iat" is more than dpop.maxAgeMs (${String(maxAgeMs)}) ago; make a proof for each request`,
      'iat',
    );
  }
  if (!(iat * 1000 <= nowMs + clockToleranceMs)) {
    throw invalidProof(
      `its "iat" is in the future by more than dpop.clockToleranceMs (${String(clockToleranceMs)})`,
      'iat',
    );
  }
  return untilMs;
}

/** Section 4.3 number 12: the proof was made for this very token. @throws {IdentityError} `proof_invalid`. */
export function checkToken({ ath }: ProofClaims, token: string): void {
  if (ath !== digestToken(token)) {
    throw invalidProof('its "ath" is not the SHA-256 hash of the access token', 'ath');
  }
}
