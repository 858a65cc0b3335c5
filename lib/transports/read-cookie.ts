import { trimOptionalWhitespace } from '../model/optional-whitespace.js';
import { refuse } from '../errors/identity-error.js';
import { rawHeadersOf, type HttpRequestLike } from './node-request.js';
import { headerIn, rawValuesOf } from './read-bearer.js';

/** The cookie that may carry the token of a WebSocket, and the origins of the pages that may open one with it. */
export interface CookieRule {
  readonly name: string;
  readonly origins: readonly string[];
}

/**
 * The token in a cookie of the request that a WebSocket was opened with; undefined without such a cookie.
 *
 * Browsers send cookies along with a WebSocket that a page of any other site opens, and no same-origin policy keeps
 * that page from reading what the server sends (cross-site WebSocket hijacking). RFC 6455 section 10.2 leaves it to the
 * server to compare the Origin: without exactly one, or with one that is not listed, the socket is refused.
 *
 * @throws {IdentityError} `token_missing` for such an Origin; `authorization_malformed` for two cookies of the name.
 */
export function readCookie(request: HttpRequestLike, { name, origins }: CookieRule): string | undefined {
  const [token, ...others] = new Set(cookiesOf(request, name));
  if (token === undefined) return undefined;
  const [origin, ...more] = originsOf(request);
  if (more.length > 0 || !origins.some((each) => each === origin)) {
    throw refuse(
      'token_missing',
      `The cookie "${name}" was not read: the Origin of the handshake is missing, or not one of transports.tokenFromCookie.origins.`,
    );
  }
  // A host beside ours may have planted the second one (RFC 6265 section 8.6).
  if (others.length > 0) throw refuse('authorization_malformed', `There are two cookies "${name}".`);
  return token;
}

/** As they came over the wire: Mercurius writes members of `connectionParams` into `headers`. */
function originsOf(request: HttpRequestLike): readonly unknown[] {
  const rawHeaders = rawHeadersOf(request);
  if (rawHeaders.length === 0) return headerIn(request.headers, 'origin');
  return rawValuesOf(rawHeaders, 'origin');
}

/** RFC 6265 section 4.2.1 (and 5.4: only SP and HTAB are no part of a name); values may stand in quotes (section 4.1.1), and an empty one is no token. */
function cookiesOf(request: HttpRequestLike, name: string): readonly string[] {
  return headerIn(request.headers, 'cookie')
    .filter((header) => typeof header === 'string')
    .flatMap((header) => header.split(';'))
    .map(trimOptionalWhitespace)
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1).replace(/^"(.*)"$/, '$1'))
    .filter((value) => value !== '');
}
