import type { HttpRequestLike } from './read-bearer.js';

/** The request that a WebSocket was opened with (RFC 6455 section 4.1). */
export interface UpgradeRequest extends HttpRequestLike {
  readonly url?: string | undefined;
}

const UPGRADES = new WeakMap<object, UpgradeRequest>();

/**
 * Keeps the upgrade request of a socket of `ws`, which has no memory of it. `guardSockets` does it for every
 * socket; without that, call it first in `handleConnection(client, request)`. Sockets of socket.io need neither.
 */
export function rememberHandshake(client: object, request: UpgradeRequest): void {
  UPGRADES.set(client, request);
}

export function upgradeOf(client: object): UpgradeRequest | undefined {
  return UPGRADES.get(client);
}
