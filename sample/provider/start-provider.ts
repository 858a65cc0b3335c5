import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import Provider, { errors, type Configuration } from 'oidc-provider';
import { AUDIENCE, CLIENTS, OPERATOR_SCOPE, RESOURCE, SCOPES } from './demo.js';
import { logInAtOnce } from './log-in.js';
import { createSigningKeys, type SigningAlgorithm } from './signing-keys.js';

export interface ProviderOptions {
  /** 0 for any free port. */
  readonly port: number;
  /** The URL of the API, which clients may ask tokens for, besides its name; and for its MCP server, below it. */
  readonly resource?: string;
  /** How access tokens are signed. @default 'RS256' */
  readonly algorithm?: SigningAlgorithm;
}

export interface RunningProvider {
  readonly issuer: string;
  close(): Promise<void>;
}

/** A real authorization server in this process: discovery, key set, client credentials, RFC 9068 tokens. */
export async function startProvider(options: ProviderOptions): Promise<RunningProvider> {
  const server = createServer();
  const port = await listen(server, options.port);
  const issuer = `http://localhost:${String(port)}`;
  const provider = new Provider(issuer, configure(options));
  const handle = provider.callback();
  server.on('request', (request, response) => {
    if (request.url?.startsWith('/interaction/') === true) void logInAtOnce(provider, request, response);
    else void handle(request, response);
  });
  return { issuer, close: () => close(server) };
}

function configure({ algorithm = 'RS256', resource: url }: ProviderOptions): Configuration {
  const mcpUrl = url === undefined ? undefined : `${url}/mcp`;
  return {
    clients: Object.values(CLIENTS).map(({ id, secret, scopes }) => ({
      client_id: id,
      client_secret: secret,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      scope: scopes.join(' '),
    })),
    jwks: { keys: createSigningKeys() },
    scopes: [...SCOPES, OPERATOR_SCOPE],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      // MCP clients come without an account: whoever is on this machine may register one, for the MCP server alone.
      registration: { enabled: mcpUrl !== undefined },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => RESOURCE,
        getResourceServerInfo: (_context, resource, { clientId }) => {
          const token = { accessTokenFormat: 'jwt', jwt: { sign: { alg: algorithm } } } as const;
          const isKnown = Object.values(CLIENTS).some(({ id }) => id === clientId);
          if (isKnown && (resource === RESOURCE || resource === url)) {
            return { ...token, audience: AUDIENCE, scope: [...SCOPES, OPERATOR_SCOPE].join(' ') };
          }
          if (resource === mcpUrl) return { ...token, audience: mcpUrl, scope: SCOPES.join(' ') };
          throw new errors.InvalidTarget();
        },
      },
    },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    ttl: { ClientCredentials: 600, AccessToken: 600 },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    // Swagger UI asks for tokens from the API's origin, which is on loopback like this provider.
    clientBasedCORS: (_context, origin) => new URL(origin).hostname === 'localhost',
  };
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, 'localhost', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the provider has no port');
  return address.port;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
}
