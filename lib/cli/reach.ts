import { isPublicAddress, isPublicHost } from '../http/public-address.js';
import { isLoopback } from '../model/url-policy.js';

/** From where a host can be spoken to: this machine, a network of its own, everywhere. */
export type Reach = 'machine' | 'network' | 'everywhere';

const ORDER: readonly Reach[] = ['machine', 'network', 'everywhere'];

/** Whether all who can speak to `from` can be expected to reach `to`. */
export function isReachableFor(from: Reach, to: Reach): boolean {
  return ORDER.indexOf(to) >= ORDER.indexOf(from);
}

/** Names that no public resolver knows (RFC 6762, RFC 8375, and what clusters and company networks use). */
const INTERNAL_NAME = /^[^.]+$|\.(local|internal|intranet|lan|corp|svc|home\.arpa|test)\.?$/i;

/** By the name or address alone: nobody is asked. */
export function reachOfName(url: URL): Reach {
  if (isLoopback(url)) return 'machine';
  // Brackets belong to IPv6 addresses, which have no dots either.
  const isInternalName = !url.hostname.startsWith('[') && INTERNAL_NAME.test(url.hostname);
  return isPublicHost(url) && !isInternalName ? 'everywhere' : 'network';
}

/**
 * By the addresses that the API was connected to as well, which a second look-up need not show: a name that is private for the one
 * and public for the other must not open the networks of whoever asks (DNS rebinding). One public address makes it public. Without any, as
 * behind a proxy, the name is judged as it stands.
 */
export function reachOf(url: URL, addresses: readonly string[]): Reach {
  const byName = reachOfName(url);
  if (byName !== 'everywhere' || addresses.some(isPublicAddress) || addresses.length === 0) return byName;
  return addresses.every((address) => /^127\.|^::1$/.test(address)) ? 'machine' : 'network';
}
