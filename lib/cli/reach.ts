import { lookup } from 'node:dns/promises';
import { setTimeout as wait } from 'node:timers/promises';
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
 * By the addresses that the name has here as well; a name that cannot be resolved, or not in time, is judged as it stands, since a
 * proxy may know it.
 */
export async function reachOf(url: URL, timeoutMs: number): Promise<Reach> {
  const byName = reachOfName(url);
  if (byName !== 'everywhere') return byName;
  const resolved = lookup(url.hostname.replaceAll(/[[\]]/g, ''), { all: true }).catch(() => []);
  const addresses = await Promise.race([resolved, wait(timeoutMs, [], { ref: false })]);
  if (addresses.some(({ address }) => /^127\.|^::1$/.test(address))) return 'machine';
  return addresses.every(({ address }) => isPublicAddress(address)) ? 'everywhere' : 'network';
}
