import { describe, expect, it } from 'vitest';
import { TestIssuer, type MintOptions } from 'nestjs-identity-model/testing';
import { PLATFORMS, type Platform } from './support/create-app.js';
import { startNotes, type McpServerKind } from './support/mcp-servers.js';
import { nestLine } from './support/nest-line.js';

// The conformance suite of MCP (@modelcontextprotocol/conformance 0.2.0-alpha.12) has auth scenarios for clients and authorization
// servers only. These are the ones for servers that its project has drafted, by number of the pull request or issue, with the ids of
// their checks.

const issuer = TestIssuer.inMemory({ audience: 'not-used' });
const SERVERS = (['MCP-Nest', 'the plain SDK'] as const).flatMap((kind) =>
  PLATFORMS.map((platform) => [kind, platform] as const),
);

interface Server {
  readonly url: string;
  /** POST of a message as a client of the given revision sends it. */
  readonly send: (message: Message, authorization?: string) => Promise<Response>;
  /** For this server, but for what the options say. */
  readonly token: (options?: MintOptions) => string;
}

interface Message {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly protocolVersion: string;
}

const CLIENT = { name: 'conformance', version: '1.0.0' };
/** What needs no session: the first message of clients of each of the two lifecycles. */
const FIRST: readonly Message[] = [
  {
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: CLIENT },
    protocolVersion: '2025-11-25',
  },
  {
    method: 'server/discover',
    params: {
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientInfo': CLIENT,
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    },
    protocolVersion: '2026-07-28',
  },
];
const callOf = (name: string): Message => ({
  method: 'tools/call',
  params: { name, arguments: {} },
  protocolVersion: '2025-11-25',
});

async function start(kind: McpServerKind, platform: Platform): Promise<Server> {
  const { mcpUrl: url } = await startNotes(kind, platform, () => ({
    ...issuer.moduleOptions({ audience: undefined }),
    issuer: issuer.issuer,
  }));
  return {
    url,
    send: ({ method, params, protocolVersion }, authorization) =>
      fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          'mcp-protocol-version': protocolVersion,
          ...(protocolVersion >= '2026' && { 'mcp-method': method }),
          ...(authorization !== undefined && { authorization }),
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      }),
    token: (options = {}) => issuer.token({ audience: url, ...options }),
  };
}

/** The parameters of a challenge for Bearer tokens. */
function challengeOf(response: Response): Readonly<Record<string, string>> {
  const header = response.headers.get('www-authenticate') ?? '';
  expect(header).toMatch(/^Bearer /);
  return Object.fromEntries(
    [...header.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
  );
}

async function documentOf(response: Response): Promise<Readonly<Record<string, unknown>>> {
  const metadata = await fetch(challengeOf(response)['resource_metadata'] ?? '');
  expect(metadata.status).toBe(200);
  expect(metadata.headers.get('content-type')).toBe('application/json');
  return (await metadata.json()) as Readonly<Record<string, unknown>>;
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe.each(SERVERS)('a server of MCP, %s on %s', (kind, platform) => {
  it.each(FIRST)(
    'answers $method without a token (#64 auth-401-*, auth-www-auth-*; #155 auth-www-authenticate-*)',
    async (first) => {
      const { url, send } = await start(kind, platform);
      const response = await send(first);
      expect(response.status).toBe(401);
      expect(response.headers.get('content-type')).toMatch(/^application\/json/);
      expect(await response.json()).toMatchObject({ statusCode: 401 });
      const challenge = challengeOf(response);
      expect(challenge['resource_metadata']).toBe(
        url.replace(/\/mcp$/, '/.well-known/oauth-protected-resource/mcp'),
      );
      expect(challenge['scope']).toBe('notes:read');
      // RFC 6750 section 3.1: nothing was wrong with a token that was not there.
      expect(challenge).not.toHaveProperty('error');
    },
  );

  it('describes itself (#64 auth-prm-*; #155 auth-prm-resource; SEP-2207: no offline_access)', async () => {
    const { url, send } = await start(kind, platform);
    const [first] = FIRST as [Message];
    const refused = await send(first);
    expect(await documentOf(refused)).toEqual({
      resource: url,
      authorization_servers: [issuer.issuer],
      scopes_supported: ['notes:read'],
      bearer_methods_supported: ['header'],
    });
    expect(challengeOf(refused)['scope']).not.toContain('offline_access');
  });

  it.each(FIRST)(
    'accepts a token for itself in $method, and no other (#386 auth-token-audience-validation; #116)',
    async (first) => {
      const { url, send, token } = await start(kind, platform);
      const statusOf = async (authorization: string): Promise<number> => {
        const response = await send(first, authorization);
        if (response.status === 401) challengeOf(response);
        await response.body?.cancel();
        return response.status;
      };
      const good = token();
      expect(await statusOf(`Bearer ${good}`)).toBe(200);
      const [header = '', claims = '', signature = ''] = good.split('.');
      const refused: Readonly<Record<string, string>> = {
        'auth-wrong-audience-token-rejected': `Bearer ${token({ audience: 'https://another.example.com/mcp' })}`,
        'the REST API of the application': `Bearer ${token({ audience: new URL(url).origin })}`,
        'auth-missing-audience-token-rejected': `Bearer ${token({ claims: { aud: undefined } })}`,
        'auth-expired-token-rejected': `Bearer ${token({ wrong: 'expired' })}`,
        'auth-untrusted-token-rejected': `Bearer ${token({ wrong: 'wrong key' })}`,
        'auth-invalid-token-rejected': 'Bearer foo',
        'a JWT without signature': `Bearer ${header}.${claims}`,
        'a JWT with an empty signature': `Bearer ${header}.${claims}.`,
        'alg none': `Bearer ${part({ alg: 'none', typ: 'at+jwt' })}.${claims}.`,
        'alg none, signed': `Bearer ${part({ alg: 'none', typ: 'at+jwt' })}.${claims}.${signature}`,
        'a scheme and no token': 'foo',
        'another scheme': `Basic ${btoa('a:b')}`,
        'the token alone': good,
      };
      for (const [what, authorization] of Object.entries(refused)) {
        expect(await statusOf(authorization), what).toBe(401);
      }
    },
  );

  it('names all scopes of the operation in one challenge (#106 step-up-*; #481 sep-2350-server-single-challenge)', async () => {
    const { url, send, token } = await start(kind, platform);
    const metadata = url.replace(/\/mcp$/, '/.well-known/oauth-protected-resource/mcp');
    for (const [tool, scope] of [
      ['add_note', 'notes:write'],
      ['move_note', 'notes:read notes:write'],
    ] as const) {
      const low = await send(callOf(tool), `Bearer ${token({ scope: 'notes:read' })}`);
      expect(low.status).toBe(403);
      expect(challengeOf(low)).toMatchObject({
        error: 'insufficient_scope',
        scope,
        resource_metadata: metadata,
      });
    }
    const full = await send(callOf('move_note'), `Bearer ${token({ scope: 'notes:read notes:write' })}`);
    expect(full.status).toBe(200);
    // Tools of MCP-Nest fail on NestJS 11.0, after the scopes.
    const ran = nestLine.processingHooks || kind !== 'MCP-Nest';
    expect(await full.text()).toContain(ran ? 'moved' : 'not a function');
  });
});
