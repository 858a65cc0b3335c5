/**
 * The issuer whose metadata is at a URL (OpenID Connect Discovery section 4, RFC 8414 section 3); undefined for any
 * other URL.
 */
export function issuerOfMetadataUrl(url: string): string | undefined {
  const match =
    /^([a-z]+:\/\/[^/]+)(.*)\/\.well-known\/(?:openid-configuration|oauth-authorization-server)(\/.*)?$/i.exec(
      url,
    );
  if (match === null) return undefined;
  const [, origin = '', before = '', behind = ''] = match;
  return origin + before + (behind === '/' ? '' : behind);
}
