import { isUtf8 } from 'node:buffer';
import { refuse } from '../errors/identity-error.js';
import { isJsonObject, type JsonObject } from '../model/json.js';
import type { TokenHeader } from '../model/token.js';
import { countMembers } from './count-members.js';

/** No provider's ids come near; unknown ones are remembered for a while, and must not cost much memory. */
export const MAX_KID_LENGTH = 512;

/** A token taken apart. Nothing in it is believed yet. */
export interface UnverifiedToken {
  readonly token: string;
  readonly header: TokenHeader;
  readonly unverifiedClaims: JsonObject;
  /** What the signature covers: the first two segments and the dot between them. */
  readonly signedPart: string;
  readonly signature: Buffer;
}

/**
 * Takes a compact JWS apart (RFC 7515 section 7.1), strictly: exactly three segments of canonical
 * base64url, UTF-8, JSON objects without repeated member names (RFC 7515 section 4, RFC 7519 section 4).
 *
 * @param token - not trusted to be a string.
 * @throws {IdentityError} `token_too_large`, `token_malformed`, `header_unsupported`.
 */
export function parseToken(token: unknown, maxTokenBytes: number): UnverifiedToken {
  if (typeof token !== 'string') throw refuse('token_malformed');
  if (token.length > maxTokenBytes) throw refuse('token_too_large');
  const first = token.indexOf('.');
  const second = token.indexOf('.', first + 1);
  if (first <= 0 || second <= first + 1 || second === token.length - 1 || token.includes('.', second + 1)) {
    throw refuse('token_malformed', 'The token does not have three segments.');
  }
  return {
    token,
    header: readHeader(decodeObject(token.slice(0, first))),
    unverifiedClaims: decodeObject(token.slice(first + 1, second)),
    signedPart: token.slice(0, second),
    signature: decodeSegment(token.slice(second + 1)),
  };
}

/**
 * Header parameters that could steer verification are refused or ignored: no extension is understood
 * (RFC 7515 section 4.1.11, RFC 7797), and keys inside a header (`jwk`, `jku`, `x5u`, `x5c`) are never looked at.
 */
function readHeader(header: JsonObject): TokenHeader {
  const { alg, kid, typ } = header;
  if ('crit' in header || 'b64' in header) throw refuse('header_unsupported');
  const fits =
    typeof alg === 'string' &&
    (kid === undefined || typeof kid === 'string') &&
    (typ === undefined || typeof typ === 'string');
  if (!fits) throw refuse('token_malformed', 'A header parameter has the wrong type.');
  if (kid !== undefined && kid.length > MAX_KID_LENGTH) {
    throw refuse('token_malformed', `The "kid" is longer than ${String(MAX_KID_LENGTH)} characters.`);
  }
  return header as TokenHeader;
}

function decodeObject(segment: string): JsonObject {
  const bytes = decodeSegment(segment);
  if (!isUtf8(bytes)) throw refuse('token_malformed', 'A segment is not UTF-8.');
  const text = bytes.toString('utf8');
  const value = parseJson(text);
  if (!isJsonObject(value)) throw refuse('token_malformed', 'A segment is not a JSON object.');
  if (countMembers(text) !== Object.keys(value).length) {
    throw refuse('token_malformed', 'A member name is repeated.');
  }
  return value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw refuse('token_malformed', 'A segment is not JSON.');
  }
}

/** Node's decoder skips what it does not know; only what encodes back to the same text was canonical. */
function decodeSegment(segment: string): Buffer {
  const bytes = Buffer.from(segment, 'base64url');
  if (bytes.toString('base64url') !== segment) throw refuse('token_malformed', 'A segment is not base64url.');
  return bytes;
}
