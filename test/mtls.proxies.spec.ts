import { request } from 'node:http';
import { Agent, type Server } from 'node:https';
import { connect } from 'node:tls';
import type { IdentityModuleOptions } from 'nestjs-identity-model';
import { TestIssuer, type TestCertificate } from 'nestjs-identity-model/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { PLATFORMS, type Platform } from './support/create-app.js';
import { isInstalled } from './support/is-installed.js';
import { askPort, startMtlsApp, type Answer, type MtlsApp } from './support/mtls-app.js';
import { configurationOf, startHaproxy, startNginx, type RunningProxy } from './support/proxies.js';

const PROXIES = {
  nginx: { certificate: 'nginx', header: 'x-ssl-client-cert', start: startNginx },
  haproxy: { certificate: 'client-cert', header: 'client-cert', start: startHaproxy },
} as const;
type Name = keyof typeof PROXIES;

const issuer = TestIssuer.inMemory();
const client = issuer.certificate();
const other = issuer.certificate('another client');
const BOUND = issuer.bearer({ certificate: true });

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

interface Setup {
  readonly api: MtlsApp;
  readonly proxy: RunningProxy;
  /** TCP connections that the API has accepted. */
  readonly connections: () => number;
}

async function start(
  platform: Platform,
  name: Name,
  configuration = configurationOf(name),
  own: IdentityModuleOptions = {},
): Promise<Setup> {
  const { certificate, start: startProxy } = PROXIES[name];
  const options = {
    senderConstrained: 'accept',
    dpop: false,
    mtls: { certificate, trustedProxies: ['127.0.0.1'] },
    ...own,
  } as const;
  const api = await startMtlsApp(platform, issuer.moduleOptions(options), null);
  open.push(() => api.app.close());
  let connections = 0;
  (api.app.getHttpServer() as Server).on('connection', () => connections++);
  const proxy = await startProxy(configuration, api.port);
  open.push(() => proxy.stop());
  return { api, proxy, connections: () => connections };
}

const installed = (Object.keys(PROXIES) as Name[]).filter((name) => isInstalled(name, '-v'));
const rows = installed.flatMap((name) => PLATFORMS.map((platform) => [name, platform] as const));

describe.each(rows)(
  'certificates behind a real %s, with the configuration of the guide, on %s',
  (name, platform) => {
    const { certificate: form, header } = PROXIES[name];
    const ask = (
      { proxy }: Setup,
      certificate: TestCertificate | undefined,
      headers: Readonly<Record<string, string>> = {},
      agent?: Agent,
    ): Promise<Answer> =>
      askPort(proxy.port, {
        headers: { authorization: BOUND, ...headers },
        certificate,
        ...(agent && { agent }),
      });

    it('hands the certificate of each client on', async () => {
      const setup = await start(platform, name);
      const good = await ask(setup, client);
      expect([good.status, JSON.parse(good.body)]).toEqual([
        200,
        { proof: { kind: 'mtls', x5tS256: client.thumbprint } },
      ]);
      expect((await ask(setup, other)).status).toBe(401);
      expect((await ask(setup, undefined)).status).toBe(401);
      expect((await ask(setup, undefined, { authorization: issuer.bearer() })).status).toBe(200);
      expect(setup.api.rejected.map(({ code }) => code)).toEqual([
        'certificate_mismatch',
        'certificate_missing',
      ]);
    });

    it('replaces the header that a client sends, with a certificate and without', async () => {
      const setup = await start(platform, name);
      const stolen = issuer.certificateHeaders(form);
      const value = stolen[header] ?? '';
      expect((await ask(setup, undefined, stolen)).status).toBe(401);
      expect((await ask(setup, other, stolen)).status).toBe(401);
      for (const spelt of [header.toUpperCase(), header.replaceAll('-', '_'), ` ${header}`.trim()]) {
        expect((await ask(setup, undefined, { [spelt]: value })).status).toBe(401);
      }
      expect(
        (await ask(setup, client, issuer.certificateHeaders(form, { wrong: 'other client' }))).status,
      ).toBe(200);
      expect(setup.api.rejected.map(({ code }) => code)).toEqual([
        'certificate_missing',
        'certificate_mismatch',
        ...Array.from({ length: 3 }, () => 'certificate_missing'),
      ]);
    });

    it('takes no client for another on one connection to the API', async () => {
      const shared = configurationOf(name).replace('backend api\n  mode http', '$&\n  http-reuse always');
      const setup = await start(platform, name, shared, { tokenCache: {} });
      const agents = [client, other, undefined].map((certificate) => {
        const { cert, key } = certificate ?? {};
        const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false, cert, key });
        open.push(() => agent.destroy());
        return agent;
      });
      for (let round = 0; round < 4; round++) {
        const statuses: number[] = [];
        for (const agent of agents) statuses.push((await ask(setup, undefined, {}, agent)).status);
        expect(statuses).toEqual([200, 401, 401]);
      }
      expect(setup.connections()).toBeLessThan(4);
    });

    it('knows the certificate of a session that is resumed', async () => {
      const { proxy, api } = await start(platform, name);
      const { cert, key } = client;
      const to = { port: proxy.port, host: '127.0.0.1', rejectUnauthorized: false };
      const first = connect({ ...to, cert, key });
      open.push(() => first.destroy());
      const sessions: Buffer[] = [];
      first.on('session', (each: Buffer) => sessions.push(each));
      expect(await get(first)).toMatch(/^HTTP\/1.1 200/);
      const second = connect({ ...to, session: sessions.at(-1) });
      open.push(() => second.destroy());
      expect(await get(second)).toMatch(/^HTTP\/1.1 200/);
      expect(second.isSessionReused()).toBe(true);
      expect(api.rejected).toEqual([]);
    });

    it('is not believed if the API does not know its address, nor is anybody else', async () => {
      const mtls = { certificate: form, trustedProxies: ['10.0.0.1'] };
      const unknown = await start(platform, name, undefined, { mtls });
      expect((await ask(unknown, client)).status).toBe(401);
      expect(unknown.api.rejected.map(({ code }) => code)).toEqual(['certificate_untrusted']);
      // Around the proxy, from another address of loopback.
      const { api } = await start(platform, name);
      const headers = { authorization: BOUND, ...issuer.certificateHeaders(form) };
      const status = await new Promise((resolve, reject) => {
        request({ host: '127.0.0.1', localAddress: '127.0.0.2', port: api.port, path: '/orders', headers })
          .on('response', (response) => resolve(response.resume().statusCode))
          .on('error', reject)
          .end();
      });
      expect(status).toBe(401);
      expect(api.rejected.map(({ code }) => code)).toEqual(['certificate_untrusted']);
    });
  },
);

describe.each(installed.filter((name) => name === 'haproxy'))(
  'a proxy that adds to the header of the client: %s',
  () => {
    it('is refused, whoever wrote the right one', async () => {
      const adding = configurationOf('haproxy')
        .replace('  http-request del-header Client-Cert\n', '')
        .replace('set-header', 'add-header');
      const { proxy, api } = await start('express', 'haproxy', adding);
      const stolen = issuer.certificateHeaders('client-cert');
      for (const certificate of [client, other]) {
        const headers = { authorization: BOUND, ...stolen };
        expect((await askPort(proxy.port, { headers, certificate })).status).toBe(401);
      }
      expect(api.rejected.map(({ code }) => code)).toEqual([
        'certificate_malformed',
        'certificate_malformed',
      ]);
    });
  },
);

it.each(Object.keys(PROXIES) as Name[])('the guide shows a configuration of %s', (name) => {
  expect(configurationOf(name)).toContain(name === 'nginx' ? 'ssl_verify_client' : 'ssl_c_used');
});

/** One GET on a connection that is there, and the beginning of its answer. */
async function get(socket: ReturnType<typeof connect>): Promise<string> {
  socket.write(`GET /orders HTTP/1.1\r\nHost: x\r\nAuthorization: ${BOUND}\r\n\r\n`);
  return new Promise((resolve, reject) => {
    socket.once('data', (chunk: Buffer) => resolve(chunk.toString('latin1')));
    socket.once('error', reject);
  });
}
