import { refuse, type IdentityError } from '../errors/identity-error.js';
import { isJsonObject, type JsonObject } from '../model/json.js';
import { normalizeTokenType } from '../model/token-type.js';
import type { TokenHeader } from '../model/token.js';
import { decodeBytes, decodeText, mayBeBase64url } from './base64url.js';
import { countMembers } from './count-members.js';
import type { JoseHeader, KnownHeaders } from './known-headers.js';

/** No provider's ids come near; unknown ones are remembered for a while, and must not cost much memory. */
export const MAX_KID_LENGTH = 512;

/** A token taken apart. Nothing in it is believed yet. */
export interface UnverifiedToken extends JoseHeader {
  readonly token: string;
  readonly unverifiedClaims: JsonObject;
  /** How many characters of the token the signature covers: two segments and the dot between them. */
  readonly signedLength: number;
  readonly signature: Buffer;
}

/**
 * Takes a compact JWS apart (RFC 7515 section 7.1), strictly: exactly three segments of canonical
 * base64url, UTF-8, JSON objects without repeated member names (RFC 7515 section 4, RFC 7519 section 4).
 *
 * @param token - not trusted to be a string.
 * @param known - headers that need not be parsed again.
 * @throws {IdentityError} `token_too_large`, `token_malformed`, `header_unsupported`.
 */
export function parseToken(token: unknown, maxTokenBytes: number, known?: KnownHeaders): UnverifiedToken {
  if (typeof token !== 'string') throw refuse('token_malformed');
  if (token.length > maxTokenBytes) throw refuse('token_too_large');
  const first = token.indexOf('.');
  const second = token.indexOf('.', first + 1);
  if (first <= 0 || second <= first + 1 || second === token.length - 1 || token.includes('.', second + 1)) {
    throw refuse('token_malformed', 'The token does not have three segments.');
  }
  if (!mayBeBase64url(token)) throw notBase64url();
  const headerSegment = token.slice(0, first);
  const { header, type } = known?.get(headerSegment) ?? readHeader(decodeObject(headerSegment));
  const unverifiedClaims = decodeObject(token.slice(first + 1, second));
  const signature = decodeBytes(token.slice(second + 1));
  if (signature === undefined) throw notBase64url();
  return { token, header, type, unverifiedClaims, signedLength: second, signature };
}

/**
 * Header parameters that could steer verification are refused or ignored: no extension is understood
 * (RFC 7515 section 4.1.11, RFC 7797), and keys inside a header (`jwk`, `jku`, `x5u`, `x5c`) are never looked at.
 */
function readHeader(header: JsonObject): JoseHeader {
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
  return {
    header: header as TokenHeader,
    type: typ === undefined ? null : normalizeTokenType(typ),
  };
}

function decodeObject(segment: string): JsonObject {
  const text = decodeText(segment);
  if (text === undefined) throw refuse('token_malformed', 'A segment is not canonical base64url of UTF-8.');
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

function notBase64url(): IdentityError {
  return refuse('token_malformed', 'The token is not canonical base64url.');
}
