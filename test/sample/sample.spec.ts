import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { INestApplication } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createApp } from '../../sample/create-app.js';
import { curlLine } from '../../sample/curl-line.js';
import { CLIENTS } from '../../sample/provider/demo.js';
import { startProvider, type RunningProvider } from '../../sample/provider/start-provider.js';
import type { SigningAlgorithm } from '../../sample/provider/signing-keys.js';
import { get } from '../support/create-app.js';
import { freePort } from '../support/free-port.js';
import { McpVisitor } from '../support/mcp-visitor.js';

type Client = (typeof CLIENTS)[keyof typeof CLIENTS];

async function fetchToken(issuer: string, client: Client): Promise<string> {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${client.id}:${client.secret}`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: client.scopes.join(' ') }),
  });
  const body = (await response.json()) as { access_token: string };
  return body.access_token;
}

const ALGORITHMS: readonly SigningAlgorithm[] = ['RS256', 'PS256', 'ES256', 'EdDSA'];

describe.each(ALGORITHMS)('the sample with real %s tokens', (algorithm) => {
  let provider: RunningProvider;
  let app: INestApplication;
  let url: string;

  beforeAll(async () => {
    provider = await startProvider({ port: 0, algorithm });
    app = await createApp(provider.issuer, { logger: false });
    await app.listen(0, 'localhost');
    url = `http://localhost:${new URL(await app.getUrl()).port}`;
  });

  afterAll(async () => {
    await app.close();
    await provider.close();
  });

  it('answers 200 with what the token says', async () => {
    const response = await get(`${url}/orders`, await fetchToken(provider.issuer, CLIENTS.cli));
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      asked: { client_id: 'orders-cli', scope: 'orders:read orders:write' },
    });
  });

  it('answers 401 without a token', async () => {
    const response = await get(`${url}/orders/me`);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe(
      'Bearer realm="api", scope="orders:read orders:write", ' +
        'resource_metadata="http://localhost:3000/.well-known/oauth-protected-resource"',
    );
  });

  it('answers 403 to a client that was not granted the scope', async () => {
    const token = await fetchToken(provider.issuer, CLIENTS.reporting);
    const response = await get(`${url}/orders`, token, { method: 'POST' });
    expect(response.status).toBe(403);
    expect(response.headers.get('www-authenticate')).toContain('scope="orders:write"');
  });

  it('lets everybody see public routes, and greets those it knows', async () => {
    expect((await get(`${url}/orders/catalogue`)).status).toBe(200);
    expect(await (await get(`${url}/orders/greeting`)).json()).toEqual({ hello: 'stranger' });
    const token = await fetchToken(provider.issuer, CLIENTS.cli);
    expect(await (await get(`${url}/orders/greeting`, token)).json()).toEqual({ hello: 'orders-cli' });
  });

  it('reports its health', async () => {
    expect(await (await get(`${url}/health`)).json()).toMatchObject({
      status: 'ok',
      info: { identity: { issuers: { [provider.issuer]: { serving: true, keys: 4 } } } },
    });
  });

  it('tells Prometheus what it measured', async () => {
    const text = await (await get(`${url}/metrics`)).text();
    expect(text).toContain(`identity_key_set_keys{issuer="${provider.issuer}"} 4`);
  });

  it('prints a curl line that works', async () => {
    const { stdout } = await promisify(execFile)('bash', ['-c', curlLine(provider.issuer, url)]);
    expect(stdout).toMatch(/^HTTP\/1\.1 200 OK/);
  });

  it('offers the provider to the Authorize button of Swagger UI', async () => {
    const document = (await (await get(`${url}/docs-json`)).json()) as {
      components: { securitySchemes: { oauth2: { flows: { clientCredentials: { tokenUrl: string } } } } };
    };
    expect(document.components.securitySchemes.oauth2.flows.clientCredentials.tokenUrl).toBe(
      `${provider.issuer}/token`,
    );
  });
});

it('serves an MCP client that knows its address only', async () => {
  const port = await freePort();
  const url = `http://localhost:${String(port)}`;
  const provider = await startProvider({ port: 0, resource: url });
  const app = await createApp(provider.issuer, { logger: false, publicUrl: url });
  onTestFinished(async () => {
    await app.close();
    await provider.close();
  });
  await app.listen(port, 'localhost');

  const visitor = new McpVisitor(`${url}/mcp`);
  await visitor.connect();
  expect(await visitor.tools()).toEqual(['list_orders', 'create_order']);
  expect(await visitor.call('create_order', { item: 'tamper' })).toMatchObject({
    content: [{ type: 'text', text: '{"id":3,"item":"tamper"}' }],
  });
  await visitor.close();
  expect(visitor.exchange).toContain('POST /reg → 201');
  expect((await get(`${url}/orders`, visitor.accessToken)).status).toBe(401);
  const ofOrders = await fetchToken(provider.issuer, CLIENTS.cli);
  expect((await get(`${url}/orders`, ofOrders)).status).toBe(200);
  expect((await get(`${url}/mcp`, ofOrders)).status).toBe(401);
});
