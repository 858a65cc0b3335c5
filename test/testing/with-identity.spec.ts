import { createServer } from 'node:net';
import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { DiscoveryService, type IdentityModuleOptions } from 'nestjs-identity-model';
import { TestIssuer, withIdentity, type TestIdentitySource } from 'nestjs-identity-model/testing';
import { rejectionOf } from '../support/create-module.js';
import { applicationWith, PRODUCTION, SET_UPS } from './application.js';
import { startApp, type StartedApp } from './start-app.js';

let started: StartedApp | undefined;
afterEach(async () => {
  vi.unstubAllEnvs();
  await started?.app.close();
  started = undefined;
});

async function start(
  identity: TestIdentitySource,
  { setUp, options }: { setUp?: (typeof SET_UPS)[number]; options?: IdentityModuleOptions } = {},
): Promise<StartedApp> {
  const builder = Test.createTestingModule({ imports: [applicationWith(setUp, options)] });
  return (started = await startApp(withIdentity(builder, identity)));
}

describe.each(SET_UPS)('withIdentity, the guard as %s', (setUp) => {
  it('lets decorators, scopes and roles go on deciding', async () => {
    const { get } = await start({ sub: 'ada', scope: 'orders:read' }, { setUp });
    expect(await get('/orders')).toMatchObject({
      status: 200,
      body: { sub: 'ada', scope: 'orders:read', iss: PRODUCTION.issuer, aud: 'orders-api' },
    });
    expect((await get('/orders/new')).status).toBe(403);
    expect((await get('/orders/all')).status).toBe(403);
    expect((await get('/catalogue')).status).toBe(200);
  });

  it('knows nobody where there is nobody', async () => {
    const { get } = await start(null, { setUp });
    expect((await get('/orders')).status).toBe(401);
    expect((await get('/catalogue')).status).toBe(200);
  });
});

describe('withIdentity', () => {
  it('asks a function at each request', async () => {
    let scope = 'orders:read';
    const { get } = await start(() => ({ scope }));
    expect((await get('/orders/new')).status).toBe(403);
    scope = 'orders:write';
    expect(await get('/orders/new')).toMatchObject({ status: 200, body: { by: 'test-user' } });
  });

  it.each<[string, IdentityModuleOptions]>([
    ['a certificate', { senderConstrained: 'require', dpop: false, mtls: {} }],
    ['a proof or a certificate', { senderConstrained: 'require', publicUrl: 'https://a.example', mtls: {} }],
    ["profile: 'fapi2'", { profile: 'fapi2', dpop: false, mtls: {} }],
  ])('presents bound tokens where %s is needed', async (_what, own) => {
    const { get } = await start({ scope: 'orders:read' }, { options: { ...PRODUCTION, ...own } });
    expect((await get('/orders')).status).toBe(200);
    expect((await get('/orders/new')).status).toBe(403);
  });

  it('presents bound tokens with a proof where no others are accepted, and gives each request another proof', async () => {
    const bound = {
      ...PRODUCTION,
      publicUrl: 'https://api.example.com/v1/',
      senderConstrained: 'require' as const,
      dpop: { algorithms: ['ES384'], nonce: { secrets: ['a secret of thirty-two characters'] } },
    };
    const { get } = await start({ scope: 'orders:read' }, { options: bound });
    for (let times = 0; times < 2; times++) {
      expect(await get('/orders')).toMatchObject({ status: 200, body: { cnf: { jkt: expect.any(String) } } });
    }
    expect((await get('/orders/new')).status).toBe(403);
  });

  it('gives roles where the application looks for them', async () => {
    const { get } = await start({ claims: { roles: ['admin'] } });
    expect((await get('/orders/all')).status).toBe(200);
  });

  it('judges a token that came with the request by itself', async () => {
    const { get } = await start({ sub: 'ada' });
    const foreign = TestIssuer.inMemory({ issuer: String(PRODUCTION.issuer), audience: 'orders-api' });
    expect((await get('/orders', foreign.bearer())).status).toBe(401);
    expect((await get('/orders', 'Bearer not-a-token')).status).toBe(401);
    expect((await get('/orders', 'Bearer a b')).status).toBe(400);
  });

  it('refuses an identity that the application would refuse', async () => {
    const options = {
      ...PRODUCTION,
      validate: ({ claims }: { claims: { sub?: string } }) => claims.sub === 'ada',
    };
    let sub = 'ada';
    const { get } = await start(() => ({ sub }), { options });
    expect((await get('/orders')).status).toBe(200);
    sub = 'eve';
    expect((await get('/orders')).status).toBe(401);
  });

  it.each([
    ['its audience claim', { audienceClaim: 'client_id' }],
    ['one algorithm', { algorithms: ['RS256'] }],
    ['RFC 9068', { profile: 'rfc9068' }],
    ['another type', { tokenTypes: ['JWT'] }],
    ['no type', { tokenTypes: [null] }],
    ['a token cache', { tokenCache: {} }],
    ['a start that waits for keys', { warmUp: 'await' }],
    [
      'several issuers',
      {
        issuer: undefined,
        issuers: [{ issuer: 'https://a.example.com' }, { issuer: 'https://b.example.com' }],
      },
    ],
  ] as [string, IdentityModuleOptions][])('fits options with %s', async (_name, own) => {
    const { get } = await start({ sub: 'ada' }, { options: { ...PRODUCTION, ...own } });
    expect((await get('/orders')).status).toBe(200);
  });

  it('speaks for the issuer that it is told, tenants included', async () => {
    const tenants: IdentityModuleOptions = {
      audience: 'orders-api',
      issuers: (issuer) => ({ issuer }),
      allowedIssuers: ['urn:tenant:1'],
    };
    const { get } = await start({ issuer: 'urn:tenant:1' }, { options: tenants });
    expect(await get('/orders')).toMatchObject({ status: 200, body: { iss: 'urn:tenant:1' } });
  });

  it('opens no connection to the provider, not even when it is asked to', async () => {
    let connections = 0;
    const server = createServer((socket) => {
      connections++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const issuer = `http://127.0.0.1:${String(port)}`;
    const { app, get } = await start({}, { options: { ...PRODUCTION, issuer, http: { timeoutMs: 500 } } });
    expect((await get('/orders')).status).toBe(200);
    expect(await rejectionOf(app.get(DiscoveryService).get())).toBe('metadata_unavailable');
    expect(connections).toBe(0);
    server.close();
  });

  it('refuses to run in production unless told otherwise', async () => {
    vi.stubEnv('NODE_ENV', 'production');
    const builder = Test.createTestingModule({ imports: [applicationWith()] });
    expect(() => withIdentity(builder, { sub: 'eve' })).toThrow(/NODE_ENV is "production"/);
    started = await startApp(withIdentity(builder, { sub: 'ada' }, { allowInProduction: true }));
    expect((await started.get('/orders')).status).toBe(200);
  });
});
