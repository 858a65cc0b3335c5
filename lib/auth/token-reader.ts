import { readBearer } from '../transports/read-bearer.js';
import { refuse } from '../errors/identity-error.js';
import { atOnce } from '../options/at-once.js';
import type { JwtFromRequest } from '../options/options.types.js';
import { toCheckError } from '../validation/run-hooks.js';

const OPTION = '"jwtFromRequest"';

/**
 * How the token of an HTTP request is read: strictly, or by the function of the application.
 *
 * The returned function throws `authorization_malformed`, and with a function of the application `check_failed` if
 * that throws or answers with a promise, `token_malformed` if it answers anything but a string, null or undefined.
 */
export function tokenReader(own: JwtFromRequest | undefined): (request: object) => string | undefined {
  return own === undefined ? readBearer : (request) => readByOwn(own, request);
}

function readByOwn(own: JwtFromRequest, request: object): string | undefined {
  const token = ask(own, request);
  if (token === null || token === undefined || token === '') return undefined;
  if (typeof token === 'string') return token;
  const type = Array.isArray(token) ? 'array' : typeof token;
  throw refuse(
    'token_malformed',
    `The application's own ${OPTION} answered with a value of type ${type}; it must answer a string or null.`,
  );
}

/** A function that breaks says nothing about the caller: it is no 401, and no bare 500. */
function ask(own: JwtFromRequest, request: object): unknown {
  try {
    return atOnce<unknown>(own(request), OPTION);
  } catch (error) {
    throw toCheckError(error, OPTION);
  }
}
