import type { CookieRule } from './read-cookie.js';

/**
 * What a caller presents for access (RFC 9110 section 11.4). The scheme is a part of it: a token that is bound to a key
 * must not pass for one that is not (RFC 9449 section 7.2).
 */
export interface Credentials {
  readonly scheme: 'Bearer' | 'DPoP';
  readonly token: string;
}

/** Where transports look for credentials, from the options of the module. */
export interface CredentialSources {
  /** Reads an HTTP request: the strict reader, or the application's `jwtFromRequest`. */
  readonly fromRequest: (request: object) => string | undefined;
  /** Whether `access_token` in the URL of a WebSocket counts. */
  readonly tokenFromUrl: boolean;
  /** Whether `access_token` in the payload of a message counts. */
  readonly tokenFromPayload: boolean;
  /** undefined unless a WebSocket may be opened with a cookie. */
  readonly tokenFromCookie: CookieRule | undefined;
}

/** A bearer token (RFC 6750); null if a caller brought none. */
export function bearer(token: string | undefined): Credentials | null {
  return token === undefined ? null : { scheme: 'Bearer', token };
}
