import { isLoopback } from '../model/url-policy.js';
import type { NamedProxy, ProxyRules } from '../options/http-kinds.js';

/**
 * The proxy that a request goes through.
 *
 * Plain http on loopback is trusted because it does not leave this machine, so it never goes through a proxy,
 * which could answer with keys of its own. A proxy of the environment is not used for loopback at all.
 */
export function chooseProxy(url: URL, rules: ProxyRules | undefined): NamedProxy | undefined {
  if (rules === undefined) return undefined;
  if (isLoopback(url) && (url.protocol === 'http:' || !rules.isConfigured)) return undefined;
  if (rules.bypass.some((entry) => matches(entry, url))) return undefined;
  return url.protocol === 'https:' ? rules.https : rules.http;
}

/** For messages: the name and the address, without credentials. */
export function describeProxy({ name, url }: NamedProxy): string {
  return `${name}=${new URL(url).host}`;
}

/** An entry is a host, which stands for its subdomains too, and may have a port. */
function matches(entry: string, url: URL): boolean {
  if (entry === '*') return true;
  const [, named = entry, port] = /^(.+):(\d+)$/.exec(entry) ?? [];
  // `::1:8080` is an address, not a host with a port: only brackets separate the two (RFC 3986 section 3.2.2).
  const isIpv6 = port !== undefined && named.includes(':') && !named.startsWith('[');
  const host = isIpv6 ? entry : named;
  if (port !== undefined && !isIpv6 && port !== portOf(url)) return false;
  const hostname = url.hostname.replaceAll(/^\[|\]$|\.$/g, '');
  const wanted = host.replaceAll(/^\[|\]$|\.$/g, '');
  return hostname === wanted || hostname.endsWith(`.${wanted}`);
}

function portOf(url: URL): string {
  if (url.port !== '') return url.port;
  return url.protocol === 'https:' ? '443' : '80';
}
