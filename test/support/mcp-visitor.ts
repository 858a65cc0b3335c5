import {
  Client,
  StreamableHTTPClientTransport,
  UnauthorizedError,
  type CallToolResult,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
} from '@modelcontextprotocol/client';
import { UserAgent } from './authorization-server.js';

const REDIRECT_URI = 'http://localhost:7777/callback';

/** What somebody has who knows nothing but the address of an MCP server: the SDK's client, and a browser with a user. */
export class McpVisitor implements OAuthClientProvider {
  /** Each request of the client, in order: method, path, status; and in a line of its own the challenge, or where the user is sent. */
  readonly exchange: string[] = [];
  private client = new Client({ name: 'visitor', version: '1.0.0' });
  private transport: StreamableHTTPClientTransport;
  private registered: StoredOAuthClientInformation | undefined;
  private held: StoredOAuthTokens | undefined;
  private verifier = '';
  private authorizationUrl: URL | undefined;
  private discovered: OAuthDiscoveryState | undefined;

  private readonly browser = new UserAgent();

  constructor(private readonly mcpUrl: string) {
    this.transport = this.newTransport();
  }

  /** Connects; whatever the server asks for on the way, the user grants. */
  async connect(): Promise<void> {
    await this.grantingWhatIsAsked(async () => {
      // Neither is used again once it has failed.
      this.client = new Client(
        { name: 'visitor', version: '1.0.0' },
        { versionNegotiation: { mode: 'auto' } },
      );
      this.transport = this.newTransport();
      await this.client.connect(this.transport);
    });
  }

  async tools(): Promise<string[]> {
    const { tools } = await this.client.listTools();
    return tools.map(({ name }) => name);
  }

  /** Calls a tool; whatever the server asks for on the way, the user grants. */
  async call(name: string, args: Record<string, unknown> = {}): Promise<CallToolResult> {
    return this.grantingWhatIsAsked(async () => this.client.callTool({ name, arguments: args }));
  }

  get accessToken(): string {
    return this.held?.access_token ?? '';
  }

  async close(): Promise<void> {
    await this.client.close();
  }

  private async grantingWhatIsAsked<T>(attempt: () => Promise<T>): Promise<T> {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof UnauthorizedError) || this.authorizationUrl === undefined) throw error;
      const { searchParams, pathname } = this.authorizationUrl;
      const asked = ['scope', 'resource', 'code_challenge_method'].map(
        (name) => `${name}="${searchParams.get(name) ?? ''}"`,
      );
      this.exchange.push(`  user at ${pathname}: ${asked.join(' ')}`);
      const answer = await this.browser.authorize(this.authorizationUrl.href, REDIRECT_URI);
      await this.transport.finishAuth(answer);
      return attempt();
    }
  }

  private newTransport(): StreamableHTTPClientTransport {
    return new StreamableHTTPClientTransport(new URL(this.mcpUrl), {
      authProvider: this,
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        const challenge = response.headers.get('www-authenticate');
        const { pathname } = new URL(url);
        const request = [init?.method ?? 'GET', pathname, ...methodIn(init?.body)].join(' ');
        this.exchange.push(`${request} → ${String(response.status)}`);
        if (challenge !== null) this.exchange.push(`  ${challenge}`);
        return response;
      },
    });
  }

  // What the SDK asks of an application.
  readonly redirectUrl = REDIRECT_URI;
  clientMetadataUrl?: string;
  readonly clientMetadata = {
    client_name: 'visitor',
    redirect_uris: [REDIRECT_URI],
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    application_type: 'native',
  };
  clientInformation(): StoredOAuthClientInformation | undefined {
    return this.registered;
  }
  saveClientInformation(information: StoredOAuthClientInformation): void {
    this.registered = information;
  }
  tokens(): StoredOAuthTokens | undefined {
    return this.held;
  }
  saveTokens(tokens: StoredOAuthTokens): void {
    this.held = tokens;
  }
  redirectToAuthorization(url: URL): void {
    this.authorizationUrl = url;
  }
  saveCodeVerifier(verifier: string): void {
    this.verifier = verifier;
  }
  codeVerifier(): string {
    return this.verifier;
  }
  saveDiscoveryState(state: OAuthDiscoveryState): void {
    this.discovered = state;
  }
  discoveryState(): OAuthDiscoveryState | undefined {
    return this.discovered;
  }
}

/** The JSON-RPC method of a body, with the name of the tool. */
function methodIn(body: unknown): readonly string[] {
  if (typeof body !== 'string' || !body.startsWith('{')) return [];
  const { method, params } = JSON.parse(body) as { method?: string; params?: { name?: string } };
  return [method, params?.name].filter((each) => each !== undefined);
}
