import { ClientProxyFactory, Transport } from '@nestjs/microservices';
import { io, type Socket } from 'socket.io-client';
import type { WebSocket } from 'ws';
import { memoryStore, type IdentityModuleOptions } from 'nestjs-identity-model';
import { TestIssuer } from 'nestjs-identity-model/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { nestLine } from './support/nest-line.js';
import {
  connect,
  GRAPHQL_SERVERS,
  startGraphql,
  type GraphqlAnswer,
  type GraphqlServer,
} from './support/transports/graphql.js';
import { freePort, send, startService, withMetadata } from './support/transports/microservices.js';
import {
  AdminGateway,
  askIo,
  askWs,
  IO_OPTIONS,
  openWs,
  OrdersGateway,
  RememberingGateway,
  startSockets,
} from './support/transports/sockets.js';

/** What clients call; nothing of the test knows it but the options. */
const PUBLIC_URL = 'https://api.example.com';
const NONCE = { secrets: ['a secret of thirty-two characters'] };
const SERVERS = Object.keys(GRAPHQL_SERVERS) as GraphqlServer[];

const issuer = TestIssuer.inMemory();
const options = (own: IdentityModuleOptions = {}): IdentityModuleOptions =>
  issuer.moduleOptions({ publicUrl: PUBLIC_URL, senderConstrained: 'accept', ...own });

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

/** Both headers, for the request that opens a socket or carries an operation. */
const bound = (method: string, path: string): { authorization: string; dpop: string } =>
  issuer.dpopHeaders(method, PUBLIC_URL + path);
const refused = (code: string, more: object = {}): object => ({ status: 401, code, ...more });

describe.each(SERVERS)('DPoP with GraphQL: %s', (server) => {
  const start = async (own?: IdentityModuleOptions): Promise<string> => {
    const { app, url } = await startGraphql(server, options(own));
    open.push(() => app.close());
    return url;
  };
  const post = async (
    url: string,
    query: string | readonly string[],
    headers: object,
  ): Promise<{ response: Response; answers: readonly GraphqlAnswer[] }> => {
    const body = typeof query === 'string' ? { query } : query.map((each) => ({ query: each }));
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    const json = (await response.json()) as GraphqlAnswer | GraphqlAnswer[];
    return { response, answers: Array.isArray(json) ? json : [json] };
  };
  const codesOf = (answers: readonly GraphqlAnswer[]): unknown[] =>
    answers.flatMap(({ errors = [] }) => errors.map(({ extensions }) => extensions?.['code']));

  it('a proof serves all fields and operations of its request, and no other request', async () => {
    const url = await start({ store: memoryStore() });
    const headers = bound('POST', '/graphql');
    const { answers } = await post(url, ['{ a: me b: me order(id: "1") { id } }', '{ greet }'], headers);
    expect(answers.map(({ data }) => data)).toEqual([
      { a: 'test-user', b: 'test-user', order: { id: '1' } },
      { greet: 'test-user' },
    ]);
    expect(codesOf((await post(url, '{ me }', headers)).answers)).toEqual(['proof_replayed']);
  });

  it('a proof is for POST and the URL of the endpoint, and a bound token is no bearer token', async () => {
    const url = await start();
    const { authorization } = bound('POST', '/graphql');
    const cases = [
      ['proof_invalid', bound('GET', '/graphql')],
      ['proof_invalid', bound('POST', '/')],
      ['proof_missing', { authorization }],
      [
        'sender_constrained',
        { ...bound('POST', '/graphql'), authorization: authorization.replace('DPoP', 'Bearer') },
      ],
    ] as const;
    for (const [code, headers] of cases) {
      expect(codesOf((await post(url, '{ me }', headers)).answers)).toEqual([code]);
    }
  });

  it('a nonce is asked for beside the code, and in the header where the context has the response', async () => {
    const url = await start({ dpop: { nonce: NONCE } });
    const { response, answers } = await post(url, '{ me }', bound('POST', '/graphql'));
    const nonce = answers[0]?.errors?.[0]?.extensions?.['dpopNonce'];
    expect(codesOf(answers)).toEqual(['proof_nonce_needed']);
    expect(nonce).toMatch(/^[\w.-]{20,60}$/);
    // The context that Nest makes for Apollo on Fastify leads to no response.
    expect(response.headers.get('dpop-nonce')).toBe(server === 'Apollo on Fastify' ? null : nonce);
    const token = issuer.token({ dpop: true });
    const dpop = issuer.dpop('POST', `${PUBLIC_URL}/graphql`, token, { nonce: String(nonce) });
    const second = await post(url, '{ me }', { authorization: `DPoP ${token}`, dpop });
    expect(second.answers).toEqual([{ data: { me: 'test-user' } }]);
  });

  describe('subscriptions over graphql-ws', () => {
    const subscribe = async (client: ReturnType<typeof connect>): Promise<unknown> => {
      const subscription = client.iterate({ query: 'subscription { meEvents }' });
      try {
        const { value } = (await subscription.next()) as IteratorResult<GraphqlAnswer, GraphqlAnswer>;
        const [error] = value.errors ?? [];
        return error?.extensions?.['code'] ?? value.data?.['meEvents'];
      } catch (error) {
        if (!Array.isArray(error)) throw error;
        return (error as { extensions?: { code?: unknown } }[])[0]?.extensions?.code;
      }
    };
    const opened = (url: string, params: Record<string, unknown>): ReturnType<typeof connect> => {
      const client = connect(url, params);
      open.push(() => client.dispose());
      return client;
    };

    it('a proof in connectionParams serves its connection, and no other one', async () => {
      const url = await start();
      const { authorization: Authorization, dpop: DPoP } = bound('GET', '/graphql');
      const client = opened(url, { Authorization, DPoP });
      expect([await subscribe(client), await subscribe(client)]).toEqual(['test-user', 'test-user']);
      expect(await subscribe(opened(url, { Authorization, DPoP }))).toBe('proof_replayed');
      expect(await subscribe(opened(url, { headers: bound('GET', '/graphql') }))).toBe('test-user');
    });

    it('a proof is for GET and the https URL of the socket, and needed', async () => {
      const url = await start();
      const { authorization } = bound('GET', '/graphql');
      const token = authorization.slice('DPoP '.length);
      const ofSocket = issuer.dpop('GET', 'wss://api.example.com/graphql', token);
      const cases = [
        ['proof_invalid', bound('POST', '/graphql')],
        ['proof_invalid', { authorization, dpop: ofSocket }],
        ['proof_missing', { authorization }],
        ['sender_constrained', { authorization: `Bearer ${token}` }],
      ] as const;
      for (const [code, params] of cases) expect(await subscribe(opened(url, { ...params }))).toBe(code);
    });
  });
});

describe.each([
  ['the guard alone', undefined],
  ['guardSockets and the guard', {}],
] as const)('DPoP with sockets of ws: %s', (_name, atConnect) => {
  const gateways = atConnect === undefined ? [RememberingGateway] : [OrdersGateway];
  const start = async (
    own?: IdentityModuleOptions,
  ): Promise<(headers: object, path?: string) => WebSocket> => {
    const setup = { library: 'ws' as const, gateways, ...(atConnect && { atConnect }) };
    const { app, url } = await startSockets(setup, options(own));
    open.push(() => app.close());
    return (headers, path = '/?room=1') => {
      const socket = openWs(url, { headers: headers as Record<string, string> }, path);
      open.push(() => socket.terminate());
      return socket;
    };
  };

  it('a proof of the upgrade serves all messages of its socket, and no other socket', async () => {
    const connectWith = await start({ store: memoryStore() });
    const headers = bound('GET', '/');
    const socket = connectWith(headers);
    expect([await askWs(socket, 'me'), await askWs(socket, 'greet')]).toEqual([
      { value: 'test-user' },
      { value: 'test-user' },
    ]);
    expect(await askWs(connectWith(headers), 'me')).toMatchObject({ code: 'proof_replayed' });
    expect(await askWs(socket, 'me')).toEqual({ value: 'test-user' });
  });

  it('a proof is for GET and the https URL of the socket, and needed', async () => {
    const connectWith = await start();
    const { authorization } = bound('GET', '/');
    const token = authorization.slice('DPoP '.length);
    const cases = [
      ['proof_invalid', bound('POST', '/')],
      ['proof_invalid', bound('GET', '/elsewhere')],
      ['proof_invalid', { authorization, dpop: issuer.dpop('GET', 'wss://api.example.com/', token) }],
      ['proof_missing', { authorization }],
      [
        'sender_constrained',
        { authorization: `Bearer ${token}`, dpop: issuer.dpop('GET', `${PUBLIC_URL}/`, token) },
      ],
    ] as const;
    for (const [code, headers] of cases) {
      expect(await askWs(connectWith(headers), 'me')).toMatchObject({ code });
    }
    expect(await askWs(connectWith({ authorization: issuer.bearer() }), 'me')).toEqual({
      value: 'test-user',
    });
  });
});

describe.each([
  ['the guard alone', undefined],
  ['guardSockets and the guard', {}],
] as const)('DPoP with socket.io: %s', (_name, atConnect) => {
  const start = async (own?: IdentityModuleOptions): Promise<(how: object, namespace?: string) => Socket> => {
    const gateways = [OrdersGateway, AdminGateway];
    const setup = { library: 'socket.io' as const, gateways, ...(atConnect && { atConnect }) };
    const { app, url } = await startSockets(setup, options(own));
    open.push(() => app.close());
    return (how, namespace = '') => {
      const socket = io(url + namespace, { ...IO_OPTIONS, ...how });
      open.push(() => socket.disconnect());
      return socket;
    };
  };
  const inAuth = ({ authorization, dpop }: ReturnType<typeof bound>): object => ({
    auth: { token: authorization, dpop },
  });

  it.each([
    ['headers', (headers: object): object => ({ extraHeaders: headers })],
    ['auth', inAuth as (headers: object) => object],
  ])('a proof in %s serves all messages of its socket, and no other socket', async (_place, how) => {
    const connectWith = await start({ store: memoryStore() });
    const headers = bound('GET', '/socket.io/');
    const socket = connectWith(how(headers));
    expect([await askIo(socket, 'me'), await askIo(socket, 'greet')]).toEqual([
      { value: 'test-user' },
      { value: 'test-user' },
    ]);
    expect(await askIo(connectWith(how(headers)), 'me')).toMatchObject(refused('proof_replayed'));
    expect(await askIo(socket, 'me')).toEqual({ value: 'test-user' });
  });

  it('a proof of the upgrade serves all namespaces of its connection', async () => {
    const connectWith = await start();
    const how = { extraHeaders: bound('GET', '/socket.io/'), forceNew: false, multiplex: true };
    const [one, admin] = [connectWith(how), connectWith(how, '/admin')];
    expect(one.io).toBe(admin.io);
    expect([await askIo(one, 'me'), await askIo(admin, 'me')]).toEqual([
      { value: 'test-user' },
      { value: 'test-user' },
    ]);
  });

  it('a proof is for GET and the https URL of the socket, and needed', async () => {
    const connectWith = await start();
    const good = bound('GET', '/socket.io/');
    const asBearer = good.authorization.replace('DPoP', 'Bearer');
    const cases = [
      ['proof_invalid', inAuth(bound('POST', '/socket.io/'))],
      ['proof_invalid', inAuth(bound('GET', '/'))],
      ['proof_missing', { auth: { token: good.authorization } }],
      ['proof_malformed', { auth: { token: good.authorization, dpop: ['x', 'y'] } }],
      ['proof_malformed', { auth: { token: good.authorization, dpop: { length: 1 } } }],
      ['sender_constrained', { auth: { token: asBearer, dpop: good.dpop } }],
      ['authorization_malformed', { ...inAuth(good), extraHeaders: { authorization: issuer.bearer() } }],
    ] as const;
    for (const [code, how] of cases) expect(await askIo(connectWith(how), 'me')).toMatchObject({ code });
  });

  it('a nonce is asked for beside the code', async () => {
    const connectWith = await start({ dpop: { nonce: NONCE } });
    const socket = connectWith(inAuth(bound('GET', '/socket.io/')));
    const event = atConnect === undefined ? 'exception' : 'connect_error';
    const answer = new Promise<Record<string, unknown>>((resolve) => {
      socket.on(event, (body: { data?: Record<string, unknown> }) =>
        resolve(body.data ?? (body as Record<string, unknown>)),
      );
    });
    socket.emit('me', {});
    expect(await answer).toMatchObject({
      code: 'proof_nonce_needed',
      dpopNonce: expect.stringMatching(/^[\w.-]{20,60}$/),
    });
  });
});

describe('DPoP with microservices', () => {
  it('is refused: no proof is defined for a message', async () => {
    const wire = {
      transport: Transport.TCP,
      options: { host: '127.0.0.1', port: await freePort() },
    } as const;
    const client = ClientProxyFactory.create(wire);
    open.push(() => client.close());
    const transports = { tokenFromPayload: true };
    const service = await startService(options({ transports }), wire);
    open.push(() => service.close());
    const token = issuer.token({ dpop: true });
    expect(await send(client, 'me', { access_token: token })).toEqual(refused('sender_constrained'));
    expect(await send(client, 'me', { access_token: issuer.token() })).toEqual({ value: 'test-user' });
    if (!nestLine.packetMetadata) return;
    const dpop = issuer.dpop('GET', `${PUBLIC_URL}/me`, token);
    withMetadata(client, { authorization: `DPoP ${token}`, dpop });
    expect(await send(client, 'me', {})).toEqual(refused('sender_constrained'));
    withMetadata(client, { authorization: `DPoP ${issuer.token()}`, dpop });
    expect(await send(client, 'me', {})).toEqual(refused('sender_unconstrained'));
  });
});
