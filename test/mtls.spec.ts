import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { Agent, createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { IdentityModule, IdentityStats, type IdentityModuleOptions } from 'nestjs-identity-model';
import { Logger } from '@nestjs/common';
import { TestIssuer, type TestCertificate } from 'nestjs-identity-model/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { PLATFORMS, type Platform } from './support/create-app.js';
import {
  askPort,
  ASKING,
  MtlsController,
  startMtlsApp,
  type Answer,
  type MtlsApp,
} from './support/mtls-app.js';

const issuer = TestIssuer.inMemory();
const client = issuer.certificate();
const other = issuer.certificate('another client');
const BOUND = issuer.bearer({ certificate: true });

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

async function start(
  platform: Platform,
  own: IdentityModuleOptions = {},
  tls: object | null = ASKING,
): Promise<MtlsApp> {
  const options = { senderConstrained: 'accept', dpop: false, mtls: {}, ...own } as const;
  const test = await startMtlsApp(platform, issuer.moduleOptions(options), tls);
  open.push(() => test.app.close());
  return test;
}

/** Keeps its connection, and shows one certificate on it. */
function agentOf(certificate?: TestCertificate, own: object = {}): Agent {
  const agent = new Agent({
    keepAlive: true,
    maxSockets: 1,
    rejectUnauthorized: false,
    cert: certificate?.cert,
    key: certificate?.key,
    ...own,
  });
  open.push(() => agent.destroy());
  return agent;
}

const ask = (
  { port }: MtlsApp,
  authorization: string | undefined,
  more: Parameters<typeof askPort>[1] = {},
): Promise<Answer> =>
  askPort(port, { ...more, headers: authorization === undefined ? {} : { authorization } });

const INVALID = 'Bearer realm="api", error="invalid_token", error_description="The access token is invalid"';

describe.each(PLATFORMS)('certificates of the TLS connection, on %s', (platform) => {
  it('lets a bound token in with its certificate, and a bearer token with any or none', async () => {
    const test = await start(platform);
    const answer = await ask(test, BOUND, { certificate: client });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toEqual({ proof: { kind: 'mtls', x5tS256: client.thumbprint } });
    for (const certificate of [undefined, client, other]) {
      const bearer = await ask(test, issuer.bearer(), { certificate });
      expect([bearer.status, bearer.body]).toEqual([200, '{"proof":null}']);
    }
    for (const path of ['/orders/bound', '/orders/twice', '/orders/events', '/orders/open']) {
      expect((await ask(test, BOUND, { certificate: client, path })).status).toBe(200);
    }
    expect((await ask(test, issuer.bearer(), { path: '/orders/bound' })).status).toBe(401);
    const [{ senders } = { senders: [] }] = test.app.get(IdentityStats).snapshot().issuers;
    expect(senders.find(({ sender }) => sender === 'mtls')?.count).toBe(4);
  });

  it('refuses a bound token without a certificate, and with that of another client (RFC 8705 section 3)', async () => {
    const test = await start(platform);
    const none = await ask(test, BOUND);
    const wrong = await ask(test, BOUND, { certificate: other });
    expect([none.status, wrong.status]).toEqual([401, 401]);
    expect([none, wrong].map(({ headers }) => headers['www-authenticate'])).toEqual([INVALID, INVALID]);
    expect(test.rejected).toEqual([
      { code: 'certificate_missing', reason: expect.stringContaining('"requestCert"') },
      { code: 'certificate_mismatch', reason: expect.stringContaining('another client') },
    ]);
  });

  it('refuses the token on another connection, whatever the first one has proven', async () => {
    const test = await start(platform, { tokenCache: {} });
    const [own, strange, bare] = [agentOf(client), agentOf(other), agentOf()];
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all([own, strange, bare].map((agent) => ask(test, BOUND, { agent })));
      expect(answers.map(({ status }) => status)).toEqual([200, 401, 401]);
    }
    expect(test.rejected.map(({ code }) => code).toSorted()).toEqual([
      ...Array.from({ length: 3 }, () => 'certificate_mismatch'),
      ...Array.from({ length: 3 }, () => 'certificate_missing'),
    ]);
  });

  it('knows the certificate of a session that is resumed (RFC 8446 section 2.2)', async () => {
    const test = await start(platform);
    const first = connect({ port: test.port, rejectUnauthorized: false, cert: client.cert, key: client.key });
    const session = await new Promise<Buffer>((resolve) => first.once('session', resolve));
    first.destroy();
    const socket = connect({ port: test.port, rejectUnauthorized: false, session });
    open.push(() => socket.destroy());
    expect(await speak(socket, BOUND)).toMatch(/^HTTP\/1.1 200/);
    expect(socket.isSessionReused()).toBe(true);
  });

  it('ends a connection that begins a second handshake (TLS 1.2, RFC 5746), whoever does', async () => {
    const test = await start(platform, {}, { ...ASKING, maxVersion: 'TLSv1.2' });
    let connection: TLSSocket | undefined;
    const server = test.app.getHttpServer() as Server;
    server.once('secureConnection', (socket: TLSSocket) => (connection = socket));
    const { cert, key } = client;
    const socket = connect({ port: test.port, rejectUnauthorized: false, cert, key });
    open.push(() => socket.destroy());
    expect(await speak(socket, BOUND)).toMatch(/^HTTP\/1.1 200/);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined).renegotiate({}, () => undefined);
    await closed;
    expect(connection?.destroyed).toBe(true);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'believes a certificate of %s on a server of the application’s own making only if it cannot change',
    async (maxVersion) => {
      const test = await start(platform, {}, null);
      const listener = (test.app.getHttpServer() as Server).listeners('request')[0] as RequestListener;
      const server = createServer({ ...ASKING, maxVersion }, listener);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      open.push(() => (server.closeAllConnections(), server.close()));
      const { port } = server.address() as AddressInfo;
      const answer = await askPort(port, { headers: { authorization: BOUND }, certificate: client });
      const isBelieved = maxVersion === 'TLSv1.3';
      expect(answer.status).toBe(isBelieved ? 200 : 401);
      expect(test.rejected).toEqual(
        isBelieved
          ? []
          : [{ code: 'certificate_missing', reason: expect.stringContaining('TLSv1.3') as string }],
      );
    },
  );

  it('refuses every other token with require, and names the scheme Bearer (RFC 8705 section 3)', async () => {
    const test = await start(platform, { senderConstrained: 'require' });
    expect((await ask(test, BOUND, { certificate: client })).status).toBe(200);
    const bearer = await ask(test, issuer.bearer(), { certificate: client });
    expect([bearer.status, bearer.headers['www-authenticate']]).toEqual([401, INVALID]);
    const anonymous = await ask(test, undefined);
    expect([anonymous.status, anonymous.headers['www-authenticate']]).toEqual([401, 'Bearer realm="api"']);
    expect(test.rejected.map(({ code }) => code)).toEqual(['sender_unconstrained']);
  });

  it('knows no scheme DPoP and accepts no key of proofs with dpop: false', async () => {
    const test = await start(platform);
    const token = issuer.token({ dpop: true, certificate: true });
    const dpop = issuer.dpop('GET', 'https://api.example.com/orders', token);
    const asDpop = await askPort(test.port, {
      headers: { authorization: `DPoP ${token}`, dpop },
      certificate: client,
    });
    expect([asDpop.status, asDpop.headers['www-authenticate']]).toEqual([401, 'Bearer realm="api"']);
    expect((await ask(test, `Bearer ${token}`, { certificate: client })).status).toBe(401);
    expect(test.rejected.map(({ code }) => code)).toEqual(['sender_constrained']);
  });

  it('needs proof and certificate of a token that is bound to both', async () => {
    const publicUrl = 'https://api.example.com';
    const test = await start(platform, { dpop: {}, publicUrl });
    const both = issuer.token({ dpop: true, certificate: true });
    const present = (certificate?: TestCertificate, wrong?: 'wrong key'): Promise<Answer> =>
      askPort(test.port, {
        headers: {
          authorization: `DPoP ${both}`,
          dpop: issuer.dpop('GET', `${publicUrl}/orders`, both, { wrong }),
        },
        certificate,
      });
    const good = await present(client);
    expect([good.status, JSON.parse(good.body)]).toEqual([
      200,
      { proof: { kind: 'dpop', jkt: expect.any(String) as string, x5tS256: client.thumbprint } },
    ]);
    expect((await present()).status).toBe(401);
    expect((await present(other)).status).toBe(401);
    expect((await present(client, 'wrong key')).status).toBe(401);
    expect((await ask(test, `Bearer ${both}`, { certificate: client })).status).toBe(401);
    const underDpop = await askPort(test.port, {
      headers: {
        authorization: BOUND.replace('Bearer', 'DPoP'),
        dpop: issuer.dpop('GET', `${publicUrl}/orders`, BOUND.slice('Bearer '.length)),
      },
      certificate: client,
    });
    expect(underDpop.headers['www-authenticate']).toBe(
      'Bearer realm="api", DPoP realm="api", error="invalid_token", error_description="The access token is invalid", algs="ES256 EdDSA Ed25519"',
    );
    expect(test.rejected.map(({ code }) => code)).toEqual([
      'certificate_missing',
      'certificate_mismatch',
      'proof_invalid',
      'sender_constrained',
      'sender_unconstrained',
    ]);
  });

  it('warns at start if the server does not ask for certificates', async () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
    const warnings = (): number =>
      warn.mock.calls.filter(([line]) => String(line).includes('does not ask for certificates')).length;
    await start(platform);
    expect(warnings()).toBe(0);
    await start(platform, { mtls: { certificate: 'nginx', trustedProxies: ['10.0.0.1'] } }, null);
    expect(warnings()).toBe(0);
    await start(platform, {}, { ...ASKING, requestCert: false });
    await start(platform, {}, null);
    expect(warnings()).toBe(2);
  });

  it('refuses bound tokens on a server without TLS, and says why', async () => {
    const test = await start(platform, {}, null);
    expect((await ask(test, BOUND, { plain: true })).status).toBe(401);
    expect(test.rejected).toEqual([
      { code: 'certificate_missing', reason: expect.stringContaining('the connection is not TLS') },
    ]);
  });

  it.each(['client-cert', 'x-ssl-client-cert', 'x-forwarded-client-cert', 'x-amzn-mtls-clientcert'])(
    'does not look at the header %s',
    async (header) => {
      const test = await start(platform);
      const { 'client-cert': value = '' } = issuer.certificateHeaders('client-cert');
      const answer = await askPort(test.port, { headers: { authorization: BOUND, [header]: value } });
      expect([answer.status, test.rejected[0]?.code]).toEqual([401, 'certificate_missing']);
    },
  );
});

it('is read from connections of HTTP/2, on Fastify', async () => {
  const options = { senderConstrained: 'require', dpop: false, mtls: {} } as const;
  const module = await Test.createTestingModule({
    imports: [IdentityModule.forRoot(issuer.moduleOptions(options))],
    controllers: [MtlsController],
  }).compile();
  const adapter = new FastifyAdapter({ http2: true, https: ASKING } as object);
  const app = module.createNestApplication(adapter, { logger: false });
  open.push(() => app.close());
  await app.listen(0, '127.0.0.1');
  const { port } = (app.getHttpServer() as Server).address() as AddressInfo;
  const statuses: unknown[] = [];
  for (const certificate of [client, other, undefined]) {
    const { cert, key } = certificate ?? {};
    const session = connectHttp2(`https://127.0.0.1:${String(port)}`, {
      rejectUnauthorized: false,
      cert,
      key,
    });
    open.push(() => session.destroy());
    for (let times = 0; times < 2; times++) {
      const stream = session.request({ ':path': '/orders', authorization: BOUND });
      const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
      statuses.push(headers[':status']);
    }
  }
  expect(statuses).toEqual([200, 200, 401, 401, 401, 401]);
});

/** One GET on a connection that is there, and the beginning of its answer. */
async function speak(socket: TLSSocket, authorization: string): Promise<string> {
  socket.write(`GET /orders HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\n\r\n`);
  return new Promise((resolve, reject) => {
    socket.once('data', (chunk: Buffer) => resolve(chunk.toString('latin1')));
    socket.once('error', reject);
  });
}
