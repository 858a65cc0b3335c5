import { BlockList, isIP } from 'node:net';

/**
 * Which addresses are of proxies whose headers are believed.
 *
 * @example
 * const { isTrusted } = readTrustedProxies(['10.0.0.0/8', 'fd00::/8', '192.0.2.7']);
 */
export interface TrustedProxies {
  /** @param address - `remoteAddress` of the socket; undefined for one that is closed or of a Unix domain, which is nobody. */
  isTrusted(address: string | undefined): boolean;
  /** Members of the list that cannot be trusted, and why; they hold nothing. */
  readonly wrong: readonly WrongRange[];
}

export interface WrongRange {
  readonly range: string;
  /** `mapped`: a range of IPv6 that has addresses of IPv4 in it. `wide`: more addresses than proxies have. */
  readonly problem: 'no-range' | 'mapped' | 'wide';
}

type Version = 'ipv4' | 'ipv6';
interface Range {
  readonly address: string;
  readonly length: number;
  readonly version: Version;
}

const BITS: Readonly<Record<Version, number>> = { ipv4: 32, ipv6: 128 };
/** The widest ranges of private addresses: 10.0.0.0/8 (RFC 1918 section 3) and fc00::/7 (RFC 4193 section 3.1). */
const MIN_LENGTH: Readonly<Record<Version, number>> = { ipv4: 8, ipv6: 7 };
/** What a server that listens on `::` sees of clients of IPv4 (RFC 4291 section 2.5.5.2). */
const MAPPED: Range = { address: '::ffff:0:0', length: 96, version: 'ipv6' };

/** @param ranges - addresses, or ranges in CIDR notation (RFC 4632 section 3.1, RFC 4291 section 2.3). */
export function readTrustedProxies(ranges: readonly string[]): TrustedProxies {
  const read = ranges.map(readRange);
  const good = read.filter((each) => 'address' in each);
  // One list for each version: a BlockList compares addresses of IPv4 with ranges of IPv6, too.
  const lists = { ipv4: listOf(good, 'ipv4'), ipv6: listOf(good, 'ipv6') };
  return {
    wrong: read.filter((each) => 'problem' in each),
    isTrusted(address) {
      const plain = address === undefined ? '' : withoutMapping(address);
      const version = versionOf(plain);
      return version !== undefined && lists[version].check(plain, version);
    },
  };
}

function readRange(range: string): Range | WrongRange {
  const [, address = '', prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(range) ?? [];
  const version = versionOf(address);
  // A zone ("%eth0") belongs to one machine.
  if (version === undefined || address.includes('%')) return { range, problem: 'no-range' };
  const length = prefix === undefined ? BITS[version] : Number(prefix);
  if (length > BITS[version]) return { range, problem: 'no-range' };
  if (length < MIN_LENGTH[version]) return { range, problem: 'wide' };
  const given = { address, length, version };
  return version === 'ipv6' && overlap(given, MAPPED) ? { range, problem: 'mapped' } : given;
}

/** Of two ranges that overlap, one contains the other. */
function overlap(one: Range, other: Range): boolean {
  const contains = (outer: Range, { address, version }: Range): boolean =>
    listOf([outer], outer.version).check(address, version);
  return contains(one, other) || contains(other, one);
}

function listOf(ranges: readonly Range[], of: Version): BlockList {
  const list = new BlockList();
  for (const { address, length, version } of ranges)
    if (version === of) list.addSubnet(address, length, version);
  return list;
}

function versionOf(address: string): Version | undefined {
  const version = isIP(address);
  if (version === 0) return undefined;
  return version === 4 ? 'ipv4' : 'ipv6';
}

/** `::ffff:192.0.2.7` is 192.0.2.7: Node.js writes it so. */
function withoutMapping(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
}
