import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider, { errors, type Configuration } from 'oidc-provider';
import { onTestFinished } from 'vitest';
import { logInAtOnce } from '../../sample/provider/log-in.js';
import { createSigningKeys } from '../../sample/provider/signing-keys.js';
import { fetchFromTests } from './client-document.js';

const CLIENT_ID = 'demo-client';
const REDIRECT_URI = 'http://localhost/callback';

/** An API that the server issues access tokens for (RFC 8707). */
export interface ProtectedApi {
  readonly audience: string;
  readonly scope: string;
}

export interface AuthorizationServerOptions {
  /** By resource indicator. */
  readonly apis: Readonly<Record<string, ProtectedApi>>;
  /** Whether clients that nobody has registered are let in: by RFC 7591, and by a document at the URL that is their id. */
  readonly openRegistration?: boolean;
  /** Authentication contexts that a login can satisfy. */
  readonly acrValues?: readonly string[];
  readonly features?: Configuration['features'];
}

/** What a client asks the authorization endpoint for, besides what every client says. */
export type AuthorizationRequest = Readonly<Record<string, string>> & { readonly resource: string };

/**
 * oidc-provider with the authorization code flow, in which every user logs in and consents at once, in the first authentication
 * context that the client asks for.
 */
export class AuthorizationServer {
  /** That of the user. */
  private readonly browser = new UserAgent();

  private constructor(readonly issuer: string) {}

  static async start(options: AuthorizationServerOptions): Promise<AuthorizationServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
    onTestFinished(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    const issuer = `http://localhost:${String((server.address() as AddressInfo).port)}`;
    const provider = new Provider(issuer, configure(options));
    const handle = provider.callback();
    server.on('request', (request, response) => {
      if (request.url?.startsWith('/interaction/') === true) void logInAtOnce(provider, request, response);
      else void handle(request, response);
    });
    return new AuthorizationServer(issuer);
  }

  /** The whole flow with PKCE (RFC 7636), as a browser with a user in front of it goes through it. */
  async accessToken(request: AuthorizationRequest): Promise<string> {
    const verifier = randomBytes(32).toString('base64url');
    const query = new URLSearchParams({
      client_id: CLIENT_ID,
      redirect_uri: REDIRECT_URI,
      response_type: 'code',
      scope: 'openid',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...request,
    });
    const answer = await this.browser.authorize(`${this.issuer}/auth?${query.toString()}`, REDIRECT_URI);
    const code = answer.get('code');
    if (code === null) throw new Error(answer.toString());
    const response = await fetch(`${this.issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: CLIENT_ID,
        redirect_uri: REDIRECT_URI,
        resource: request.resource,
        code,
        code_verifier: verifier,
      }),
    });
    const { access_token } = (await response.json()) as { access_token?: string };
    if (access_token === undefined) throw new Error(`no access token: ${String(response.status)}`);
    return access_token;
  }
}

/** A browser with a user in front of it, as far as redirects and cookies go. */
export class UserAgent {
  private readonly cookies = new Map<string, string>();

  /**
   * Follows redirects with the cookies of the user's browser, until one leads back to the client.
   *
   * @returns the answer to the client: a code, or an error.
   */
  async authorize(start: string, redirectUri: string): Promise<URLSearchParams> {
    let url = start;
    for (let hop = 0; hop < 10; hop++) {
      const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const response = await fetch(url, { redirect: 'manual', headers: { cookie } });
      for (const line of response.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        if (name !== undefined && value !== undefined) this.cookies.set(name, value);
      }
      const location = response.headers.get('location');
      if (location === null) throw new Error(`${String(response.status)} ${await response.text()}`);
      url = new URL(location, url).href;
      if (url.startsWith(redirectUri)) return new URL(url).searchParams;
    }
    throw new Error('too many redirects');
  }
}

function configure({
  apis,
  openRegistration = false,
  acrValues = [],
  features,
}: AuthorizationServerOptions): Configuration {
  return {
    clients: [
      {
        client_id: CLIENT_ID,
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code'],
        response_types: ['code'],
        redirect_uris: [REDIRECT_URI],
        application_type: 'native',
      },
    ],
    acrValues: [...acrValues],
    jwks: { keys: createSigningKeys() },
    scopes: ['openid', ...new Set(Object.values(apis).flatMap(({ scope }) => scope.split(' ')))],
    fetch: fetchFromTests,
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: openRegistration },
      clientIdMetadataDocument: { enabled: openRegistration, ack: 'draft-02' },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context, resource) => {
          const api = apis[resource];
          if (api === undefined) throw new errors.InvalidTarget();
          return { ...api, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } };
        },
      },
      ...features,
    },
    // RFC 9470 section 6.1: the access token says how and when the user logged in.
    extraTokenClaims: (context) => {
      const code = context.oidc.entities.AuthorizationCode;
      return { acr: code?.acr, auth_time: code?.authTime };
    },
    cookies: { keys: [randomBytes(32).toString('hex')] },
  };
}
