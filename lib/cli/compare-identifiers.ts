import { parseUrl } from '../model/url-policy.js';
import type { MismatchName } from './mismatches.js';

/**
 * How the identifier that a document gives differs from the URL that clients use. Clients compare exactly (RFC 9728 section 3.3);
 * this says what the difference is, so that it can be mended.
 *
 * @param expected - an absolute URL.
 * @returns none if they are the same text.
 */
export function compareIdentifiers(expected: string, given: string): readonly MismatchName[] {
  if (given === expected) return [];
  const wanted = new URL(expected);
  const found = parseUrl(given);
  if (found === undefined) return ['resource_missing'];
  const differences: MismatchName[] = [];
  if (found.protocol !== wanted.protocol) differences.push('resource_scheme');
  if (hostOf(found) !== hostOf(wanted)) differences.push('resource_host');
  const path = comparePaths(wanted, found);
  if (path !== undefined) differences.push(path);
  if (differences.length > 0) return differences;
  // What a URL parser takes for the same: a slash after the host, capitals in the host, the default port.
  return withoutSlash(given) === withoutSlash(expected) ? ['resource_slash'] : ['resource_case'];
}

/** With the port, but for that of the scheme: http and https have different ones. */
function hostOf({ hostname, port }: URL): string {
  return `${hostname}:${port}`;
}

function comparePaths(wanted: URL, found: URL): MismatchName | undefined {
  const [a, b] = [wanted, found].map(({ pathname, search, hash }) => pathname + search + hash) as [
    string,
    string,
  ];
  if (a === b) return undefined;
  if (withoutSlash(a) === withoutSlash(b)) return 'resource_slash';
  if (withoutSlash(a).toLowerCase() === withoutSlash(b).toLowerCase()) return 'resource_case';
  const isBelow =
    found.search === '' && found.hash === '' && a.startsWith(`${withoutSlash(found.pathname)}/`);
  return isBelow ? 'resource_parent' : 'resource_path';
}

function withoutSlash(text: string): string {
  return text.endsWith('/') ? text.slice(0, -1) : text;
}
