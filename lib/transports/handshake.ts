import type { Credentials } from '../model/credentials.js';
import { withCertificate } from './client-certificate.js';
import { bearer, type CredentialSources } from './credentials.js';
import type { HttpRequestLike } from './node-request.js';
import { readCookie } from './read-cookie.js';
import { onlyCredentials, readCredentials } from './read-credentials.js';

/** The request that a WebSocket was opened with (RFC 6455 section 4.1). */
export interface UpgradeRequest extends HttpRequestLike {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
}

const UPGRADES = new WeakMap<object, UpgradeRequest>();

/**
 * Keeps the upgrade request of a socket of `ws`, which has no memory of it. `guardSockets` does it for every
 * socket; without that, call it first in `handleConnection(client, request)`. Sockets of socket.io need neither.
 *
 * @example
 * handleConnection(client: WebSocket, request: IncomingMessage) {
 *   rememberHandshake(client, request);
 * }
 */
export function rememberHandshake(client: object, request: UpgradeRequest): void {
  UPGRADES.set(client, request);
}

export function upgradeOf(client: object): UpgradeRequest | undefined {
  return UPGRADES.get(client);
}

/**
 * The credentials that a WebSocket was opened with: in a place of its transport, in the header of the upgrade request, or
 * else in a cookie. Browsers add cookies on their own, so that one says nothing beside a token that a client has sent.
 *
 * @param elsewhere - what the transport has read in places of its own.
 * @throws {IdentityError} as `onlyCredentials`, `readCredentials` and `readCookie`.
 */
export function readUpgrade(
  request: UpgradeRequest | undefined,
  sources: CredentialSources,
  ...elsewhere: readonly (Credentials | null | undefined)[]
): Credentials | null {
  if (request === undefined) return onlyCredentials(...elsewhere);
  const credentials = onlyCredentials(...elsewhere, readCredentials(request, sources.acceptsDpop));
  const found = credentials ?? fromCookie(request, sources);
  return withCertificate(found, request, sources.certificateOfHandshake);
}

function fromCookie(request: UpgradeRequest, { tokenFromCookie }: CredentialSources): Credentials | null {
  return tokenFromCookie === undefined ? null : bearer(readCookie(request, tokenFromCookie));
}
