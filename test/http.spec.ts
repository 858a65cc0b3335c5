import { readFileSync } from 'node:fs';
import { createServer as createHttp, type IncomingMessage, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { Agent } from 'undici';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { JwksService, type HttpOptions } from 'nestjs-identity-model';
import { createModule, rejectionOf } from './support/create-module.js';
import { ProviderDouble } from './support/provider-double.js';
import { createKey } from './support/signing-key.js';

const KEY = createKey('ES256', 'ec-1');
const pem = (name: string): string =>
  readFileSync(new URL(`support/certificates/${name}.pem`, import.meta.url), 'utf8');
const CA = pem('ca');

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const close of open.splice(0).toReversed()) await close();
});

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

interface TlsProvider {
  readonly issuer: string;
  readonly requests: IncomingMessage[];
}

/** A provider behind TLS with one of the certificates of the tests. */
async function startTls(certificate: string, options: object = {}): Promise<TlsProvider> {
  const requests: IncomingMessage[] = [];
  const server = createHttps({ key: pem(`${certificate}-key`), cert: pem(certificate), ...options });
  const port = await listen(server);
  const issuer = `https://localhost:${String(port)}`;
  server.on('request', (request: IncomingMessage, response) => {
    requests.push(request);
    const metadata = { issuer, jwks_uri: `${issuer}/jwks` };
    response.end(JSON.stringify(request.url === '/jwks' ? { keys: [KEY.jwk] } : metadata));
  });
  return { issuer, requests };
}

/** Asks for the keys of an issuer, and says how that went: `ok`, or the reason. */
async function keysOf(issuer: string, http: HttpOptions = {}): Promise<string> {
  const module = await createModule({
    issuer,
    audience: 'x',
    warmUp: 'off',
    http: { retries: 0, timeoutMs: 2_000, ...http },
  });
  try {
    await module.get(JwksService).get();
    return 'ok';
  } catch (error) {
    return (error as Error).message;
  } finally {
    await module.close();
  }
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
    const { issuer, requests } = await startTls(certificate);
    expect(await keysOf(issuer)).toMatch(reason);
    expect(requests).toEqual([]);
  });

  it.each<[string, RegExp]>([
    ['expired', /certificate has expired/],
    ['wrong-host', /does not match certificate's altnames/],
  ])('refuses the certificate "%s" of an authority that is known', async (certificate, reason) => {
    const { issuer, requests } = await startTls(certificate);
    expect(await keysOf(issuer, { tls: { ca: CA } })).toMatch(reason);
    expect(requests).toEqual([]);
  });

  it('accepts an authority of the configuration, as text, bytes or a list', async () => {
    const { issuer } = await startTls('good');
    for (const ca of [CA, Buffer.from(CA), [CA, pem('self-signed')]]) {
      expect(await keysOf(issuer, { tls: { ca } })).toBe('ok');
    }
  });

  it('shows a client certificate where there is one', async () => {
    const { issuer, requests } = await startTls('good', {
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

  it('does not follow a metadata document from TLS to plain http', async () => {
    const plain = await ProviderDouble.start({ keys: [KEY] });
    open.push(() => plain.stop());
    const server = createHttps({ key: pem('good-key'), cert: pem('good') });
    const issuer = `https://localhost:${String(await listen(server))}`;
    server.on('request', (_request, response) =>
      response.end(JSON.stringify({ issuer, jwks_uri: 'http://keys.example/jwks' })),
    );
    expect(await keysOf(issuer, { tls: { ca: CA } })).toContain('is not an https URL');
  });
});

describe('requests', () => {
  const start = async (): Promise<ProviderDouble> => {
    const provider = await ProviderDouble.start({ keys: [KEY] });
    open.push(() => provider.stop());
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
      accept: 'application/json',
      'accept-encoding': 'gzip, deflate, br',
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
    const { issuer, requests } = await startTls('good');
    expect(await keysOf(issuer, { tls: { ca: CA } })).toBe('ok');
    expect(requests).toHaveLength(2);
    expect(new Set(requests.map(({ socket }) => socket)).size).toBe(1);
  });

  it('go through a dispatcher of the application, which stays open', async () => {
    const provider = await start();
    const dispatcher = new Agent();
    const dispatch = vi.spyOn(dispatcher, 'dispatch');
    open.push(() => dispatcher.close());
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
  /** A proxy that tunnels to where it is asked for, and notes that. */
  async function startProxy(): Promise<{ url: string; asked: string[] }> {
    const asked: string[] = [];
    const server = createHttp((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(501).end();
    });
    server.on('connect', (request: IncomingMessage, socket: Socket) => {
      asked.push(request.url ?? '');
      const [host, port] = (request.url ?? '').split(':');
      const target = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
        target.pipe(socket).pipe(target);
      });
      target.on('error', () => socket.destroy());
      socket.on('error', () => target.destroy());
    });
    return { url: `http://127.0.0.1:${String(await listen(server))}`, asked };
  }

  it('are taken from the configuration', async () => {
    const proxy = await startProxy();
    const { issuer } = await startTls('good');
    expect(await keysOf(issuer, { tls: { ca: CA }, proxy: proxy.url })).toBe('ok');
    expect(new Set(proxy.asked)).toEqual(new Set([new URL(issuer).host]));
  });

  it('are taken from the environment, unless NO_PROXY or the configuration says otherwise', async () => {
    const proxy = await startProxy();
    const { issuer } = await startTls('good');
    const tls = { ca: CA };
    vi.stubEnv('HTTPS_PROXY', proxy.url);
    vi.stubEnv('https_proxy', proxy.url);
    vi.stubEnv('NO_PROXY', '');
    vi.stubEnv('no_proxy', '');
    expect(await keysOf(issuer, { tls })).toBe('ok');
    const through = proxy.asked.length;
    expect(through).toBeGreaterThan(0);
    expect(await keysOf(issuer, { tls, proxy: false })).toBe('ok');
    vi.stubEnv('NO_PROXY', 'localhost');
    vi.stubEnv('no_proxy', 'localhost');
    expect(await keysOf(issuer, { tls })).toBe('ok');
    expect(proxy.asked).toHaveLength(through);
  });
});

describe('SSL_CERT_FILE', () => {
  it('names the authorities, beside a client certificate too; a file without any stops the start', async () => {
    const { issuer } = await startTls('good');
    const file = (name: string): string =>
      fileURLToPath(new URL(`support/certificates/${name}`, import.meta.url));
    vi.stubEnv('SSL_CERT_FILE', file('ca.pem'));
    expect(await keysOf(issuer)).toBe('ok');
    expect(await keysOf(issuer, { tls: { cert: pem('client'), key: pem('client-key') } })).toBe('ok');
    expect(await keysOf(issuer, { tls: { ca: pem('self-signed') } })).not.toBe('ok');
    for (const wrong of ['README.md', 'nothing.pem']) {
      vi.stubEnv('SSL_CERT_FILE', file(wrong));
      expect(await rejectionOf(createModule({ issuer, audience: 'x' }))).toBe('options_invalid');
    }
  });
});

describe('HTTP_TIMEOUT', () => {
  it('sets the default of http.timeoutMs, in seconds', async () => {
    const provider = await ProviderDouble.start({ keys: [KEY] });
    open.push(() => provider.stop());
    provider.answers.set(provider.metadataPath, () => undefined);
    vi.stubEnv('HTTP_TIMEOUT', '0.1');
    expect(await keysOf(provider.issuer, { timeoutMs: undefined })).toContain(
      'no complete answer within 100 ms',
    );
    vi.stubEnv('HTTP_TIMEOUT', '5s');
    expect(await rejectionOf(createModule({ issuer: provider.issuer, audience: 'x' }))).toBe(
      'options_invalid',
    );
  });
});
