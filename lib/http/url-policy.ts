/**
 * Whether a provider's URL may be fetched: https, or http on loopback, or http on an origin that the
 * configuration names. Keys that came over an open line are worth nothing (RFC 8414 section 6.1).
 */
export function isUrlAllowed(url: string, allowInsecureOrigins: readonly string[]): boolean {
  const parsed = parseUrl(url);
  if (parsed === undefined || parsed.username !== '' || parsed.password !== '') return false;
  if (parsed.protocol === 'https:') return true;
  if (parsed.protocol !== 'http:') return false;
  return isLoopback(parsed) || allowInsecureOrigins.includes(parsed.origin);
}

/**
 * The same for a URL that a provider's document names. Plain http on loopback is for a provider that
 * is itself on loopback: no remote document may point us at services of this machine.
 */
export function isReferenceAllowed(
  url: string,
  documentUrl: string,
  allowInsecureOrigins: readonly string[],
): boolean {
  if (!isUrlAllowed(url, allowInsecureOrigins)) return false;
  const target = parseUrl(url);
  if (target?.protocol !== 'http:' || allowInsecureOrigins.includes(target.origin)) return true;
  const source = parseUrl(documentUrl);
  return source !== undefined && isLoopback(source);
}

export function parseUrl(url: string): URL | undefined {
  return URL.canParse(url) ? new URL(url) : undefined;
}

function isLoopback(url: URL): boolean {
  const host = url.hostname;
  return host === 'localhost' || host === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}
