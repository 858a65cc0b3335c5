import { refuse } from '../errors/identity-error.js';
import type { Credentials } from '../model/credentials.js';
import { trimOptionalWhitespace } from '../model/optional-whitespace.js';
import { nodeRequestOf, rawHeadersOf, type HttpRequestLike } from './node-request.js';
import { authorizationIn, headerIn, parseAuthorization, rawValuesOf, readBearer } from './read-bearer.js';

/** What a proof says of a request, over node:http, Express and Fastify. */
interface RequestLine extends HttpRequestLike {
  readonly method?: unknown;
  readonly url?: unknown;
  /** Express and Fastify keep here what came, while routers and middleware change `url`. */
  readonly originalUrl?: unknown;
}

/**
 * The credentials of an HTTP request: `Authorization: Bearer …` (RFC 6750 section 2.1), or `Authorization: DPoP …` with the header `DPoP`
 * (RFC 9449 section 7.1); null if there are none, or some of another scheme. Beside a bearer token the header `DPoP` is not read.
 *
 * @throws {IdentityError} `authorization_malformed`: several Authorization headers, or no single token behind the scheme.
 */
export function readCredentials(request: HttpRequestLike, acceptsDpop: boolean): Credentials | null {
  const token = readBearer(request);
  if (token !== undefined) return { scheme: 'Bearer', token };
  return acceptsDpop ? readDpop(request) : null;
}

/** The same of the scheme DPoP alone, for a request that {@link readBearer} has looked at. */
export function readDpop(request: HttpRequestLike): Credentials | null {
  const token = parseDpop(authorizationIn(request.headers));
  if (token === undefined) return null;
  return { scheme: 'DPoP', token, proof: proofsOf(request), ...requestLine(request) };
}

/**
 * The credentials in what a transport has in the place of the headers of a request, such as `connectionParams`.
 *
 * @param place - maps names to values; proofs in it are used once for it.
 * @param upgrade - the request by which the connection was opened, which a proof is for.
 * @throws {IdentityError} `authorization_malformed`.
 */
export function credentialsIn(
  place: object | undefined,
  acceptsDpop: boolean,
  upgrade: HttpRequestLike | undefined,
): Credentials | undefined {
  const values = authorizationIn(place);
  const token = parseAuthorization(values);
  if (token !== undefined) return { scheme: 'Bearer', token };
  const bound = acceptsDpop ? parseDpop(values) : undefined;
  if (bound === undefined) return undefined;
  const line = upgrade === undefined ? {} : requestLine(upgrade);
  return { scheme: 'DPoP', token: bound, proof: headerIn(place, 'dpop'), ...line, carrier: place };
}

/**
 * The one token of several places; the same token under the same scheme in two of them is one.
 *
 * @throws {IdentityError} `authorization_malformed`: which of two was meant is not for us to choose (RFC 6750 section 2).
 */
export function onlyCredentials(...all: readonly (Credentials | null | undefined)[]): Credentials | null {
  const found = all.filter((each) => each !== null && each !== undefined);
  const [first] = found;
  if (first === undefined) return null;
  if (found.some(({ scheme, token }) => scheme !== first.scheme || token !== first.token)) {
    throw refuse('authorization_malformed', 'Two places carry two different tokens.');
  }
  return first;
}

/**
 * The token behind the scheme DPoP; undefined for any other scheme.
 *
 * @throws {IdentityError} `authorization_malformed`.
 */
export function parseDpop(values: readonly unknown[]): string | undefined {
  const [first] = values;
  if (typeof first !== 'string') return undefined;
  const value = trimOptionalWhitespace(first);
  if (!/^dpop(?![^ \t])/i.test(value)) return undefined;
  const token = trimOptionalWhitespace(value.slice('dpop'.length));
  if (token === '' || /[\s,]/.test(token)) {
    throw refuse('authorization_malformed', '"DPoP" must be followed by exactly one token.');
  }
  return token;
}

/**
 * All values of the header field `DPoP` (RFC 9449 section 4.3 number 1). Node.js joins several with a comma: the raw list shows how
 * many came, whatever middleware has made of them.
 */
function proofsOf(request: HttpRequestLike): readonly unknown[] {
  const raw = rawValuesOf(rawHeadersOf(request), 'dpop');
  return raw.length > 1 ? raw : headerIn(request.headers, 'dpop');
}

/** What the sender wrote into the first line of a request; the request itself is what a proof is used for. */
function requestLine(request: HttpRequestLike): Pick<Credentials, 'method' | 'url' | 'carrier'> {
  const { method, url, originalUrl } = request as RequestLine;
  const target = originalUrl ?? url;
  return {
    method: typeof method === 'string' ? method : undefined,
    url: typeof target === 'string' ? target : undefined,
    carrier: nodeRequestOf(request),
  };
}
