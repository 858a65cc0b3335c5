import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ExpressAdapter } from '@nestjs/platform-express';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { Test } from '@nestjs/testing';
import { ClientProxyFactory, Transport } from '@nestjs/microservices';
import { createClient } from 'graphql-ws';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';
import { guardSockets, IdentityModule, type IdentityModuleOptions } from 'nestjs-identity-model';
import { TestIssuer } from 'nestjs-identity-model/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { ASKING, askPort } from './support/mtls-app.js';
import { nestLine } from './support/nest-line.js';
import {
  GRAPHQL_SERVERS,
  startGraphql,
  type GraphqlAnswer,
  type GraphqlServer,
} from './support/transports/graphql.js';
import { freePort, send, startService, withMetadata } from './support/transports/microservices.js';
import {
  askIo,
  askWs,
  IO_OPTIONS,
  openWs,
  OrdersGateway,
  RememberingGateway,
  startSockets,
} from './support/transports/sockets.js';

const SERVERS = Object.keys(GRAPHQL_SERVERS) as GraphqlServer[];

const issuer = TestIssuer.inMemory();
const AUTHORIZATION = issuer.bearer({ certificate: true });
const GOOD = issuer.certificateHeaders('client-cert');
const OTHER = issuer.certificateHeaders('client-cert', { wrong: 'other client' });

/** Behind a proxy at loopback; `stranger` is none. */
const options = (trustedProxies = ['127.0.0.1', '::1']): IdentityModuleOptions =>
  issuer.moduleOptions({
    senderConstrained: 'accept',
    dpop: false,
    mtls: { certificate: 'client-cert', trustedProxies },
    tokenCache: {},
  });
const STRANGERS = ['10.0.0.1'];

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

/** What a request or an upgrade says beside the token, and the code that it ends with. */
const CASES = [
  [GOOD, undefined],
  [OTHER, 'certificate_mismatch'],
  [{}, 'certificate_missing'],
  [issuer.certificateHeaders('client-cert', { wrong: 'cut off' }), 'certificate_malformed'],
  [GOOD, undefined],
] as const;

describe.each(SERVERS)('certificates with GraphQL: %s', (server) => {
  const start = async (own = options()): Promise<string> => {
    const { app, url } = await startGraphql(server, own);
    open.push(() => app.close());
    return url;
  };
  const post = async (url: string, query: unknown, headers: object): Promise<unknown[]> => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: AUTHORIZATION, ...headers },
      body: JSON.stringify(query),
    });
    const answers = [(await response.json()) as GraphqlAnswer | GraphqlAnswer[]].flat();
    return answers.map(({ data, errors }) => errors?.[0]?.extensions?.['code'] ?? data);
  };
  /** The first event of a subscription, or the code that it was refused with. */
  const subscribe = async (
    url: string,
    headers: object,
    params: Record<string, unknown>,
  ): Promise<unknown> => {
    class Socket extends WebSocket {
      constructor(address: string, protocols: string[]) {
        super(address, protocols, { headers: headers as Record<string, string> });
      }
    }
    const client = createClient({
      url: url.replace(/^http/, 'ws'),
      webSocketImpl: Socket,
      connectionParams: params,
      retryAttempts: 0,
      onNonLazyError: () => undefined,
    });
    open.push(() => client.dispose());
    try {
      const { value } = await client.iterate({ query: 'subscription { meEvents }' }).next();
      const { data, errors } = value as GraphqlAnswer;
      return errors?.[0]?.extensions?.['code'] ?? data?.['meEvents'];
    } catch (error) {
      if (!Array.isArray(error)) throw error;
      return (error as { extensions?: { code?: unknown } }[])[0]?.extensions?.code;
    }
  };

  it('one certificate serves all fields and operations of its request, and no other request', async () => {
    const url = await start();
    const batch = [{ query: '{ a: me b: me order(id: "1") { id } }' }, { query: '{ greet }' }];
    expect(await post(url, batch, GOOD)).toEqual([
      { a: 'test-user', b: 'test-user', order: { id: '1' } },
      { greet: 'test-user' },
    ]);
    for (const [headers, code] of CASES) {
      expect(await post(url, { query: '{ me }' }, headers)).toEqual([code ?? { me: 'test-user' }]);
    }
    const strange = await start(options(STRANGERS));
    expect(await post(strange, { query: '{ me }' }, GOOD)).toEqual(['certificate_untrusted']);
  });

  it('graphql-ws: it is that of the upgrade, wherever the token is, and never of connectionParams', async () => {
    const url = await start();
    const params = { Authorization: AUTHORIZATION };
    for (const [headers, code] of CASES) {
      expect(await subscribe(url, headers, params)).toBe(code ?? 'test-user');
    }
    expect(await subscribe(url, { ...GOOD, authorization: AUTHORIZATION }, {})).toBe('test-user');
    expect(await subscribe(url, {}, { ...params, ...GOOD })).toBe('certificate_missing');
    expect(await subscribe(url, {}, { headers: { ...params, ...GOOD } })).toBe('certificate_missing');
    expect(await subscribe(await start(options(STRANGERS)), GOOD, params)).toBe('certificate_untrusted');
  });
});

describe.each([
  ['the guard alone', undefined],
  ['guardSockets and the guard', {}],
] as const)('certificates with sockets: %s', (_name, atConnect) => {
  const guarded = atConnect && { atConnect };

  it('ws: that of the upgrade serves all messages of its socket', async () => {
    const gateways = atConnect === undefined ? [RememberingGateway] : [OrdersGateway];
    const start = async (own = options()): Promise<string> => {
      const { app, url } = await startSockets({ library: 'ws', gateways, ...guarded }, own);
      open.push(() => app.close());
      return url;
    };
    const ask = (url: string, headers: object): WebSocket => {
      const socket = openWs(url, { headers: { authorization: AUTHORIZATION, ...headers } });
      open.push(() => socket.terminate());
      return socket;
    };
    const url = await start();
    for (const [headers, code] of CASES) {
      const expected = code === undefined ? { value: 'test-user' } : { code };
      expect(await askWs(ask(url, headers), 'me')).toMatchObject(expected);
    }
    const socket = ask(url, GOOD);
    expect([await askWs(socket, 'me'), await askWs(socket, 'greet')]).toEqual([
      { value: 'test-user' },
      { value: 'test-user' },
    ]);
    expect(await askWs(ask(await start(options(STRANGERS)), GOOD), 'me')).toMatchObject({
      code: 'certificate_untrusted',
    });
  });

  it.each([['websocket'], ['polling']])('socket.io over %s: that of the handshake', async (transport) => {
    const start = async (own = options()): Promise<string> => {
      const setup = { library: 'socket.io' as const, gateways: [OrdersGateway], ...guarded };
      const { app, url } = await startSockets(setup, own);
      open.push(() => app.close());
      return url;
    };
    const ask = async (url: string, extraHeaders: object, auth: object): Promise<unknown> => {
      const socket = io(url, {
        ...IO_OPTIONS,
        transports: [transport],
        extraHeaders: extraHeaders as Record<string, string>,
        auth,
      });
      open.push(() => socket.disconnect());
      return askIo(socket, 'me');
    };
    const url = await start();
    const auth = { token: AUTHORIZATION };
    for (const [headers, code] of CASES) {
      const expected = code === undefined ? { value: 'test-user' } : { code };
      expect(await ask(url, headers, auth)).toMatchObject(expected);
    }
    expect(await ask(url, { ...GOOD, authorization: AUTHORIZATION }, {})).toEqual({ value: 'test-user' });
    expect(await ask(url, {}, { ...auth, ...GOOD })).toMatchObject({ code: 'certificate_missing' });
    expect(await ask(await start(options(STRANGERS)), GOOD, auth)).toMatchObject({
      code: 'certificate_untrusted',
    });
  });
});

it.each(['socket', 'client-cert'] as const)(
  'socket.io over polling, %s: the certificate is that of the request that opens the session, also if its connection is closed',
  async (certificate) => {
    const mtls =
      certificate === 'socket' ? { certificate } : { certificate, trustedProxies: ['127.0.0.1', '::1'] };
    const own = issuer.moduleOptions({ senderConstrained: 'accept', dpop: false, mtls });
    const tls = certificate === 'socket' ? ASKING : null;
    const builder = Test.createTestingModule({
      imports: [IdentityModule.forRoot(own)],
      providers: [OrdersGateway],
    });
    const module = await builder.compile();
    const app = module.createNestApplication(new ExpressAdapter(), {
      logger: false,
      ...(tls && { httpsOptions: tls }),
    });
    open.push(() => app.close());
    app.useWebSocketAdapter(guardSockets(app, new IoAdapter(app)));
    await app.listen(0, '127.0.0.1');
    const { port } = (app.getHttpServer() as Server).address() as AddressInfo;
    const client = issuer.certificate();
    const poll = async (method: string, query: string, body?: string): Promise<string> => {
      const path = `/socket.io/?EIO=4&transport=polling${query}`;
      const headers = { ...(tls === null && GOOD), connection: 'close' };
      const answer = await askPort(port, {
        method,
        path,
        headers,
        certificate: client,
        plain: tls === null,
        body,
      });
      return answer.body;
    };
    const { sid } = JSON.parse((await poll('GET', '')).slice(1)) as { sid: string };
    // Each request had a connection, which is closed now.
    await new Promise((resolve) => setTimeout(resolve, 100));
    await poll('POST', `&sid=${sid}`, `40${JSON.stringify({ token: AUTHORIZATION })}`);
    expect(await poll('GET', `&sid=${sid}`)).toMatch(/^40\{"sid":/);
  },
);

describe('certificates with microservices', () => {
  it('are not known: a bound token is refused, whatever the message says', async () => {
    const wire = {
      transport: Transport.TCP,
      options: { host: '127.0.0.1', port: await freePort() },
    } as const;
    const client = ClientProxyFactory.create(wire);
    open.push(() => client.close());
    const service = await startService({ ...options(), transports: { tokenFromPayload: true } }, wire);
    open.push(() => service.close());
    const refused = { status: 401, code: 'sender_constrained' };
    const token = issuer.token({ certificate: true });
    expect(await send(client, 'me', { access_token: token })).toEqual(refused);
    expect(await send(client, 'me', { access_token: issuer.token() })).toEqual({ value: 'test-user' });
    if (!nestLine.packetMetadata) return;
    withMetadata(client, { authorization: AUTHORIZATION, ...GOOD });
    expect(await send(client, 'me', {})).toEqual(refused);
  });
});
