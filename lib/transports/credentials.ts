import type { Credentials } from '../model/credentials.js';
import type { CertificateReader } from './client-certificate.js';
import type { CookieRule } from './read-cookie.js';

/** Where transports look for credentials, from the options of the module. */
export interface CredentialSources {
  /** Reads an HTTP request: the strict reader, or the application's `jwtFromRequest`. */
  readonly fromRequest: (request: object) => Credentials | null;
  /**
   * Reads the certificate of the client from the request that has opened a connection; {@link fromRequest} reads that of a request
   * itself. undefined if certificates prove nothing.
   */
  readonly certificateOfHandshake?: CertificateReader | undefined;
  /** Whether the scheme DPoP is known beside Bearer. */
  readonly acceptsDpop: boolean;
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
