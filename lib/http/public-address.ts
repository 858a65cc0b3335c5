import { BlockList, isIP, isIPv4 } from 'node:net';
import { isLoopback } from '../model/url-policy.js';

/** IPv4 that is not global unicast (RFC 6890, and the registry that it began), multicast and reserved ones. */
const CLOSED_IPV4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const;

/** Of global unicast IPv6 (RFC 4291 section 2.4): protocol assignments with Teredo, documentation, 6to4. */
const CLOSED_IPV6 = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const;

const closed = new BlockList();
// Stryker disable next-line StringLiteral: of another family it throws when the module is loaded, before a test could fail.
for (const [address, bits] of CLOSED_IPV4) closed.addSubnet(address, bits, 'ipv4');
// Stryker disable next-line StringLiteral: as above.
for (const [address, bits] of CLOSED_IPV6) closed.addSubnet(address, bits, 'ipv6');
const global6 = new BlockList();
// Stryker disable next-line StringLiteral: as above; what is no address throws, too.
global6.addSubnet('2000::', 3, 'ipv6');

/**
 * Whether an address belongs to the public Internet. Private, loopback, link-local, shared (RFC 6598), unique-local,
 * multicast and reserved ones do not, and neither does what is no address. IPv4 inside of IPv6 (mapped by
 * RFC 4291 section 2.5.5.2, translated by RFC 6052) is judged as IPv4.
 */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !closed.check(address, 'ipv4');
  const groups = groupsOf(address);
  if (groups === undefined) return false;
  // The socket reaches the embedded IPv4 address, whatever the notation: `::ffff:127.0.0.1` is this machine, and behind a
  // NAT64 gateway `64:ff9b::a00:1` is 10.0.0.1.
  const prefix = groups.slice(0, 6).join(':');
  if (prefix === '0:0:0:0:0:ffff' || prefix === '64:ff9b:0:0:0:0') return isPublicAddress(lastIpv4(groups));
  const plain = groups.join(':');
  return global6.check(plain, 'ipv6') && !closed.check(plain, 'ipv6');
}

/** Whether a URL may lead to the public Internet, by its host alone; names have to be resolved to know. */
export function isPublicHost(url: URL): boolean {
  const host = url.hostname.replaceAll(/[[\]]/g, '');
  return isIP(host) === 0 ? !isLoopback(url) : isPublicAddress(host);
}

/** The eight groups of an IPv6 address, in hex; undefined for what is none, and with a zone, which no URL may have. */
function groupsOf(address: string): readonly string[] | undefined {
  const url = `http://[${address}]`;
  if (isIP(address) !== 6 || !URL.canParse(url)) return undefined;
  // In its one canonical form (RFC 5952), which has no zone and no IPv4 notation.
  const text = new URL(url).hostname.slice(1, -1);
  const zeros = 8 - writtenGroups(text).length;
  return writtenGroups(text.replace('::', `:${'0:'.repeat(zeros)}`));
}

function writtenGroups(text: string): readonly string[] {
  return text.split(':').filter((group) => group !== '');
}

function lastIpv4(groups: readonly string[]): string {
  return groups
    .slice(6)
    .map((group) => Number.parseInt(group, 16))
    .flatMap((group) => [group >> 8, group & 0xff])
    .join('.');
}
