/** RFC 3986 sections 3.2.2 and 3.2.3, without user information and without percent-encoding in the host. */
const AUTHORITY = /^(\[[\da-f:.]+\]|[\w!$&'()*+,;=~.-]+)(?::(\d{0,5}))?$/i;
/** RFC 3986 appendix B, for absolute URLs of http; query and fragment are left out (RFC 9449 section 4.3 number 9). */
const HTTP_URL = /^(https?):\/\/([^/?#]+)([^?#]*)(?:[?#].*)?$/i;
/** What may stand in a path (RFC 3986 section 3.3): a URL with anything else is written in no standard way. */
const PATH = /^(?:\/(?:[\w!$&'()*+,;=~:@.-]|%[\da-f]{2})*)*$/i;
const DEFAULT_PORTS: Readonly<Record<string, string>> = { http: '80', https: '443' };

/**
 * A URL in the form in which two are compared (RFC 9449 section 4.3 number 9): syntax- and scheme-based normalization of RFC 3986
 * sections 6.2.2 and 6.2.3, without query and fragment. The parser of `URL` is no help: it takes backslashes for slashes, and drops tabs
 * and line breaks.
 *
 * @returns undefined for what is no absolute http(s) URL, and for user information.
 */
export function comparableUrl(url: string): string | undefined {
  const [, scheme = '', authority = '', path = ''] = HTTP_URL.exec(url) ?? [];
  const host = comparableAuthority(authority, scheme.toLowerCase());
  const normalized = comparablePath(path);
  if (host === undefined || normalized === undefined) return undefined;
  return `${scheme.toLowerCase()}://${host}${normalized}`;
}

/**
 * The path of a request target (RFC 9112 section 3.2), without its query: of the absolute form as well, whose host the sender has
 * chosen.
 *
 * @returns undefined for what has none, such as `*`.
 */
export function pathOfTarget(target: string): string | undefined {
  // Most targets have neither: looking for one is cheaper than a regular expression.
  if (target.startsWith('/') && !target.includes('?') && !target.includes('#')) return target;
  const path = target.startsWith('/') ? target.replace(/[?#].*$/s, '') : HTTP_URL.exec(target)?.[3];
  if (path === undefined) return undefined;
  return path === '' ? '/' : path;
}

function comparableAuthority(authority: string, scheme: string): string | undefined {
  const [, host, port = ''] = AUTHORITY.exec(authority) ?? [];
  if (host === undefined) return undefined;
  const name = host.startsWith('[') ? comparableAddress(host) : host.toLowerCase();
  // RFC 3986 section 6.2.3: the default port, an empty one, and leading zeros are no difference.
  const number = port.replace(/^0+(?=\d)/, '');
  if (name === undefined || number === '' || number === DEFAULT_PORTS[scheme]) return name;
  return `${name}:${number}`;
}

/** An IPv6 address has many forms (RFC 4291 section 2.2), and one that is recommended (RFC 5952). */
function comparableAddress(host: string): string | undefined {
  const url = `http://${host}/`;
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}

function comparablePath(path: string): string | undefined {
  if (path === '') return '/';
  if (!PATH.test(path)) return undefined;
  // Most paths have nothing to normalize.
  if (!path.includes('%') && !path.includes('/.')) return path;
  return withoutDotSegments(path.replaceAll(/%[\da-f]{2}/gi, comparableOctet));
}

/** RFC 3986 sections 6.2.2.1 and 6.2.2.2: unreserved characters stand for themselves, all others are in upper case. */
function comparableOctet(encoded: string): string {
  const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16));
  return /[\w.~-]/.test(character) ? character : encoded.toUpperCase();
}

/** RFC 3986 section 5.2.4. */
function withoutDotSegments(path: string): string {
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  for (const [at, segment] of segments.entries()) {
    const isLast = at === segments.length - 1;
    if (segment === '..') kept.pop();
    if (segment !== '.' && segment !== '..') kept.push(segment);
    else if (isLast) kept.push('');
  }
  return `/${kept.join('/')}`;
}
