import { once } from 'node:events';
import type { INestApplication } from '@nestjs/common';
import type { Client } from 'graphql-ws';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { TokenValidationService } from 'nestjs-identity-model';
import { FakeClock } from './support/fake-clock.js';
import { ProviderDouble } from './support/provider-double.js';
import {
  connect,
  GRAPHQL_SERVERS,
  post,
  startGraphql,
  type GraphqlAnswer,
  type GraphqlServer,
} from './support/transports/graphql.js';

const SERVERS = Object.keys(GRAPHQL_SERVERS) as GraphqlServer[];
const LIFE_MS = 300_000;

describe.each(SERVERS)('attacks on GraphQL: %s', (server) => {
  let provider: ProviderDouble;
  let clock: FakeClock;
  let app: INestApplication;
  let url: string;
  const clients: { dispose?(): unknown; terminate?(): void }[] = [];

  beforeEach(async () => {
    provider = await ProviderDouble.start();
    clock = new FakeClock(Date.now());
    ({ app, url } = await startGraphql(
      server,
      { issuer: provider.issuer, audience: 'orders-api', warmUp: 'await' },
      clock,
    ));
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) {
      await client.dispose?.();
      client.terminate?.();
    }
    await app.close();
    await provider.stop();
  });

  const stats = (): object => app.get(TokenValidationService).stats();
  const codes = ({ errors }: GraphqlAnswer): unknown[] =>
    (errors ?? []).map((each) => each.extensions?.['code']);
  const open = (params: Record<string, unknown>): Client => {
    const client = connect(url, params);
    clients.push(client);
    return client;
  };
  const firstOf = async (client: Client, field: string): Promise<unknown> =>
    client
      .iterate({ query: `subscription { ${field} }` })
      .next()
      .then(
        ({ value }: { value?: GraphqlAnswer }) => (value?.errors === undefined ? value?.data : codes(value)),
        (errors: unknown) => (Array.isArray(errors) ? codes({ errors: errors as never }) : errors),
      );

  it('validates a token once for a thousand aliased fields', async () => {
    const aliases = Array.from({ length: 1_000 }, (_, index) => `a${String(index)}: me`).join(' ');
    const { data } = await post(url, `{ ${aliases} }`, provider.token());
    expect(Object.values(data ?? {}).filter((value) => value === 'user-1')).toHaveLength(1_000);
    expect(stats()).toEqual({ validated: 1, rejected: 0 });
  });

  it('refuses a bad token once for a thousand aliased fields, optional ones included', async () => {
    const aliases = Array.from(
      { length: 500 },
      (_, index) => `a${String(index)}: me b${String(index)}: greet`,
    );
    const answer = await post(url, `{ ${aliases.join(' ')} }`, provider.token({ exp: 1 }));
    expect(answer.data ?? null).toBeNull();
    expect(new Set(codes(answer))).toEqual(new Set(['token_expired']));
    expect(stats()).toEqual({ validated: 0, rejected: 1 });
  });

  it('decides about each operation of a batch, over one validation', async () => {
    const batch = ['{ me }', 'mutation { create }', '{ open }', '{ greet }'];
    const good = await post<GraphqlAnswer[]>(url, batch, provider.token());
    expect(good.map((each) => each.data?.['me'] ?? codes(each)[0] ?? each.data)).toEqual([
      'user-1',
      'scope_missing',
      { open: 'undefined' },
      { greet: 'user-1' },
    ]);
    expect(stats()).toEqual({ validated: 1, rejected: 0 });
    const none = await post<GraphqlAnswer[]>(url, batch);
    expect(none.map((each) => codes(each)[0] ?? each.data)).toEqual([
      'token_missing',
      'token_missing',
      { open: 'undefined' },
      { greet: 'stranger' },
    ]);
  });

  it('hands no claims to a public field beside a guarded one, in either order', async () => {
    const token = provider.token();
    expect((await post(url, '{ me open }', token)).data).toEqual({ me: 'user-1', open: 'undefined' });
    expect((await post(url, '{ open me }', token)).data).toEqual({ open: 'undefined', me: 'user-1' });
    // A public field lets nothing else through.
    expect(codes(await post(url, '{ open order(id: "1") { id owner } }'))).toEqual(['token_missing']);
  });

  it('hands field resolvers the claims of their operation', async () => {
    const { data } = await post(url, '{ order(id: "1") { id owner } }', provider.token());
    expect(data).toEqual({ order: { id: '1', owner: 'user-1' } });
  });

  it('reads no token from arguments, variables, extensions or the URL', async () => {
    const token = provider.token();
    expect(
      codes(await post(`${url}?access_token=${token}`, `{ order(id: "Bearer ${token}") { id } }`)),
    ).toEqual(['token_missing']);
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        query: '{ me }',
        variables: { access_token: token },
        extensions: {
          authorization: `Bearer ${token}`,
          connectionParams: { authorization: `Bearer ${token}` },
        },
        connectionParams: { authorization: `Bearer ${token}` },
      }),
    });
    expect(codes((await response.json()) as GraphqlAnswer)).toEqual(['token_missing']);
  });

  it('answers with the code, the status and its words, and nothing of the token', async () => {
    const token = provider.token({ exp: 1, sub: 'somebody' });
    const answer = await post(url, '{ me }', token);
    expect(answer.errors?.[0]).toMatchObject({
      message: 'Unauthorized',
      extensions: { code: 'token_expired', status: 401 },
    });
    const text = JSON.stringify(answer);
    for (const secret of [token, token.split('.')[2] ?? '', 'somebody']) expect(text).not.toContain(secret);
  });

  it.each([
    [
      'two different ones',
      (token: string) => ({ Authorization: `Bearer ${token}`, authorization: 'Bearer x' }),
    ],
    ['a list', (token: string) => ({ Authorization: [`Bearer ${token}`, `Bearer ${token}`] })],
    ['an object', (token: string) => ({ Authorization: { token } })],
    ['two tokens', (token: string) => ({ Authorization: `Bearer ${token} ${token}` })],
  ])('refuses connectionParams with %s', async (_name, params) => {
    expect(await firstOf(open(params(provider.token())), 'meEvents')).toEqual(['authorization_malformed']);
  });

  it.each([
    ['Basic', { Authorization: 'Basic dXNlcjpwYXNz' }],
    ['under another name', { token: 'x', access_token: 'x' }],
  ])('takes connectionParams with a token %s for none', async (_name, params) => {
    expect(await firstOf(open({ ...params }), 'meEvents')).toEqual(['token_missing']);
  });

  it('ends a subscription when its token expires', async () => {
    const socket = new WebSocket(url.replace(/^http/, 'ws'), 'graphql-transport-ws');
    clients.push(socket);
    const closed = once(socket, 'close');
    await once(socket, 'open');
    const init = { type: 'connection_init', payload: { Authorization: `Bearer ${provider.token()}` } };
    socket.send(JSON.stringify(init));
    await once(socket, 'message');
    socket.send(
      JSON.stringify({ id: '1', type: 'subscribe', payload: { query: 'subscription { meEvents }' } }),
    );
    const [first] = (await once(socket, 'message')) as [unknown];
    expect(JSON.parse(String(first))).toMatchObject({
      type: 'next',
      payload: { data: { meEvents: 'user-1' } },
    });
    await clock.advance(LIFE_MS + 29_000);
    expect(socket.readyState).toBe(WebSocket.OPEN);
    await clock.advance(2_000);
    const [code, reason] = (await closed) as [number, Buffer];
    // Mercurius hands on no WebSocket, only the connection under it.
    if (server === 'Mercurius') expect(code).toBe(1006);
    else expect([code, String(reason)]).toEqual([4403, 'token_expired']);
  });

  it('refuses a subscription on a socket that outlived its token', async () => {
    const client = open({ Authorization: `Bearer ${provider.token()}` });
    expect(await firstOf(client, 'meEvents')).toEqual({ meEvents: 'user-1' });
    // The wall clock alone: no timer has had its chance yet.
    clock.jumpWall(LIFE_MS + 31_000);
    expect(await firstOf(client, 'meEvents')).toEqual(['token_expired']);
    expect(await firstOf(client, 'openEvents')).toEqual({ openEvents: 'undefined' });
  });

  it('serves nothing on a socket before its handshake', async () => {
    const socket = new WebSocket(url.replace(/^http/, 'ws'), 'graphql-transport-ws');
    clients.push(socket);
    const heard: string[] = [];
    socket.on('message', (raw: Buffer) => heard.push(raw.toString()));
    await once(socket, 'open');
    for (const field of ['meEvents', 'openEvents']) {
      const payload = {
        query: `subscription { ${field} }`,
        extensions: { authorization: `Bearer ${provider.token()}` },
      };
      socket.send(JSON.stringify({ id: field, type: 'subscribe', payload }));
    }
    await once(socket, 'close');
    expect(heard.join('')).not.toContain('"next"');
  });
});
