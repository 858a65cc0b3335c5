import { trimOptionalWhitespace } from '../model/optional-whitespace.js';
import { refuse, type IdentityError } from '../errors/identity-error.js';
import { rawHeadersOf, type HttpRequestLike } from './node-request.js';

const AUTHORIZATION = 'authorization';
/** What can stand between two values. Looking for each takes a tenth of the time that a regular expression does. */
const SEPARATORS = [' ', '\t', ',', '\n', '\r', '\v', '\f', '\u00a0'];

/**
 * The token of an `Authorization: Bearer` header (RFC 6750 section 2.1, RFC 9110 section 11.4); undefined
 * if there is none, or one of another scheme.
 *
 * The value is that of `headers`, which middleware of the application may have set, replaced or deleted. Node.js
 * keeps the first of several Authorization headers there silently, so that what a proxy in front checked may be
 * the other one: the raw list shows how many came, and two are refused whatever middleware has made of them.
 *
 * @throws {IdentityError} `authorization_malformed`: several such headers, or no single token behind the scheme.
 */
export function readBearer(request: HttpRequestLike): string | undefined {
  const rawHeaders = rawHeadersOf(request);
  // Without a raw list, an adapter, an application or a test has made the request by hand.
  if (rawHeaders.length === 0) {
    return parseAuthorization(authorizationIn(request.headers));
  }
  if (countNamed(rawHeaders, AUTHORIZATION) > 1) throw severalHeaders();
  // Node.js writes all names in lower case.
  const value: unknown = request.headers?.[AUTHORIZATION];
  return Array.isArray(value) ? parseAuthorization(value as readonly unknown[]) : parseValue(value);
}

/**
 * The token of all values of an Authorization header, or of what a transport has in its place.
 *
 * @throws {IdentityError} as {@link readBearer}.
 */
export function parseAuthorization(values: readonly unknown[]): string | undefined {
  if (values.length > 1) throw severalHeaders();
  return parseValue(values[0]);
}

function parseValue(given: unknown): string | undefined {
  if (given === undefined || given === null) return undefined;
  if (typeof given !== 'string') {
    throw refuse('authorization_malformed', 'The Authorization header is not a string.');
  }
  const value = trimOptionalWhitespace(given);
  if (!/^bearer(?![^ \t])/i.test(value)) return undefined;
  const token = trimOptionalWhitespace(value.slice('bearer'.length));
  if (token === '' || SEPARATORS.some((separator) => token.includes(separator))) {
    throw refuse('authorization_malformed', '"Bearer" must be followed by exactly one token.');
  }
  return token;
}

/** The values of `authorization` in what maps names to values, whatever the case of its names. */
export function authorizationIn(headers: unknown): readonly unknown[] {
  return headerIn(headers, AUTHORIZATION);
}

/** The values of a header in what maps names to values, whatever the case of its names. */
export function headerIn(headers: unknown, header: string): readonly unknown[] {
  if (typeof headers !== 'object' || headers === null) return [];
  return Object.entries(headers)
    .filter(([name]) => name.toLowerCase() === header)
    .flatMap(([, value]) => (Array.isArray(value) ? (value as unknown[]) : [value as unknown]))
    .filter((value) => value !== undefined && value !== null)
    .map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value));
}

/** The values of a header as they came over the wire: `rawHeaders` has names and values in turn. */
export function rawValuesOf(rawHeaders: readonly string[], header: string): readonly string[] {
  const values: string[] = [];
  let name: string | undefined;
  for (const text of rawHeaders) {
    if (name === undefined) {
      name = text;
      continue;
    }
    if (isNamed(name, header)) values.push(text);
    name = undefined;
  }
  return values;
}

/** How many values {@link rawValuesOf} has, without them. */
function countNamed(rawHeaders: readonly string[], header: string): number {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name !== undefined && isNamed(name, header)) count++;
  }
  return count;
}

function isNamed(name: string, header: string): boolean {
  // Stryker disable next-line ConditionalExpression: the length only spares a copy of each other name.
  if (name.length !== header.length) return false;
  return name.toLowerCase() === header;
}

/**
 * The one token of several places; the same token in two of them is one.
 *
 * @throws {IdentityError} `authorization_malformed`: which of two was meant is not for us to choose (RFC 6750 section 2).
 */
export function onlyToken(...tokens: readonly (string | undefined)[]): string | undefined {
  const [token, ...others] = new Set(tokens.filter((each) => each !== undefined));
  if (others.length > 0) throw refuse('authorization_malformed', 'Two places carry two different tokens.');
  return token;
}

function severalHeaders(): IdentityError {
  return refuse('authorization_malformed', 'There are several Authorization headers.');
}
