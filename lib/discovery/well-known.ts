/**
 * Where the metadata of an issuer may be, in the order to try. Trailing slashes go only here, for
 * building URLs; issuers are compared verbatim.
 *
 * OpenID Connect Discovery 1.0 section 4 appends its path to the issuer; RFC 8414 section 3 inserts its
 * own between host and path.
 */
export function wellKnownUrls(issuer: string): readonly [openid: string, oauth: string] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/+$/, '');
  return [
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ];
}
