import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { Agent } from 'undici';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { JwksService, type HttpOptions } from 'nestjs-identity-model';
import { createModule, rejectionOf } from './support/create-module.js';
import { ProviderDouble } from './support/provider-double.js';
import { certificateFile, KEY, keysOf, Opened, pem, startProxy, startTls } from './support/tls-provider.js';

const CA = pem('ca');
const opened = new Opened();
afterEach(async () => {
  vi.unstubAllEnvs();
  await opened.close();
});

/** Variables of proxies that this machine may have stand back. */
function stubProxies(variables: Readonly<Record<string, string>>): void {
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']) {
    vi.stubEnv(name, '');
    vi.stubEnv(name.toLowerCase(), '');
  }
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
}

describe('TLS', () => {
  it.each<[string, string, RegExp]>([
    [
      'by an authority that is not known',
      'good',
      /unable to (get local issuer|verify the first) certificate/,
    ],
    ['by itself', 'self-signed', /self-signed certificate/],
  ])('refuses a certificate signed %s', async (_name, certificate, reason) => {
    const { issuer, requests } = await startTls(opened, certificate);
    expect(await keysOf(issuer)).toMatch(reason);
    expect(requests).toEqual([]);
  });

  it.each<[string, RegExp]>([
    ['expired', /certificate has expired/],
    ['wrong-host', /does not match certificate's altnames/],
  ])('refuses the certificate "%s" of an authority that is known', async (certificate, reason) => {
    const { issuer, requests } = await startTls(opened, certificate);
    expect(await keysOf(issuer, { tls: { ca: CA } })).toMatch(reason);
    expect(requests).toEqual([]);
  });

  it('accepts an authority of the configuration, as text, bytes or a list', async () => {
    const { issuer } = await startTls(opened, 'good');
    for (const ca of [CA, Buffer.from(CA), [CA, pem('self-signed')]]) {
      expect(await keysOf(issuer, { tls: { ca } })).toBe('ok');
    }
  });

  it('shows a client certificate where there is one', async () => {
    const { issuer, requests } = await startTls(opened, 'good', {
      requestCert: true,
      rejectUnauthorized: true,
      ca: CA,
    });
    expect(await keysOf(issuer, { tls: { ca: CA } })).not.toBe('ok');
    const tls = { ca: CA, cert: pem('client'), key: pem('client-key') };
    expect(await keysOf(issuer, { tls })).toBe('ok');
    const socket = requests[0]?.socket as TLSSocket | undefined;
    expect(socket?.getPeerCertificate().subject.CN).toBe('client');
  });

  it.each<[string, 'TLSv1.2' | 'TLSv1.3', object, RegExp]>([
    [
      'is missing',
      'TLSv1.3',
      {},
      /TLS alert: certificate required; the server requires a client certificate: http\.tls\.cert/,
    ],
    [
      'is missing',
      'TLSv1.2',
      {},
      /TLS alert: handshake failure; the server requires a client certificate: http\.tls\.cert/,
    ],
    [
      'is not accepted',
      'TLSv1.3',
      { cert: pem('self-signed'), key: pem('self-signed-key') },
      /client certificate/,
    ],
  ])('names the alert if a client certificate %s, %s', async (_name, maxVersion, own, reason) => {
    const demanding = { requestCert: true, rejectUnauthorized: true, ca: CA, maxVersion };
    const { issuer, requests } = await startTls(opened, 'good', demanding);
    const message = await keysOf(issuer, { tls: { ca: CA, ...own } });
    expect(message).toMatch(reason);
    expect(message.match(/alert|other side closed/g) ?? ['none']).toHaveLength(1);
    expect(requests).toEqual([]);
  });

  it.each<[string, object, string]>([
    ['expired', { ca: CA }, 'renew the certificate of the provider'],
    ['wrong-host', { ca: CA }, 'use the host name that the certificate is for'],
    [
      'self-signed',
      {},
      'name the authority that signed it: http.tls.ca in the options, NODE_EXTRA_CA_CERTS or SSL_CERT_FILE (doctor: --ca)',
    ],
    [
      'good',
      {},
      'the provider does not send its intermediate certificate, or the authority that signed it is unknown',
    ],
  ])('says what to do about the certificate "%s"', async (certificate, tls, remedy) => {
    const { issuer } = await startTls(opened, certificate);
    expect(await keysOf(issuer, { tls })).toContain(`; ${remedy}`);
  });

  it.each(['http://keys.example/jwks', 'http://127.0.0.1:PORT/jwks', 'http://localhost:PORT/jwks'])(
    'does not follow a metadata document from TLS to plain http: %s',
    async (jwksUri) => {
      const plain = await ProviderDouble.start({ keys: [KEY] });
      opened.add(() => plain.stop());
      const provider = await startTls(opened, 'good');
      provider.jwksUri = jwksUri.replace('PORT', new URL(plain.issuer).port);
      const message = await keysOf(provider.issuer, { tls: { ca: CA } });
      expect(message).toContain(
        `is not an https URL: ${provider.jwksUri}. If a proxy in front of the provider ends TLS`,
      );
      expect(message.indexOf('"jwksUri"')).toBeLessThan(message.indexOf('allowInsecureOrigins'));
      expect(plain.requests).toEqual([]);
      const allowInsecureOrigins = [new URL(provider.jwksUri).origin];
      if (jwksUri.includes('PORT')) {
        expect(await keysOf(provider.issuer, { tls: { ca: CA }, allowInsecureOrigins })).toBe('ok');
      }
    },
  );

  it('is verified whatever NODE_TLS_REJECT_UNAUTHORIZED says, through a proxy too', async () => {
    const { issuer, requests } = await startTls(opened, 'self-signed');
    const proxy = await startProxy(opened);
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    expect(await keysOf(issuer)).toContain('self-signed certificate');
    expect(await keysOf(issuer, { proxy: proxy.url })).toContain('self-signed certificate');
    expect(requests).toEqual([]);
  });
});

describe('requests', () => {
  const start = async (): Promise<ProviderDouble> => {
    const provider = await ProviderDouble.start({ keys: [KEY] });
    opened.add(() => provider.stop());
    return provider;
  };

  it('say who asks, what for, and what the configuration adds', async () => {
    const provider = await start();
    let headers: IncomingMessage['headers'] = {};
    provider.answers.set(provider.jwksPath, (request, response) => {
      headers = request.headers;
      response.end(JSON.stringify({ keys: [KEY.jwk] }));
    });
    expect(await keysOf(provider.issuer, { headers: { 'x-gateway-key': 'secret' } })).toBe('ok');
    expect(headers).toMatchObject({
      accept: 'application/json, application/jwk-set+json, */*;q=0.5',
      'accept-encoding': expect.stringMatching(/^gzip, deflate, br(, zstd)?$/),
      'user-agent': 'nestjs-identity-model',
      'x-gateway-key': 'secret',
    });
    expect(headers).not.toHaveProperty('authorization');
    expect(headers).not.toHaveProperty('cookie');
  });

  it.each<[string, string, HttpOptions, boolean]>([
    ['on the same origin, where that is allowed', '/moved', { followRedirects: true }, true],
    ['on the same origin, where it is not', '/moved', {}, false],
    ['to another port', 'http://127.0.0.1:1/moved', { followRedirects: true }, false],
    ['to another host', 'https://evil.example/moved', { followRedirects: true }, false],
    ['to another scheme', 'file:///etc/passwd', { followRedirects: true }, false],
    ['that is no URL', 'http://[', { followRedirects: true }, false],
    ['without a place', '', { followRedirects: true }, false],
    ['in a circle', '/jwks', { followRedirects: true }, false],
  ])('follow a redirect %s: %s', async (_name, location, http, served) => {
    const provider = await start();
    provider.respond(provider.jwksPath, 302, '', location === '' ? {} : { location });
    provider.respond('/moved', 200, JSON.stringify({ keys: [KEY.jwk] }));
    expect((await keysOf(provider.issuer, http)) === 'ok').toBe(served);
    expect(provider.count(provider.jwksPath)).toBeLessThanOrEqual(4);
  });

  it.each([
    [
      'https://sso.example/login?client_secret=x#y',
      'https://sso.example/login; another origin is never followed',
    ],
    ['/moved?session=x', 'ISSUER/moved; http.followRedirects follows redirects on the same origin'],
    ['https://user:secret@sso.example/\u202e', 'https://sso.example/%C3%A2%C2%80%C2%AE; another origin'],
    [`https://sso.example/${'x'.repeat(5_000)}`, `https://sso.example/${'x'.repeat(180)}; another origin`],
    ['http://[', 'status 302 without a URL to go to'],
  ])('say to which URL a redirect leads, without secrets and in bounds: %s', async (location, shown) => {
    const provider = await start();
    provider.answers.set(provider.jwksPath, (_request, response) => {
      response.writeHead(302, { location: Buffer.from(location, 'utf8').toString('latin1') }).end();
    });
    const message = await keysOf(provider.issuer);
    expect(message).toContain(shown.replace('ISSUER', provider.issuer));
    expect(message).not.toMatch(/secret|session/);
    expect(message.length).toBeLessThan(700);
  });

  it('use few connections for many issuers, and keep them', async () => {
    const provider = await start();
    const connections = new Set<Socket>();
    provider.answers.set(provider.jwksPath, ({ socket }, response) => {
      connections.add(socket);
      response.end(JSON.stringify({ keys: [KEY.jwk] }));
    });
    const module = await createModule({
      issuer: provider.issuer,
      audience: 'x',
      http: { maxConnections: 1 },
    });
    for (let round = 0; round < 5; round++) await module.get(JwksService).refresh();
    await module.close();
    expect(connections.size).toBe(1);
  });

  it('fetch metadata and keys over one connection: TLS is spoken once for a cold start', async () => {
    const { issuer, requests } = await startTls(opened, 'good');
    expect(await keysOf(issuer, { tls: { ca: CA } })).toBe('ok');
    expect(requests).toHaveLength(2);
    expect(new Set(requests.map(({ socket }) => socket)).size).toBe(1);
  });

  it.each<[string, number, string, object]>([
    ['a short body', 503, 'busy', {}],
    ['no body', 503, '', {}],
    ['a status that is not tried again', 404, 'no', {}],
  ])('keep their connection after an unwanted status with %s', async (_name, status, body, headers) => {
    const provider = await startTls(opened, 'good');
    const connections: Socket[] = [];
    const broken: unknown[] = [];
    provider.server.on('connection', (socket: Socket) => connections.push(socket));
    provider.server.on('tlsClientError', (error) => broken.push(error));
    const answer = (_: IncomingMessage, response: ServerResponse): void =>
      void response.writeHead(status, { ...headers }).end(body);
    for (const path of ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server']) {
      provider.answers.set(path, answer);
    }
    expect(await keysOf(provider.issuer, { tls: { ca: CA }, retries: 2 })).toContain(
      `status ${String(status)}`,
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(provider.requests.length).toBeGreaterThan(1);
    expect([connections.length, broken]).toEqual([1, []]);
  });

  it.each<[string, (response: ServerResponse) => void, RegExp]>([
    [
      'announces too much',
      (response) => void response.writeHead(503, { 'content-length': 1e9 }).write('x'),
      /status 503/,
    ],
    ['does not end', (response) => void response.writeHead(503).write('x'), /status 503/],
    ['is endless', (response) => void response.writeHead(503).write('x'.repeat(1_000_000)), /status 503/],
    ['is too long', (response) => void response.end(`"${'x'.repeat(600_000)}"`), /too long/],
  ])('give up a body that %s, without another connection', async (_name, answer, reason) => {
    const provider = await startTls(opened, 'good');
    const connections: Socket[] = [];
    const broken: unknown[] = [];
    provider.server.on('connection', (socket: Socket) => connections.push(socket));
    provider.server.on('tlsClientError', (error) => broken.push(error));
    provider.answers.set('/.well-known/openid-configuration', (_, response) => answer(response));
    const startedMs = performance.now();
    expect(await keysOf(provider.issuer, { tls: { ca: CA } })).toMatch(reason);
    expect(performance.now() - startedMs).toBeLessThan(1_500);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect([connections.length, broken]).toEqual([1, []]);
  });

  it('go through a dispatcher of the application, which stays open', async () => {
    const provider = await start();
    const dispatcher = new Agent();
    const dispatch = vi.spyOn(dispatcher, 'dispatch');
    opened.add(() => dispatcher.close());
    expect(await keysOf(provider.issuer, { dispatcher })).toBe('ok');
    expect(await keysOf(provider.issuer, { dispatcher })).toBe('ok');
    expect(dispatch).toHaveBeenCalledTimes(4);
  });

  it('never leave over plain http without a name in the configuration', async () => {
    const message = await rejectionOf(
      createModule({ issuer: 'http://id.example.com', audience: 'x', warmUp: 'off' }),
    );
    expect(message).toBe('options_invalid');
  });
});

describe('proxies', () => {
  const HOST = 'other.example';
  const tls = { ca: CA };

  it('are taken from the configuration', async () => {
    const proxy = await startProxy(opened);
    const { issuer } = await startTls(opened, 'good');
    expect(await keysOf(issuer, { tls, proxy: proxy.url })).toBe('ok');
    expect(await keysOf(issuer, { tls, proxy: proxy.host })).toBe('ok');
    expect(new Set(proxy.asked)).toEqual(new Set([new URL(issuer).host]));
  });

  it('are taken from the environment, unless NO_PROXY or the configuration says otherwise', async () => {
    const proxy = await startProxy(opened);
    const { issuer } = await startTls(opened, 'wrong-host', {}, HOST);
    stubProxies({ HTTPS_PROXY: proxy.host });
    expect(await keysOf(issuer, { tls })).toBe('ok');
    stubProxies({ http_proxy: proxy.url });
    expect(await keysOf(issuer, { tls })).toBe('ok');
    const through = proxy.asked.length;
    expect(through).toBeGreaterThan(1);
    expect(await keysOf(issuer, { tls, proxy: false })).not.toContain('through the proxy');
    for (const bypass of ['*', HOST, 'example', '.example', `${HOST}:${new URL(issuer).port}`]) {
      stubProxies({ HTTPS_PROXY: proxy.url, NO_PROXY: bypass });
      expect(await keysOf(issuer, { tls })).not.toBe('ok');
    }
    expect(proxy.asked).toHaveLength(through);
    stubProxies({ HTTPS_PROXY: proxy.url, NO_PROXY: `xother.example, ${HOST}:1` });
    expect(await keysOf(issuer, { tls })).toBe('ok');
  });

  it('of the environment are never used for loopback, which could be answered by another machine', async () => {
    const proxy = await startProxy(opened);
    const secure = await startTls(opened, 'good');
    const plain = await ProviderDouble.start({ keys: [KEY] });
    opened.add(() => plain.stop());
    stubProxies({ HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url });
    const port = new URL(plain.issuer).port;
    expect(await keysOf(secure.issuer, { tls })).toBe('ok');
    expect(await keysOf(secure.issuer.replace('localhost', '127.0.0.1'), { tls })).not.toContain('proxy');
    expect(await keysOf(plain.issuer)).toBe('ok');
    expect(await keysOf(`http://localhost:${port}`)).not.toContain('proxy');
    expect(proxy.asked).toEqual([]);
  });

  it('of the configuration are never used for plain http on loopback', async () => {
    const proxy = await startProxy(opened);
    const plain = await ProviderDouble.start({ keys: [KEY] });
    opened.add(() => plain.stop());
    expect(await keysOf(plain.issuer, { proxy: proxy.url })).toBe('ok');
    expect(proxy.asked).toEqual([]);
  });

  it.each([407, 502])('are named in errors, without credentials: status %d', async (status) => {
    const proxy = await startProxy(opened, status);
    const { issuer } = await startTls(opened, 'wrong-host', {}, HOST);
    const url = proxy.url.replace('//', '//user:secret@');
    stubProxies({ HTTPS_PROXY: url });
    const message = await keysOf(issuer, { tls });
    expect(message).toContain(`openid-configuration through the proxy HTTPS_PROXY=${proxy.host} failed:`);
    expect(message).toContain(String(status));
    expect(message).not.toContain('secret');
    expect(await keysOf(issuer, { tls, proxy: url })).toContain(
      `through the proxy http.proxy=${proxy.host} failed:`,
    );
  });

  it('that are dead do not look like a dead provider', async () => {
    const { issuer } = await startTls(opened, 'wrong-host', {}, HOST);
    expect(await keysOf(issuer, { tls, proxy: '127.0.0.1:1' })).toMatch(
      /through the proxy http\.proxy=127\.0\.0\.1:1 failed: connect ECONNREFUSED 127\.0\.0\.1:1/,
    );
  });
});

describe('SSL_CERT_FILE', () => {
  it('adds authorities to those of the options', async () => {
    const good = await startTls(opened, 'good');
    const selfSigned = await startTls(opened, 'self-signed');
    vi.stubEnv('SSL_CERT_FILE', certificateFile('ca.pem'));
    expect(await keysOf(good.issuer)).toBe('ok');
    expect(await keysOf(good.issuer, { tls: { cert: pem('client'), key: pem('client-key') } })).toBe('ok');
    for (const { issuer } of [good, selfSigned]) {
      expect(await keysOf(issuer, { tls: { ca: pem('self-signed') } })).toBe('ok');
    }
    vi.stubEnv('SSL_CERT_FILE', certificateFile('nothing.pem'));
    expect(await keysOf(good.issuer)).toMatch(/unable to (get local issuer|verify the first) certificate/);
  });
});

describe('HTTP_TIMEOUT', () => {
  it('sets the default of http.timeoutMs, in seconds; what cannot be meant so is ignored', async () => {
    const provider = await ProviderDouble.start({ keys: [KEY] });
    opened.add(() => provider.stop());
    vi.stubEnv('HTTP_TIMEOUT', '5000');
    expect(await keysOf(provider.issuer, { timeoutMs: undefined })).toBe('ok');
    provider.answers.set(provider.metadataPath, () => undefined);
    vi.stubEnv('HTTP_TIMEOUT', '0.1');
    expect(await keysOf(provider.issuer, { timeoutMs: undefined })).toContain(
      'no complete answer within 100 ms',
    );
    vi.stubEnv('IDENTITY_HTTP_TIMEOUT_MS', '200');
    expect(await keysOf(provider.issuer, { timeoutMs: undefined })).toContain(
      'no complete answer within 200 ms',
    );
  });
});
