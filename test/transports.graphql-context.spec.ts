import { once } from 'node:events';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { UseGuards, type DynamicModule, type INestApplication } from '@nestjs/common';
import { GraphQLModule, Query, Resolver, Subscription } from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { Claims, IdentityAuthGuard, IdentityModule, RequireScopes } from 'nestjs-identity-model';
import { TestClock, TestIssuer } from 'nestjs-identity-model/testing';
import { createApp, type Platform } from './support/create-app.js';
import { post, type GraphqlAnswer } from './support/transports/graphql.js';
import { bearer } from './support/transports/target.js';

/** One value, and then silence until it is ended. */
async function* oneEvent(sub: string): AsyncGenerator<object> {
  yield { meEvents: sub };
  await new Promise(() => undefined);
}

@UseGuards(IdentityAuthGuard)
@Resolver()
class MeResolver {
  @Query(() => String) me(@Claims('sub') sub: string): string {
    return sub;
  }
  @RequireScopes('w') @Query(() => String) w(@Claims('sub') sub: string): string {
    return sub;
  }
  @Subscription(() => String) meEvents(@Claims('sub') sub: string): AsyncGenerator<object> {
    return oneEvent(sub);
  }
}

const issuer = TestIssuer.inMemory({ audience: 'orders-api' });
let app: INestApplication | undefined;
let clock = new TestClock();
const sockets: WebSocket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  await app?.close();
  app = undefined;
});

async function start(platform: Platform, graphql: DynamicModule): Promise<string> {
  clock = new TestClock();
  const started = await createApp(
    platform,
    { imports: [IdentityModule.forRoot(issuer.moduleOptions()), graphql], providers: [MeResolver] },
    undefined,
    clock,
  );
  app = started.app;
  return `${started.url}/graphql`;
}

const mercurius = (context?: object): DynamicModule =>
  GraphQLModule.forRoot<MercuriusDriverConfig>({
    driver: MercuriusDriver,
    autoSchemaFile: true,
    graphiql: false,
    subscription: true,
    ...(context === undefined ? {} : { context: context as NonNullable<MercuriusDriverConfig['context']> }),
  });

const apollo = (context: object): DynamicModule =>
  GraphQLModule.forRoot<ApolloDriverConfig>({
    driver: ApolloDriver,
    autoSchemaFile: true,
    graphiql: false,
    subscriptions: { 'graphql-ws': true },
    context,
  });

const codesOf = ({ errors }: GraphqlAnswer): unknown[] =>
  (errors ?? []).map(({ extensions }) => extensions?.['code']);

describe('one context object for all requests', () => {
  const SHARED = { flavour: 'vanilla' };

  it.each([
    ['a static one', { flavour: 'vanilla' }],
    ['one that a function hands out again', () => SHARED],
  ])('Mercurius, %s: nobody is taken for whoever came first', async (_name, context) => {
    const url = await start('fastify', mercurius(context));
    await post(url, '{ w }', issuer.token({ sub: 'ada', scope: 'w' }));
    for (const token of [undefined, issuer.token({ sub: 'eve' }), 'garbage']) {
      const answer = await post(url, '{ w }', token);
      expect(answer.data?.['w']).toBeUndefined();
      expect(answer.errors).toHaveLength(1);
    }
  });

  it.each([
    ['express', { flavour: 'vanilla' }],
    ['fastify', { flavour: 'vanilla' }],
  ] as const)('Apollo on %s: each request has its own', async (platform, context) => {
    const url = await start(platform, apollo(context));
    expect((await post(url, '{ w }', issuer.token({ sub: 'ada', scope: 'w' }))).data).toEqual({ w: 'ada' });
    expect(codesOf(await post(url, '{ w }'))).toEqual(['token_missing']);
    expect(codesOf(await post(url, '{ w }', issuer.token({ sub: 'eve' })))).toEqual(['scope_missing']);
  });

  it('Mercurius, a new one each time: works', async () => {
    const url = await start(
      'fastify',
      mercurius(() => ({ flavour: 'vanilla' })),
    );
    expect((await post(url, '{ w }', issuer.token({ sub: 'ada', scope: 'w' }))).data).toEqual({ w: 'ada' });
    expect(codesOf(await post(url, '{ w }'))).toEqual(['token_missing']);
  });
});

interface Talk {
  readonly socket: WebSocket;
  readonly send: (message: object) => void;
  /** The next message of this type. */
  readonly hear: (type: string) => Promise<Record<string, unknown>>;
}

async function talk(url: string, token?: string): Promise<Talk> {
  const headers = bearer(token);
  const socket = new WebSocket(url.replace(/^http/, 'ws'), 'graphql-transport-ws', { headers });
  sockets.push(socket);
  const heard: Record<string, unknown>[] = [];
  let wake = (): void => undefined;
  socket.on('message', (data: Buffer) => {
    heard.push(JSON.parse(data.toString()) as Record<string, unknown>);
    wake();
  });
  await once(socket, 'open');
  return {
    socket,
    send: (message) => socket.send(JSON.stringify(message)),
    hear: async (type) => {
      for (;;) {
        const index = heard.findIndex((each) => each['type'] === type);
        const [found] = index === -1 ? [] : heard.splice(index, 1);
        if (found !== undefined) return found;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
}

const subscribe = (id: string): object => ({
  id,
  type: 'subscribe',
  payload: { query: 'subscription { meEvents }' },
});

describe('a subscription under a context of the application’s making', () => {
  interface Session {
    readonly req?: object;
    readonly extra?: { readonly request: { readonly headers: object } };
    readonly connectionParams?: object;
  }

  it.each([
    ['the upgrade request as req', ({ extra, req }: Session) => ({ req: extra?.request ?? req })],
    [
      'a copy of the upgrade request',
      ({ extra, req }: Session) => ({
        req: extra === undefined ? req : { ...extra.request, headers: extra.request.headers },
      }),
    ],
  ])('ends with its token: %s', async (_name, context) => {
    const url = await start('express', apollo(context));
    const token = issuer.token({ sub: 'ada', expiresInMs: 60_000 });
    const { socket, send, hear } = await talk(url, token);
    send({ type: 'connection_init', payload: {} });
    await hear('connection_ack');
    send(subscribe('1'));
    expect(await hear('next')).toMatchObject({ payload: { data: { meEvents: 'ada' } } });
    const closed = once(socket, 'close');
    await clock.advance(3_600_000);
    await closed;
  });

  it('is refused where the context leads to no socket', async () => {
    const url = await start(
      'express',
      apollo(({ connectionParams, req }: Session) => ({
        req: connectionParams === undefined ? req : { headers: connectionParams },
      })),
    );
    const { send, hear } = await talk(url);
    send({ type: 'connection_init', payload: { authorization: issuer.bearer({ sub: 'ada' }) } });
    await hear('connection_ack');
    send(subscribe('1'));
    const answer = JSON.stringify(await hear('next'));
    expect(answer).toContain('"errors"');
    expect(answer).not.toContain('ada');
  });

  it('ends with the first token of the socket, whichever comes after', async () => {
    const url = await start('fastify', mercurius());
    const first = await talk(url);
    first.send({
      type: 'connection_init',
      payload: { Authorization: issuer.bearer({ sub: 'ada', expiresInMs: 60_000 }) },
    });
    await first.hear('connection_ack');
    first.send(subscribe('1'));
    expect(await first.hear('next')).toMatchObject({ id: '1' });
    first.send({
      type: 'connection_init',
      payload: { Authorization: issuer.bearer({ sub: 'eve', expiresInMs: 86_400_000 }) },
    });
    await first.hear('connection_ack');
    first.send(subscribe('2'));
    expect(await first.hear('next')).toMatchObject({ id: '2' });
    const closed = once(first.socket, 'close');
    await clock.advance(3_600_000);
    await closed;
  });
});
