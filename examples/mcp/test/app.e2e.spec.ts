import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { TestIssuer, withIssuer } from 'nestjs-identity-model/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AppModule } from '../src/app.module.js';
import { serveTools } from '../src/start-app.js';

const issuer = TestIssuer.inMemory();
const METADATA = 'https://api.example.com/.well-known/oauth-protected-resource/mcp';
let app: INestApplication;

beforeAll(async () => {
  process.env['OIDC_ISSUER'] = 'https://id.example.com';
  process.env['PUBLIC_URL'] = 'https://api.example.com';
  const builder = Test.createTestingModule({ imports: [AppModule] });
  app = (await withIssuer(builder, issuer).compile()).createNestApplication();
  await serveTools(app);
  await app.listen(0, '127.0.0.1');
});
afterAll(() => app.close());

/** The client of the official SDK, with a token that it has got already. */
async function connect(scope: string): Promise<Client> {
  const client = new Client({ name: 'test', version: '1.0.0' });
  const headers = { authorization: issuer.bearer({ sub: 'ada', scope }) };
  const url = new URL(`${await app.getUrl()}/mcp`);
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
  return client;
}

it('tells clients without a token where to get one', async () => {
  const response = await fetch(`${await app.getUrl()}/mcp`, { method: 'POST' });
  expect(response.status).toBe(401);
  expect(response.headers.get('www-authenticate')).toContain(`resource_metadata="${METADATA}"`);
  const metadata = await fetch(`${await app.getUrl()}/.well-known/oauth-protected-resource/mcp`);
  expect(await metadata.json()).toMatchObject({
    resource: 'https://api.example.com/mcp',
    authorization_servers: ['https://id.example.com'],
    scopes_supported: ['notes:read', 'notes:write'],
  });
});

it('serves tools to the client of the SDK', async () => {
  const client = await connect('notes:write');
  await client.callTool({ name: 'add_note', arguments: { text: 'milk' } });
  const { content } = await client.callTool({ name: 'list_notes', arguments: {} });
  expect(JSON.stringify(content)).toContain('milk');
  await client.close();
});

it('denies a tool whose scope is missing', async () => {
  const client = await connect('notes:read');
  const denied = client.callTool({ name: 'add_note', arguments: { text: 'milk' } });
  await expect(denied).rejects.toThrow('Insufficient scope: required "notes:write"');
  await client.close();
});
