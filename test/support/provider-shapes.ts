/** What a provider publishes and issues, as its public documentation describes it. Nothing is recorded. */
export interface ProviderShape {
  readonly name: string;
  /** Its page below docs/providers, and the heading in it if the page has several. */
  readonly page: string;
  readonly heading?: string;
  readonly metadataUrl: string;
  readonly metadata: { readonly issuer: string; readonly jwks_uri: string };
  /** Members of its keys besides those that make the key; `alg` and `use` stand only where they are listed. */
  readonly jwk: Readonly<Record<string, unknown>>;
  /** Other members of its key set. */
  readonly otherKeys?: readonly object[];
  readonly alg: string;
  /** Header of an access token besides `alg` and `kid`. */
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  /** A scope and roles that the token has. */
  readonly scope?: string;
  readonly roles?: readonly [string, ...string[]];
  /** Tokens that look alike and must not pass: claims in front of the good one's, undefined removes one. */
  readonly refused: readonly {
    readonly what: string;
    readonly claims: Readonly<Record<string, unknown>>;
    readonly header?: Readonly<Record<string, unknown>>;
    readonly code: string;
  }[];
}

const MS = 'https://login.microsoftonline.com';
const TENANT = '8eaef023-2b34-4da1-9baa-8bc8c9d6a490';
const API = '6e74172b-be56-4843-9ff4-e66a39bb12e3';
const CLIENT = '75dbe77f-10a3-4e59-85fd-8c127544f17c';
const COGNITO = 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Ab12Cd34E';
const ZITADEL = 'https://acme-x1y2z3.zitadel.cloud';
const PROJECT = '69234237810729019';
const AUTHENTIK = 'https://auth.example.com/application/o/orders/';

const SIGNING = { use: 'sig', alg: 'RS256' };
const JWT = { typ: 'JWT' };
const WELL_KNOWN = '.well-known/openid-configuration';

const entraUser = { oid: '690222be-ff1a-4d56-abd1-7e4f7d38e474', tid: TENANT, uti: 'fqiBqXLPj0eQa82S-IYFAA' };

export const PROVIDER_SHAPES: readonly ProviderShape[] = [
  {
    name: 'Auth0',
    page: 'auth0',
    metadataUrl: `https://acme.eu.auth0.com/${WELL_KNOWN}`,
    metadata: {
      issuer: 'https://acme.eu.auth0.com/',
      jwks_uri: 'https://acme.eu.auth0.com/.well-known/jwks.json',
    },
    jwk: { ...SIGNING, x5t: 'qHj1', x5c: ['MIIC'] },
    alg: 'RS256',
    header: JWT,
    claims: {
      iss: 'https://acme.eu.auth0.com/',
      sub: 'auth0|123456',
      aud: ['https://orders.example.com', 'https://acme.eu.auth0.com/userinfo'],
      azp: 'my_client_id',
      scope: 'openid profile orders:read',
      permissions: ['orders:read'],
      'https://orders.example.com/roles': ['staff'],
    },
    scope: 'orders:read',
    roles: ['staff'],
    refused: [
      {
        what: 'its ID token',
        claims: { aud: 'my_client_id', nonce: 'n', scope: undefined },
        code: 'audience_mismatch',
      },
      {
        what: 'the issuer without its slash',
        claims: { iss: 'https://acme.eu.auth0.com' },
        code: 'issuer_unknown',
      },
    ],
  },
  {
    name: 'Microsoft Entra ID, v2',
    page: 'entra-id',
    heading: 'Version 2',
    metadataUrl: `${MS}/${TENANT}/v2.0/${WELL_KNOWN}`,
    metadata: { issuer: `${MS}/${TENANT}/v2.0`, jwks_uri: `${MS}/${TENANT}/discovery/v2.0/keys` },
    jwk: { use: 'sig', x5t: 'jS1X', x5c: ['MIID'], issuer: `${MS}/${TENANT}/v2.0` },
    alg: 'RS256',
    header: JWT,
    claims: {
      ...entraUser,
      iss: `${MS}/${TENANT}/v2.0`,
      sub: 'HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ',
      aud: API,
      azp: CLIENT,
      azpacr: '0',
      scp: 'orders.read orders.write',
      roles: ['Orders.Approve'],
      ver: '2.0',
    },
    scope: 'orders.write',
    roles: ['Orders.Approve'],
    refused: [
      {
        what: 'an ID token for a registration that is the API as well',
        claims: { azp: undefined, azpacr: undefined, scp: undefined, nonce: 'n' },
        code: 'claim_missing',
      },
      { what: 'a token for another API', claims: { aud: CLIENT }, code: 'audience_mismatch' },
      {
        what: 'a token of v1',
        claims: { iss: `https://sts.windows.net/${TENANT}/`, ver: '1.0' },
        code: 'issuer_unknown',
      },
    ],
  },
  {
    name: 'Microsoft Entra ID, v1',
    page: 'entra-id',
    heading: 'Version 1',
    metadataUrl: `${MS}/${TENANT}/${WELL_KNOWN}`,
    metadata: { issuer: `https://sts.windows.net/${TENANT}/`, jwks_uri: `${MS}/${TENANT}/discovery/keys` },
    // The keys say the name of v2 here as well.
    jwk: { use: 'sig', x5t: 'jS1X', x5c: ['MIID'], issuer: `${MS}/${TENANT}/v2.0` },
    alg: 'RS256',
    header: { ...JWT, x5t: 'jS1X' },
    claims: {
      ...entraUser,
      iss: `https://sts.windows.net/${TENANT}/`,
      sub: 'l3_roISQU222bULS9yi2k0XpqpOiMz5H3ZACo1GeXA',
      aud: 'api://orders',
      appid: CLIENT,
      appidacr: '0',
      scp: 'user_impersonation',
      roles: ['Orders.Approve'],
      ver: '1.0',
    },
    scope: 'user_impersonation',
    roles: ['Orders.Approve'],
    refused: [
      { what: 'a token of v2', claims: { iss: `${MS}/${TENANT}/v2.0`, aud: API }, code: 'issuer_unknown' },
      {
        what: 'an ID token for a registration that is the API as well',
        claims: { aud: API, appid: undefined, appidacr: undefined, scp: undefined, nonce: 'n' },
        code: 'claim_missing',
      },
      {
        what: 'a token for Microsoft Graph',
        claims: { aud: '00000003-0000-0000-c000-000000000000' },
        code: 'audience_mismatch',
      },
    ],
  },
  {
    name: 'Microsoft Entra ID, many tenants',
    page: 'entra-id',
    heading: 'Many tenants',
    metadataUrl: `${MS}/common/v2.0/${WELL_KNOWN}`,
    metadata: { issuer: `${MS}/{tenantid}/v2.0`, jwks_uri: `${MS}/common/discovery/v2.0/keys` },
    jwk: { use: 'sig', x5t: 'jS1X', x5c: ['MIID'], issuer: `${MS}/{tenantid}/v2.0` },
    alg: 'RS256',
    header: JWT,
    claims: {
      ...entraUser,
      iss: `${MS}/${TENANT}/v2.0`,
      sub: 'HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ',
      aud: API,
      azp: CLIENT,
      scp: 'orders.read',
      roles: ['Orders.Approve'],
      ver: '2.0',
    },
    scope: 'orders.read',
    roles: ['Orders.Approve'],
    refused: [
      {
        what: 'a tenant that is no customer',
        claims: { iss: `${MS}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0` },
        code: 'issuer_unknown',
      },
      { what: 'the placeholder itself', claims: { iss: `${MS}/{tenantid}/v2.0` }, code: 'issuer_unknown' },
      {
        what: 'its ID token',
        claims: { azp: undefined, scp: undefined, nonce: 'n' },
        code: 'claim_missing',
      },
    ],
  },
  {
    name: 'Keycloak',
    page: 'keycloak',
    metadataUrl: `https://id.example.com/realms/shop/${WELL_KNOWN}`,
    metadata: {
      issuer: 'https://id.example.com/realms/shop',
      jwks_uri: 'https://id.example.com/realms/shop/protocol/openid-connect/certs',
    },
    jwk: { ...SIGNING, x5t: 'aB', 'x5t#S256': 'cD', x5c: ['MIIC'] },
    otherKeys: [{ kty: 'RSA', use: 'enc', alg: 'RSA-OAEP', kid: 'enc-1', n: 'sXch', e: 'AQAB' }],
    alg: 'RS256',
    header: JWT,
    claims: {
      iss: 'https://id.example.com/realms/shop',
      sub: '1f8b2a34-1111-4222-8333-944455556666',
      aud: ['orders-api', 'account'],
      typ: 'Bearer',
      azp: 'shop-web',
      acr: '1',
      nonce: 'n',
      realm_access: { roles: ['offline_access', 'staff'] },
      resource_access: { account: { roles: ['view-profile'] } },
      scope: 'openid profile orders:read',
    },
    scope: 'orders:read',
    roles: ['staff'],
    refused: [
      { what: 'its ID token', claims: { typ: 'ID', at_hash: 'x' }, code: 'not_an_access_token' },
      { what: 'a token without an audience mapper', claims: { aud: 'account' }, code: 'audience_mismatch' },
      { what: 'a token without any audience', claims: { aud: undefined }, code: 'claim_missing' },
    ],
  },
  {
    name: 'Amazon Cognito',
    page: 'amazon-cognito',
    metadataUrl: `${COGNITO}/${WELL_KNOWN}`,
    metadata: { issuer: COGNITO, jwks_uri: `${COGNITO}/.well-known/jwks.json` },
    jwk: SIGNING,
    alg: 'RS256',
    header: {},
    claims: {
      iss: COGNITO,
      sub: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
      client_id: '57cbishk4j24pabc1234567890',
      'cognito:groups': ['staff'],
      token_use: 'access',
      scope: 'openid orders/read',
      version: 2,
      username: 'ada',
    },
    scope: 'orders/read',
    roles: ['staff'],
    refused: [
      {
        what: 'its ID token',
        claims: {
          token_use: 'id',
          aud: '57cbishk4j24pabc1234567890',
          client_id: undefined,
          scope: undefined,
        },
        code: 'not_an_access_token',
      },
      { what: 'a token of another app client', claims: { client_id: 'another' }, code: 'audience_mismatch' },
    ],
  },
  {
    name: 'Okta',
    page: 'okta',
    metadataUrl: `https://acme.okta.com/oauth2/default/${WELL_KNOWN}`,
    metadata: {
      issuer: 'https://acme.okta.com/oauth2/default',
      jwks_uri: 'https://acme.okta.com/oauth2/default/v1/keys',
    },
    jwk: SIGNING,
    alg: 'RS256',
    header: {},
    claims: {
      ver: 1,
      iss: 'https://acme.okta.com/oauth2/default',
      aud: 'api://default',
      sub: 'ada@example.com',
      cid: '0oabucvyc38HLL1ef0h7',
      uid: '00uixa271s6x7qt8I0h7',
      scp: ['openid', 'orders:read'],
      groups: ['staff', 'Everyone'],
    },
    scope: 'orders:read',
    roles: ['staff', 'Everyone'],
    refused: [
      {
        what: 'its ID token',
        claims: { aud: '0oabucvyc38HLL1ef0h7', amr: ['pwd'], scp: undefined },
        code: 'audience_mismatch',
      },
      { what: 'a token of the org server', claims: { iss: 'https://acme.okta.com' }, code: 'issuer_unknown' },
    ],
  },
  {
    name: 'Google (ID tokens)',
    page: 'google',
    metadataUrl: `https://accounts.google.com/${WELL_KNOWN}`,
    metadata: {
      issuer: 'https://accounts.google.com',
      jwks_uri: 'https://www.googleapis.com/oauth2/v3/certs',
    },
    jwk: SIGNING,
    alg: 'RS256',
    header: JWT,
    claims: {
      iss: 'https://accounts.google.com',
      azp: '1234567890-abc.apps.googleusercontent.com',
      aud: '1234567890-abc.apps.googleusercontent.com',
      sub: '10769150350006150715113082367',
      hd: 'example.com',
      email: 'ada@example.com',
      email_verified: true,
      at_hash: 'HK6E_P6Dh8Y93mRNtsDB1Q',
    },
    refused: [
      {
        what: 'a token for another application',
        claims: { aud: 'other.apps.googleusercontent.com' },
        code: 'audience_mismatch',
      },
      { what: 'a private account', claims: { hd: undefined }, code: 'check_refused' },
      {
        what: 'the issuer without its scheme',
        claims: { iss: 'accounts.google.com' },
        code: 'issuer_unknown',
      },
    ],
  },
  {
    name: 'Duende IdentityServer',
    page: 'duende-identityserver',
    metadataUrl: `https://id.example.com/${WELL_KNOWN}`,
    metadata: { issuer: 'https://id.example.com', jwks_uri: `https://id.example.com/${WELL_KNOWN}/jwks` },
    jwk: SIGNING,
    alg: 'RS256',
    header: { typ: 'at+jwt' },
    claims: {
      iss: 'https://id.example.com',
      aud: 'orders-api',
      scope: ['openid', 'orders.read'],
      amr: ['pwd'],
      client_id: 'web_viewer',
      sub: '88421113',
      auth_time: 1_700_000_000,
      idp: 'local',
      role: 'staff',
      sid: 'F2C5',
    },
    scope: 'orders.read',
    roles: ['staff'],
    refused: [
      { what: 'its ID token', claims: { scope: undefined }, header: JWT, code: 'token_type_not_accepted' },
      { what: 'a token without an API resource', claims: { aud: undefined }, code: 'claim_missing' },
    ],
  },
  {
    name: 'Zitadel',
    page: 'zitadel',
    metadataUrl: `${ZITADEL}/${WELL_KNOWN}`,
    metadata: { issuer: ZITADEL, jwks_uri: `${ZITADEL}/oauth/v2/keys` },
    jwk: SIGNING,
    alg: 'RS256',
    header: JWT,
    claims: {
      iss: ZITADEL,
      sub: '77776025198584418',
      aud: ['69234237810729234', PROJECT],
      [`urn:zitadel:iam:org:project:${PROJECT}:roles`]: {
        staff: { '173': 'acme.zitadel.cloud' },
        buyer: { '173': 'acme.zitadel.cloud' },
      },
    },
    roles: ['staff', 'buyer'],
    refused: [
      {
        what: 'its ID token',
        claims: { at_hash: 'x', amr: ['pwd'], nonce: 'n' },
        code: 'not_an_access_token',
      },
      {
        what: 'a token of another project',
        claims: { aud: ['69234237810729234'] },
        code: 'audience_mismatch',
      },
    ],
  },
  {
    name: 'Ory Hydra',
    page: 'ory-hydra',
    metadataUrl: `https://id.example.com/${WELL_KNOWN}`,
    metadata: { issuer: 'https://id.example.com/', jwks_uri: 'https://id.example.com/.well-known/jwks.json' },
    jwk: SIGNING,
    alg: 'RS256',
    header: JWT,
    claims: {
      iss: 'https://id.example.com/',
      sub: 'ada',
      aud: ['https://orders.example.com'],
      client_id: 'orders-cli',
      ext: { roles: ['staff'] },
      scp: ['openid', 'orders:read'],
    },
    scope: 'orders:read',
    roles: ['staff'],
    refused: [
      {
        what: 'its ID token',
        claims: { aud: ['orders-cli'], at_hash: 'x', scp: undefined },
        code: 'not_an_access_token',
      },
      { what: 'a token that no audience was asked for', claims: { aud: [] }, code: 'audience_mismatch' },
    ],
  },
  {
    name: 'Authentik',
    page: 'authentik',
    metadataUrl: `${AUTHENTIK}${WELL_KNOWN}`,
    metadata: { issuer: AUTHENTIK, jwks_uri: `${AUTHENTIK}jwks/` },
    jwk: { use: 'sig', alg: 'ES256', x5c: ['MIIC'], x5t: 'aB' },
    alg: 'ES256',
    header: JWT,
    claims: {
      iss: AUTHENTIK,
      sub: 'c8ac4bd1a7d0',
      aud: 'jEB0vXhCPmmkYbnmQkiZJ1Mq',
      auth_time: 1_700_000_000,
      acr: 'goauthentik.io/providers/oauth2/default',
      groups: ['staff'],
      azp: 'jEB0vXhCPmmkYbnmQkiZJ1Mq',
      uid: 'pTcGiC',
    },
    roles: ['staff'],
    refused: [{ what: 'its ID token', claims: { azp: undefined, uid: undefined }, code: 'claim_missing' }],
  },
];
