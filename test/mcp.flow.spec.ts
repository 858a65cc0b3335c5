import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AuthorizationServer } from './support/authorization-server.js';
import { publishClientDocument } from './support/client-document.js';
import { get, PLATFORMS, type Platform } from './support/create-app.js';
import { MCP_SERVERS, startNotes, type McpServerKind } from './support/mcp-servers.js';
import { McpVisitor } from './support/mcp-visitor.js';

const WELL_KNOWN = '/.well-known/oauth-protected-resource/mcp';
const SERVERS = MCP_SERVERS.flatMap((kind) => PLATFORMS.map((platform) => [kind, platform] as const));

async function start(
  kind: McpServerKind,
  platform: Platform,
  scopes: readonly string[],
): Promise<{ server: AuthorizationServer; url: string; mcpUrl: string }> {
  let server: AuthorizationServer | undefined;
  const { url, mcpUrl } = await startNotes(kind, platform, async (base) => {
    server = await AuthorizationServer.start({
      apis: {
        [`${base}/mcp`]: { audience: `${base}/mcp`, scope: 'notes:read notes:write' },
        [base]: { audience: base, scope: 'orders:read' },
      },
      openRegistration: true,
    });
    return { issuer: server.issuer, resources: [{ url: '/' }, { url: '/mcp', scopes }] };
  });
  if (server === undefined) throw new Error('no authorization server');
  return { server, url, mcpUrl };
}

const textOf = (result: { content: { type: string; text?: string }[] }): string | undefined =>
  result.content[0]?.text;

describe.each(SERVERS)('the client of the SDK, at %s on %s', (kind, platform) => {
  it('finds its way from the address of the server to a tool, and to one that needs another scope', async () => {
    const { url, mcpUrl } = await start(kind, platform, ['notes:read']);
    const visitor = new McpVisitor(mcpUrl);
    visitor.clientMetadataUrl = await publishClientDocument(visitor.clientMetadata);
    await visitor.connect();
    expect(textOf(await visitor.call('list_notes'))).toBe('{"notes":["milk"]}');
    expect(textOf(await visitor.call('add_note'))).toBe('{"added":true}');
    await visitor.close();

    const metadata = `resource_metadata="${url}${WELL_KNOWN}"`;
    const exchange = visitor.exchange.map((line) =>
      line.replace(/error_description="[^"]*"/, 'error_description="…"'),
    );
    expect(exchange).toEqual([
      'POST /mcp server/discover → 401',
      `  Bearer realm="api", scope="notes:read", ${metadata}`,
      `GET ${WELL_KNOWN} → 200`,
      'GET /.well-known/oauth-authorization-server → 200',
      `  user at /auth: scope="notes:read" resource="${mcpUrl}" code_challenge_method="S256"`,
      'POST /token → 200',
      'POST /mcp server/discover → 200',
      'POST /mcp tools/call list_notes → 200',
      'POST /mcp tools/call add_note → 403',
      `  Bearer error="insufficient_scope", error_description="…", scope="notes:write", ${metadata}`,
      `  user at /auth: scope="notes:read notes:write" resource="${mcpUrl}" code_challenge_method="S256"`,
      'POST /token → 200',
      'POST /mcp tools/call add_note → 200',
    ]);
  });

  it('registers itself where it has no document, and asks for what the challenge of the server names', async () => {
    const { mcpUrl } = await start(kind, platform, ['notes:read', 'notes:write']);
    const visitor = new McpVisitor(mcpUrl);
    await visitor.connect();
    expect(textOf(await visitor.call('add_note'))).toBe('{"added":true}');
    await visitor.close();
    expect(visitor.exchange).toContain('POST /reg → 201');
  });

  it('gets a token that is worth nothing at the REST API of the same application, nor one from there here', async () => {
    const { server, url, mcpUrl } = await start(kind, platform, ['notes:read']);
    const visitor = new McpVisitor(mcpUrl);
    await visitor.connect();
    await visitor.close();
    expect((await get(mcpUrl, visitor.accessToken)).status).toBe(405);
    expect((await get(`${url}/orders`, visitor.accessToken)).status).toBe(401);

    const ofOrders = await server.accessToken({ resource: url, scope: 'orders:read' });
    expect((await get(`${url}/orders`, ofOrders)).status).toBe(200);
    const refused = await get(mcpUrl, ofOrders);
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toBe(
      `Bearer realm="api", error="invalid_token", error_description="The access token is invalid", resource_metadata="${url}${WELL_KNOWN}"`,
    );
  });
});

it.each(PLATFORMS)('The exchange is what docs/guides/mcp.md shows, on %s', async (platform) => {
  const { url, mcpUrl } = await start('MCP-Nest', platform, ['notes:read']);
  const visitor = new McpVisitor(mcpUrl);
  visitor.clientMetadataUrl = await publishClientDocument(visitor.clientMetadata);
  await visitor.connect();
  await visitor.call('list_notes');
  await visitor.call('add_note');
  await visitor.close();
  const exchange = visitor.exchange.join('\n').replaceAll(url, 'https://api.example.com');
  expect(readFileSync('docs/guides/mcp.md', 'utf8')).toContain(`\`\`\`text\n${exchange}\n\`\`\``);
});
