import { refuse } from '../errors/identity-error.js';
import { atOnce } from '../options/at-once.js';
import type { JwtFromRequest } from '../options/options.types.js';
import type { CredentialSources } from '../transports/credentials.js';
import { readCredentials, readDpop } from '../transports/read-credentials.js';
import { toCheckError } from '../validation/run-hooks.js';

const OPTION = '"jwtFromRequest"';

/**
 * How the credentials of an HTTP request are read: strictly, or by the function of the application, which knows tokens and no
 * schemes: what it answers is a bearer token, unless the Authorization header has it under the scheme DPoP.
 *
 * The returned function throws `authorization_malformed`, and with a function of the application `check_failed` if
 * that throws or answers with a promise, `token_malformed` if it answers anything but a string, null or undefined.
 */
export function requestReader(
  own: JwtFromRequest | undefined,
  acceptsDpop: boolean,
): CredentialSources['fromRequest'] {
  if (own === undefined) return (request) => readCredentials(request, acceptsDpop);
  return (request) => {
    const token = readByOwn(own, request);
    if (token === undefined) return null;
    const bound = acceptsDpop ? readDpop(request) : null;
    return bound?.token === token ? bound : { scheme: 'Bearer', token };
  };
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
