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
  /** Members of the list that are no address and no range; they hold nothing. */
  readonly wrong: readonly string[];
}

/** @param ranges - addresses, or ranges in CIDR notation (RFC 4632 section 3.1, RFC 4291 section 2.3). */
export function readTrustedProxies(ranges: readonly string[]): TrustedProxies {
  const list = new BlockList();
  const wrong = ranges.filter((range) => !add(list, range));
  return {
    wrong,
    isTrusted(address) {
      const plain = address === undefined ? '' : withoutMapping(address);
      const version = isIP(plain);
      return version !== 0 && list.check(plain, version === 4 ? 'ipv4' : 'ipv6');
    },
  };
}

function add(list: BlockList, range: string): boolean {
  const [, address = '', prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(range) ?? [];
  const version = isIP(address);
  // A zone ("%eth0") belongs to one machine, and a mapped address to the other version.
  if (version === 0 || address.includes('%') || withoutMapping(address) !== address) return false;
  const bits = version === 4 ? 32 : 128;
  const length = prefix === undefined ? bits : Number(prefix);
  if (length > bits) return false;
  list.addSubnet(address, length, version === 4 ? 'ipv4' : 'ipv6');
  return true;
}

/** A server that listens on `::` sees clients of IPv4 as `::ffff:192.0.2.7` (RFC 4291 section 2.5.5.2). */
function withoutMapping(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
}
