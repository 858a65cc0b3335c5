import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IdentityModule } from 'nestjs-identity-model';
import { createApp, get, PLATFORMS, type TestApp } from './support/create-app.js';
import { OrdersController } from './support/orders.controller.js';
import { ProviderDouble } from './support/provider-double.js';
import { createKey, encode, signToken } from './support/signing-key.js';

const BARE = 'Bearer realm="api"';
const INVALID = 'Bearer realm="api", error="invalid_token", error_description="The access token is invalid"';
const EXPIRED = 'Bearer realm="api", error="invalid_token", error_description="The access token is expired"';
const MALFORMED = 'Bearer realm="api", error="invalid_request"';

/** Sends header lines as they are, repeated ones included, which fetch would not. */
async function sendRaw(url: string, path: string, headers: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(
    [`GET ${path} HTTP/1.1`, `Host: ${hostname}`, 'Connection: close', ...headers, '', ''].join('\r\n'),
  );
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}

describe.each(PLATFORMS)('what a caller gets, on %s', (platform) => {
  let provider: ProviderDouble;
  let target: TestApp;

  beforeAll(async () => {
    provider = await ProviderDouble.start();
    target = await createApp(platform, {
      imports: [
        IdentityModule.forRoot({ issuer: provider.issuer, audience: 'orders-api', maxTokenBytes: 4_096 }),
      ],
      controllers: [OrdersController],
    });
  });

  afterAll(async () => {
    await target.app.close();
    await provider.stop();
  });

  const past = Math.floor(Date.now() / 1000) - 3600;
  const stranger = createKey('RS256', 'rsa-1');
  const refused: [name: string, token: () => string, challenge: string][] = [
    ['expired', () => provider.token({ exp: past }), EXPIRED],
    ['for another audience', () => provider.token({ aud: 'other-api' }), INVALID],
    ['of another issuer', () => provider.token({ iss: 'https://evil.example' }), INVALID],
    ['signed by somebody else under a known key id', () => signToken(stranger, provider.claims()), INVALID],
    ['signed by an unknown key', () => provider.token({}, { kid: 'nobody' }), INVALID],
    ['not yet valid', () => provider.token({ nbf: past + 7200 }), INVALID],
    ['tampered', () => tamper(provider.token()), INVALID],
    [
      'alg none',
      () => `${encode('{"alg":"none"}')}.${encode(JSON.stringify(provider.claims()))}.AA`,
      INVALID,
    ],
    ['garbage', () => 'garbage', INVALID],
    ['bound to a key', () => provider.token({ cnf: { jkt: 'x' } }), INVALID],
    ['an ID token', () => provider.token({ at_hash: 'x' }), INVALID],
    ['too large', () => provider.token({ padding: 'x'.repeat(4_000) }), INVALID],
  ];

  it.each(refused)('answers 401 to a token that is %s', async (_name, token, challenge) => {
    const response = await get(`${target.url}/orders`, token());
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe(challenge);
    expect(response.headers.get('retry-after')).toBeNull();
    expect(await response.json()).toEqual({ statusCode: 401, message: 'Unauthorized' });
  });

  it.each([['Basic dXNlcjpwYXNz'], ['Bearerx abc'], ['']])('takes "%s" for no token', async (value) => {
    const response = await fetch(`${target.url}/orders`, { headers: { authorization: value } });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe(BARE);
  });

  it.each([['Bearer'], ['Bearer a b'], ['bearer a, Bearer b']])('answers 400 to "%s"', async (value) => {
    const response = await fetch(`${target.url}/orders`, { headers: { authorization: value } });
    expect(response.status).toBe(400);
    expect(response.headers.get('www-authenticate')).toBe(MALFORMED);
  });

  it('answers 400 to two Authorization headers, however good the first is', async () => {
    const good = `Authorization: Bearer ${provider.token()}`;
    expect(await sendRaw(target.url, '/orders', [good])).toMatch(/^HTTP\/1.1 200/);
    const answer = await sendRaw(target.url, '/orders', [good, 'authorization: Basic eA==']);
    expect(answer).toMatch(/^HTTP\/1.1 400/);
    expect(answer.toLowerCase()).toContain(`www-authenticate: ${MALFORMED.toLowerCase()}`);
  });

  it.each([
    ['POST', '/orders', 'scope="orders:write"'],
    ['GET', '/orders/admin', 'scope="orders:admin orders:read"'],
    ['GET', '/orders/audit', 'scope="orders:read orders:audit"'],
  ])('answers 403 to %s %s without the scope, and names it', async (method, path, scope) => {
    const response = await get(`${target.url}${path}`, provider.token({ scope: 'other' }), { method });
    expect(response.status).toBe(403);
    const challenge = `Bearer realm="api", error="insufficient_scope", ${scope}`;
    expect(response.headers.get('www-authenticate')).toBe(challenge);
    expect(await response.json()).toEqual({ statusCode: 403, message: 'Forbidden' });
  });

  it('answers 403 to a claim that is not met, with no scope to ask for', async () => {
    const response = await get(`${target.url}/orders/tenant`, provider.token({ tenant: 'other' }));
    expect(response.status).toBe(403);
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="api", error="insufficient_scope"');
  });

  it.each<[path: string, claims: Record<string, unknown>, body: unknown]>([
    ['/orders/sub', {}, { sub: 'user-1' }],
    ['/orders/roles', { realm_access: { roles: ['a'] } }, { roles: ['a'] }],
    ['/orders/greeting', {}, { hello: 'user-1' }],
    ['/orders/catalogue', {}, { anonymous: true }],
    ['/orders/admin', { scope: 'orders:admin orders:read' }, { admin: true }],
    ['/orders/audit', { scp: ['x', 'orders:audit'] }, { audit: true }],
    ['/orders/tenant', { tenant: 'globex' }, { tenant: true }],
    ['/orders/tenant', { tenant: ['x', 'acme'] }, { tenant: true }],
  ])('serves %s to %j', async (path, claims, body) => {
    const response = await get(`${target.url}${path}`, provider.token(claims));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(body);
    expect(response.headers.get('www-authenticate')).toBeNull();
  });

  it('does not look at the token of a public route, and refuses a bad one on an optional route', async () => {
    expect((await get(`${target.url}/orders/catalogue`, 'garbage')).status).toBe(200);
    expect(await (await get(`${target.url}/orders/greeting`)).json()).toEqual({ hello: 'stranger' });
    expect((await get(`${target.url}/orders/greeting`, 'garbage')).status).toBe(401);
  });
});

function tamper(token: string): string {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
  return [header, encode(JSON.stringify({ ...claims, sub: 'admin' })), signature].join('.');
}

const FAULTS: [name: string, break_: (provider: ProviderDouble) => unknown][] = [
  ['is stopped', (provider) => provider.stop()],
  ['answers 500', (provider) => provider.respond(provider.metadataPath, 500)],
  ['answers 404', (provider) => provider.respond(provider.metadataPath, 404)],
  ['answers HTML', (provider) => provider.respond(provider.metadataPath, 200, '<html>')],
  ['answers an array', (provider) => provider.respond(provider.metadataPath, 200, '[]')],
  [
    'redirects',
    (provider) => provider.respond(provider.metadataPath, 302, '', { location: 'https://evil.example' }),
  ],
  ['answers too much', (provider) => provider.respond(provider.metadataPath, 200, ' '.repeat(600_000))],
  [
    'names another issuer',
    (provider) =>
      provider.respond(
        provider.metadataPath,
        200,
        '{"issuer":"https://x.example","jwks_uri":"https://x.example/k"}',
      ),
  ],
  [
    'has keys without TLS',
    (provider) =>
      provider.respond(
        provider.metadataPath,
        200,
        JSON.stringify({ issuer: provider.issuer, jwks_uri: 'http://keys.example/k' }),
      ),
  ],
  ['has no key set', (provider) => provider.respond(provider.jwksPath, 404)],
  ['has an empty key set', (provider) => provider.respond(provider.jwksPath, 200, '{"keys":[]}')],
  ['has a key set of HTML', (provider) => provider.respond(provider.jwksPath, 200, '<html>')],
  ['has a key set of null', (provider) => provider.respond(provider.jwksPath, 200, 'null')],
  [
    'has no usable key',
    (provider) => provider.respond(provider.jwksPath, 200, '{"keys":[{"kty":"oct","k":"AAAA"},null,7]}'),
  ],
];

describe.each(PLATFORMS)('a provider that fails before the first request, on %s', (platform) => {
  it.each(FAULTS)('that %s is answered with 503 and Retry-After, never 401', async (_name, break_) => {
    const provider = await ProviderDouble.start();
    const { app, url } = await createApp(platform, {
      imports: [
        IdentityModule.forRoot({
          issuer: provider.issuer,
          audience: 'orders-api',
          warmUp: 'off',
          http: { retries: 0 },
        }),
      ],
      controllers: [OrdersController],
    });
    const token = provider.token();
    await break_(provider);
    for (const path of ['/orders', '/orders/greeting']) {
      const response = await get(`${url}${path}`, token);
      expect(response.status).toBe(503);
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect(response.headers.get('www-authenticate')).toBeNull();
      expect(await response.json()).toEqual({ statusCode: 503, message: 'Service Unavailable' });
    }
    expect((await get(`${url}/orders`)).status).toBe(401);
    expect((await get(`${url}/orders/catalogue`)).status).toBe(200);
    await app.close();
    await provider.stop();
  });
});
