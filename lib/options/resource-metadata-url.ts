/** RFC 9728 section 3: what stands between the host and the path of a resource. */
export const WELL_KNOWN_RESOURCE = '/.well-known/oauth-protected-resource';

/**
 * Where the metadata of a resource is found (RFC 9728 section 3.1): the well-known string goes between host and path, a slash
 * that ends the host goes away, and a query stays.
 *
 * @param url - the identifier of the resource, an absolute URL.
 */
export function resourceMetadataUrl(url: string): string {
  const { origin, pathname, search } = new URL(url);
  return `${origin}${WELL_KNOWN_RESOURCE}${pathname === '/' ? '' : pathname}${search}`;
}
