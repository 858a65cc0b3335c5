import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { getCurrentTest } from 'vitest/suite';
import { noteAnswer } from './quiet-network.js';
import { createProviderKey, signToken, type SigningKey } from './signing-key.js';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const METADATA = '/.well-known/openid-configuration';
const JWKS = '/jwks';

/**
 * A provider on loopback whose every answer a test decides, and which counts what it is asked. It ends with the test that
 * started it.
 */
export class ProviderDouble {
  /** Paths in the order they were asked for. */
  readonly requests: string[] = [];
  keys: SigningKey[];
  /** Answers by path, in front of the usual ones. */
  readonly answers = new Map<string, Answer>();
  private port = 0;

  private constructor(
    private readonly server: Server,
    keys: SigningKey[],
  ) {
    this.keys = keys;
  }

  static async start(options: { keys?: SigningKey[]; path?: string } = {}): Promise<ProviderDouble> {
    const server = createServer();
    const provider = new ProviderDouble(server, options.keys ?? [createProviderKey()]);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      provider.answer(request, response);
    });
    await provider.listen();
    // One that is started for all tests of a file is stopped by the file.
    if (getCurrentTest() !== undefined) onTestFinished(() => provider.stop());
    return provider;
  }

  get issuer(): string {
    return `http://127.0.0.1:${String(this.port)}`;
  }

  get key(): SigningKey {
    const [first] = this.keys;
    if (first === undefined) throw new Error('the provider has no key');
    return first;
  }

  get metadataPath(): string {
    return METADATA;
  }

  get jwksPath(): string {
    return JWKS;
  }

  count(path: string): number {
    return this.requests.filter((asked) => asked === path).length;
  }

  metadata(): Record<string, unknown> {
    return { issuer: this.issuer, jwks_uri: `${this.issuer}${JWKS}` };
  }

  /** A good access token for `orders-api`; claims of the caller stand in front, undefined removes one. */
  token(
    claims: Readonly<Record<string, unknown>> = {},
    header: Readonly<Record<string, unknown>> = {},
  ): string {
    return signToken(this.key, this.claims(claims), header);
  }

  claims(claims: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
    const nowSec = Math.floor(Date.now() / 1000);
    return {
      iss: this.issuer,
      aud: 'orders-api',
      sub: 'user-1',
      client_id: 'orders-cli',
      iat: nowSec,
      exp: nowSec + 300,
      jti: 'token-1',
      ...claims,
    };
  }

  /** Lets a path answer with a status, headers and a body. */
  respond(path: string, status: number, body = '', headers: Readonly<Record<string, string>> = {}): void {
    this.answers.set(path, (_request, response) => response.writeHead(status, headers).end(body));
  }

  /** Ends the server and all its connections: the port refuses from now on. */
  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  /** Comes back on the same port. */
  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(this.port, '127.0.0.1', resolve));
    this.port = (this.server.address() as AddressInfo).port;
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '';
    this.requests.push(path);
    const own = this.answers.get(path);
    if (own !== undefined) own(request, response);
    else if (path === METADATA) sendJson(response, this.metadata());
    else if (path === JWKS) sendJson(response, { keys: this.keys.map((key) => key.jwk) });
    else response.writeHead(404).end();
    noteAnswer(response);
  }
}

function sendJson(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
