import { refuse } from '../errors/identity-error.js';

/** The parts of a request that are read, over node:http, Express and Fastify (whose request wraps node's). */
interface HttpRequestLike {
  readonly raw?: { readonly rawHeaders?: readonly string[] };
  readonly rawHeaders?: readonly string[];
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/**
 * The token of an `Authorization: Bearer` header (RFC 6750 section 2.1, RFC 9110 section 11.4); undefined
 * where there is none, or one of another scheme.
 *
 * Node keeps the first of several Authorization headers silently, so that what a proxy in front checked
 * may be the other one: the raw header list is read instead.
 *
 * @throws {IdentityError} `authorization_malformed`: several such headers, or no single token behind the scheme.
 */
export function readBearer(request: HttpRequestLike): string | undefined {
  const values = authorizationValues(request);
  if (values.length > 1) throw refuse('authorization_malformed', 'There are several Authorization headers.');
  const value = values[0]?.trim();
  if (value === undefined || !/^bearer(?![^ \t])/i.test(value)) return undefined;
  const token = value.slice('bearer'.length).trim();
  if (token === '' || /[\s,]/.test(token)) {
    throw refuse('authorization_malformed', '"Bearer" must be followed by exactly one token.');
  }
  return token;
}

function authorizationValues(request: HttpRequestLike): readonly string[] {
  const rawHeaders = request.raw?.rawHeaders ?? request.rawHeaders;
  if (rawHeaders === undefined || rawHeaders.length === 0) return parsedValues(request);
  const values: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() === 'authorization') values.push(rawHeaders[at + 1] ?? '');
  }
  return values;
}

/** Where no raw list is: a request that an adapter or a test has made by hand. */
function parsedValues(request: HttpRequestLike): readonly string[] {
  const value = request.headers?.['authorization'];
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}
