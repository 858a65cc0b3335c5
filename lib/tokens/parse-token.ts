import { refuse, type IdentityError } from '../errors/identity-error.js';
import { isJsonObject, isUnset, type JsonObject } from '../model/json.js';
import { normalizeTokenType } from '../model/token-type.js';
import type { TokenHeader } from '../model/token.js';
import { decodeBytes, decodeText, mayBeBase64url } from './base64url.js';
import { countMembers, MAX_DEPTH, TOO_DEEP } from './count-members.js';
import type { JoseHeader, HeaderCache } from './header-cache.js';

/** No provider's ids come near; unknown ones are remembered for a while, and must not cost much memory. */
export const MAX_KID_LENGTH = 512;

const NO_STRING = 'The token is not a string; what came together with one is passed by createCredentials.';

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
 * base64url, UTF-8, JSON objects without repeated member names (RFC 7515 section 4, RFC 7519 section 4)
 * that are nested no deeper than {@link MAX_DEPTH} levels.
 *
 * @param token - not trusted to be a string.
 * @param known - headers that need not be parsed again.
 * @throws {IdentityError} `token_too_large`, `token_malformed`, `header_unsupported`.
 */
export function parseToken(token: unknown, maxTokenBytes: number, known?: HeaderCache): UnverifiedToken {
  if (typeof token !== 'string') throw refuse('token_malformed', NO_STRING);
  // Characters, not bytes: what has more bytes than characters is no ASCII, and is rejected below.
  if (token.length > maxTokenBytes) {
    throw refuse('token_too_large', `The token is longer than maxTokenBytes (${String(maxTokenBytes)}).`);
  }
  // RFC 7515 section 3.1: exactly three segments. Looking for the dots allocates nothing; `split` on a hostile token would
  // make a string for each of thousands of segments.
  const first = token.indexOf('.');
  const second = token.indexOf('.', first + 1);
  if (first <= 0 || second <= first + 1 || second === token.length - 1 || token.includes('.', second + 1)) {
    throw refuse('token_malformed', describeSegments(token));
  }
  if (!mayBeBase64url(token)) throw notBase64url(token);
  const { header, type } =
    known?.find(token, first) ?? readHeader(decodeObject(token.slice(0, first), 'header'));
  const unverifiedClaims = decodeObject(token.slice(first + 1, second), 'payload');
  const signature = decodeBytes(token.slice(second + 1));
  if (signature === undefined) throw notBase64url(token);
  return { token, header, type, unverifiedClaims, signedLength: second, signature };
}

/**
 * Header parameters that could steer verification are refused or ignored: no extension is understood
 * (RFC 7515 section 4.1.11, RFC 7797), and keys inside a header (`jwk`, `jku`, `x5u`, `x5c`) are never looked at.
 */
function readHeader(unverifiedHeader: JsonObject): JoseHeader {
  const header = withoutUnset(unverifiedHeader);
  const { alg, kid, typ } = header;
  // A "crit" that is null or empty is refused too: the RFC allows neither.
  if ('crit' in header) throw refuse('header_unsupported', 'The header parameter "crit" is not supported.');
  // RFC 7797 section 6: "b64" stands in "crit" if it is used. Alone it would change what the signature covers for a
  // library that knows it, and not for one that does not.
  if ('b64' in header) throw refuse('header_unsupported', 'The header parameter "b64" is not supported.');
  if (typeof alg !== 'string') throw notAString('alg');
  if (kid !== undefined && typeof kid !== 'string') throw notAString('kid');
  if (typ !== undefined && typeof typ !== 'string') throw notAString('typ');
  if (kid !== undefined && kid.length > MAX_KID_LENGTH) {
    throw refuse('token_malformed', `The "kid" is longer than ${String(MAX_KID_LENGTH)} characters.`);
  }
  return {
    header: header as TokenHeader,
    type: typ === undefined ? null : normalizeTokenType(typ),
  };
}

/** A key id or type that a serializer wrote although there is none counts as absent. */
function withoutUnset(header: JsonObject): JsonObject {
  // Stryker disable next-line ConditionalExpression,StringLiteral: it spares a copy that would be the same.
  if (!isUnset(header['kid']) && !isUnset(header['typ'])) return header;
  return Object.fromEntries(
    Object.entries(header).filter(([name, value]) => !((name === 'kid' || name === 'typ') && isUnset(value))),
  );
}

function decodeObject(segment: string, what: 'header' | 'payload'): JsonObject {
  const text = decodeText(segment);
  if (text === undefined) throw notBase64url(segment, what);
  const value = parseJson(text, what);
  if (!isJsonObject(value)) throw refuse('token_malformed', `The ${what} is not a JSON object.`);
  // RFC 7519 section 4: with a repeated name, two parsers may read two different tokens. JSON.parse keeps the last one
  // and says nothing, so the names in the text are counted.
  const members = countMembers(text);
  if (members === TOO_DEEP) {
    throw refuse('token_malformed', `The ${what} is nested more than ${String(MAX_DEPTH)} levels deep.`);
  }
  if (members !== Object.keys(value).length) {
    throw refuse('token_malformed', `A member name is repeated in the ${what}.`);
  }
  return value;
}

/** Without the message of JSON.parse, which quotes what it was given. */
function parseJson(text: string, what: 'header' | 'payload'): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw refuse('token_malformed', `The ${what} is not JSON.`);
  }
}

function notAString(parameter: string): IdentityError {
  return refuse('token_malformed', `The header parameter "${parameter}" is not a string.`);
}

/** What is sent in place of a JWS is nearly always one of these; each needs another remedy. */
function describeSegments(token: string): string {
  const dots = countDots(token);
  if (dots === 0) {
    return 'The token is opaque: it has one segment, and a JWS has three. Let the provider issue JWTs for this API.';
  }
  if (dots === 4) {
    return 'The token is encrypted (a JWE, five segments), and only signed ones (three segments) are accepted. Let the provider encrypt no access tokens for this API.';
  }
  if (dots !== 2) return 'The token does not have three segments.';
  return token.endsWith('.')
    ? 'The third segment, the signature, is empty: unsigned tokens are not accepted.'
    : 'A segment of the token is empty.';
}

/** No further than it matters. */
function countDots(token: string): number {
  let dots = 0;
  for (let at = token.indexOf('.'); at !== -1 && dots < 5; at = token.indexOf('.', at + 1)) dots++;
  return dots;
}

function notBase64url(text: string, what: 'token' | 'header' | 'payload' = 'token'): IdentityError {
  if (text.startsWith('Bearer ')) {
    return refuse('token_malformed', 'The token begins with "Bearer ": only what follows it is the token.');
  }
  // RFC 7515 section 2: base64url without padding.
  if (text.includes('=')) {
    return refuse('token_malformed', `The ${what} is padded with "=": the base64url of a JWS is not padded.`);
  }
  return refuse(
    'token_malformed',
    `The ${what} is not canonical base64url${what === 'token' ? '' : ' of UTF-8'}.`,
  );
}
