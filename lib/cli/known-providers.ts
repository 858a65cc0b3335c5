import { parseUrl } from '../model/url-policy.js';

interface KnownProvider {
  readonly name: string;
  /** By its issuer. */
  readonly is: (issuer: URL) => boolean;
  /** How it comes to put an API into "aud". */
  readonly audience: string;
}

const endsWith =
  (...ends: readonly string[]) =>
  ({ hostname }: URL): boolean =>
    ends.some((end) => hostname === end || hostname.endsWith(`.${end}`));

const isEntraHost = endsWith(
  'login.microsoftonline.com',
  'login.microsoftonline.us',
  'login.partner.microsoftonline.cn',
  'sts.windows.net',
  'ciamlogin.com',
);

/** Providers that issue a token for an API in a way of their own: none of them says so in its metadata. */
const KNOWN: readonly KnownProvider[] = [
  {
    name: 'Entra ID',
    is: isEntraHost,
    audience:
      'register an application for the API whose application ID URI is exactly this URL; "aud" of v2 tokens is its client id, ' +
      'which "audience" of the resource has to name',
  },
  {
    name: 'Auth0',
    is: endsWith('auth0.com'),
    audience:
      'create an API whose identifier is exactly this URL; clients that send "resource" instead of "audience" need the ' +
      'resource parameter compatibility profile of the tenant',
  },
  {
    name: 'Amazon Cognito',
    is: ({ hostname }) => /^cognito-idp\..+\.amazonaws\.com(\.cn)?$/.test(hostname),
    audience:
      'access tokens have no "aud" unless the client asks for a resource server by "resource": make this URL the identifier of ' +
      'one, or set audienceClaim: \'client_id\' and name the clients in "audience"',
  },
  {
    name: 'Okta',
    is: endsWith('okta.com', 'oktapreview.com', 'okta-emea.com'),
    audience:
      '"aud" is that of the custom authorization server, whatever the client asks for: set it to exactly this URL, one server ' +
      'for each resource',
  },
  {
    name: 'Zitadel',
    is: endsWith('zitadel.cloud'),
    audience:
      '"aud" has project ids: say that of the API in "audience" of the resource, and let clients ask for the scope ' +
      'urn:zitadel:iam:org:project:id:PROJECT:aud',
  },
  {
    name: 'Google',
    is: endsWith('accounts.google.com'),
    audience:
      'its access tokens are opaque and for its own APIs: put your own authorization server in between',
  },
  {
    name: 'Keycloak',
    is: ({ pathname }) => /\/realms\/[^/]+\/?$/.test(pathname),
    audience:
      'it does not heed "resource": add an audience mapper with exactly this URL as custom audience to a client scope, and make ' +
      'that scope a default of the clients',
  },
];

/** undefined for one that is not known: it may heed "resource" (RFC 8707). */
export function knownProvider(issuer: string): KnownProvider | undefined {
  const url = parseUrl(issuer);
  return url === undefined ? undefined : KNOWN.find(({ is }) => is(url));
}

export function isEntra(issuer: string): boolean {
  const url = parseUrl(issuer);
  return url !== undefined && isEntraHost(url);
}
