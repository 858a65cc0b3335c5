import { isIPv4 } from 'node:net';

/**
 * Whether a provider's URL may be fetched: https, or http on loopback, or http on an origin that the
 * configuration names. Keys that came over an open line are worth nothing (RFC 8414 section 6.1).
 */
export function isUrlAllowed(url: string, allowInsecureOrigins: readonly string[]): boolean {
  return isAllowed(parseUrl(url), allowInsecureOrigins);
}

/**
 * The same for a URL that a provider's document names. A document that came over https names https URLs only:
 * whoever listens on a port of this machine is not the provider. Plain http on loopback is for a document that
 * came from there in the same way.
 */
export function isReferenceAllowed(
  url: string,
  documentUrl: string,
  allowInsecureOrigins: readonly string[],
): boolean {
  const target = parseUrl(url);
  if (!isAllowed(target, allowInsecureOrigins)) return false;
  if (target.protocol !== 'http:' || allowInsecureOrigins.includes(target.origin)) return true;
  const source = parseUrl(documentUrl);
  return source?.protocol === 'http:' && isPlainLoopback(source);
}

function isAllowed(url: URL | undefined, allowInsecureOrigins: readonly string[]): url is URL {
  if (url === undefined || url.username !== '' || url.password !== '') return false;
  if (url.protocol === 'https:') return true;
  if (url.protocol !== 'http:') return false;
  return isPlainLoopback(url) || allowInsecureOrigins.includes(url.origin);
}

export function parseUrl(url: string): URL | undefined {
  return URL.canParse(url) ? new URL(url) : undefined;
}

/** Whether a host is this machine; `localhost` and what is below it by RFC 6761 section 6.3. */
export function isLoopback(url: URL): boolean {
  return isPlainLoopback(url) || /(^|\.)localhost\.?$/.test(url.hostname);
}

/** Without the names that a resolver may be asked for after all. */
function isPlainLoopback(url: URL): boolean {
  const host = url.hostname;
  return host === 'localhost' || host === '[::1]' || (host.startsWith('127.') && isIPv4(host));
}
