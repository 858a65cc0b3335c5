import { once } from 'node:events';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { Logger, UseGuards, type DynamicModule, type INestApplication, type Type } from '@nestjs/common';
import { GraphQLModule, Query, Resolver, Subscription } from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { Claims, IdentityAuthGuard, IdentityModule, Public, RequireScopes } from 'nestjs-identity-model';
import { TestClock, TestIssuer } from 'nestjs-identity-model/testing';
import { createApp, type Platform } from './support/create-app.js';
import { post, type GraphqlAnswer } from './support/transports/graphql.js';
import { bearer } from './support/transports/target.js';
import { isAtLeast, versionOf } from './support/version-of.js';

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

@Public()
@UseGuards(IdentityAuthGuard)
@Resolver()
class OpenResolver {
  @Query(() => String) open(): string {
    return 'open';
  }
}

/** By the number: the library finds it out in another way. */
const APOLLO_COPIES = isAtLeast(versionOf('@nestjs/apollo'), [14, 0, 3]);

const issuer = TestIssuer.inMemory({ audience: 'orders-api' });
let app: INestApplication | undefined;
let clock = new TestClock();
const sockets: WebSocket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  await app?.close();
  app = undefined;
});

async function start(
  platform: Platform,
  graphql: DynamicModule,
  resolver: Type = MeResolver,
): Promise<string> {
  clock = new TestClock();
  const started = await createApp(
    platform,
    { imports: [IdentityModule.forRoot(issuer.moduleOptions()), graphql], providers: [resolver] },
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
  let shared: object;
  const again = (): object => shared;
  const adas = issuer.token({ sub: 'ada', scope: 'w' });

  beforeEach(() => {
    shared = { flavour: 'vanilla' };
  });

  /** Nobody is taken for ada, whoever is first. */
  async function expectNoMixUp(url: string): Promise<void> {
    const others = [undefined, issuer.token({ sub: 'eve' }), 'garbage'];
    const together = await Promise.all(
      [adas, ...others, adas, ...others].map(async (token) => ({
        token,
        answer: await post(url, '{ w }', token),
      })),
    );
    const after = [];
    for (const token of others) after.push({ token, answer: await post(url, '{ w }', token) });
    for (const { token, answer } of [...together, ...after]) {
      if (token === adas && answer.data?.['w'] === 'ada') continue;
      expect(answer.data?.['w']).toBeUndefined();
      // Of the guard, of the driver, or (Mercurius) of Fastify.
      expect(JSON.stringify(answer)).toMatch(/"errors":\[\{|"statusCode":500/);
    }
  }

  const platforms = ['express', 'fastify'] as const;

  it.each(platforms)('Apollo on %s, an object: nobody is taken for another', async (platform) => {
    const started = start(platform, apollo({ flavour: 'vanilla' }));
    if (APOLLO_COPIES) {
      const url = await started;
      expect((await post(url, '{ w }', adas)).data).toEqual({ w: 'ada' });
      expect(codesOf(await post(url, '{ w }'))).toEqual(['token_missing']);
      expect(codesOf(await post(url, '{ w }', issuer.token({ sub: 'eve' })))).toEqual(['scope_missing']);
      await expectNoMixUp(url);
    } else {
      await expect(started).rejects.toMatchObject({
        code: 'options_invalid',
        message: expect.stringMatching(
          /"context" of GraphQLModule is an object.*makes a new object/,
        ) as string,
      });
    }
  });

  it.each(platforms)('Apollo on %s, one that a function hands out again: served once', async (platform) => {
    const url = await start(platform, apollo(again));
    expect((await post(url, '{ w }', adas)).data).toEqual({ w: 'ada' });
    expect((await post(url, '{ w }', adas)).data?.['w']).toBeUndefined();
    await expectNoMixUp(url);
  });

  it('one that a function puts the request into, and hands out again: nobody is taken for another', async () => {
    const waiting: (() => void)[] = [];
    const context = async ({ req }: { readonly req: object }): Promise<object> => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return Object.assign(shared, { req });
    };
    const url = await start('express', apollo(context));
    const anonymous = post(url, '{ w }');
    await expect.poll(() => waiting.length).toBe(1);
    const known = post(url, '{ w }', adas);
    await expect.poll(() => waiting.length).toBe(2);
    // Both go on at the same time: ada's request replaces the one in the object before the driver has read it.
    for (const goOn of waiting) goOn();
    expect((await anonymous).data?.['w']).toBeUndefined();
    expect((await known).data?.['w']).toBeUndefined();
  });

  it('a new one each time, with the headers of the first request: nobody is taken for another', async () => {
    let kept: object | undefined;
    const context = ({ req }: { readonly req: { readonly headers: object } }): object => ({
      req: { headers: (kept ??= req.headers) },
    });
    const url = await start('express', apollo(context));
    expect((await post(url, '{ w }', adas)).data).toEqual({ w: 'ada' });
    await expectNoMixUp(url);
  });

  it('a driver of the application that cannot be tried: the worse is assumed', async () => {
    class PickyDriver extends ApolloDriver {
      override async mergeDefaultOptions(options: ApolloDriverConfig): Promise<ApolloDriverConfig> {
        if (!('flavour' in (options.context as object))) throw new Error('no flavour');
        return super.mergeDefaultOptions(options);
      }
    }
    const module = GraphQLModule.forRoot<ApolloDriverConfig>({
      driver: PickyDriver,
      autoSchemaFile: true,
      graphiql: false,
      context: { flavour: 'vanilla' },
    });
    await expect(start('express', module)).rejects.toMatchObject({ code: 'options_invalid' });
  });

  it('says in the log why such a request is refused, and the caller learns nothing of it', async () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const url = await start('fastify', mercurius(again));
    await post(url, '{ w }', adas);
    const answers = [await post(url, '{ w }', adas), await post(url, '{ w }', adas)];
    expect(
      warn.mock.calls.flat().filter((line) => String(line).includes('"context" of GraphQLModule')),
    ).toEqual([
      expect.stringMatching(
        /answered with 500.*has returned the object of another request.*makes a new object/,
      ),
    ]);
    expect(JSON.stringify(answers)).not.toMatch(/GraphQLModule|ada/);
  });

  it('Mercurius, an object: no start', async () => {
    await expect(start('fastify', mercurius({ flavour: 'vanilla' }))).rejects.toMatchObject({
      code: 'options_invalid',
    });
  });

  it('Mercurius, one that a function hands out again: nobody is taken for another', async () => {
    await expectNoMixUp(await start('fastify', mercurius(again)));
  });

  it.each([
    ['Mercurius', 'fastify', mercurius],
    ['Apollo', 'express', apollo],
    ['Apollo', 'fastify', apollo],
  ] as const)('%s on %s, a new one each time: works', async (_name, platform, graphql) => {
    const url = await start(
      platform,
      graphql(() => ({ flavour: 'vanilla' })),
    );
    expect((await post(url, '{ w }', adas)).data).toEqual({ w: 'ada' });
    expect(codesOf(await post(url, '{ w }'))).toEqual(['token_missing']);
  });

  it('leaves an application alone whose operations are all public', async () => {
    const url = await start('fastify', mercurius({ flavour: 'vanilla' }), OpenResolver);
    expect((await post(url, '{ open }')).data).toEqual({ open: 'open' });
    expect((await post(url, '{ open }')).data).toEqual({ open: 'open' });
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

  it('is refused where the context is that of another socket', async () => {
    const shared = {};
    const url = await start(
      'express',
      apollo(({ connectionParams, extra, req }: Session) =>
        req === undefined ? Object.assign(shared, { connectionParams, extra }) : { req },
      ),
    );
    const ada = await talk(url, issuer.token({ sub: 'ada' }));
    ada.send({ type: 'connection_init', payload: {} });
    await ada.hear('connection_ack');
    ada.send(subscribe('1'));
    expect(await ada.hear('next')).toMatchObject({ payload: { data: { meEvents: 'ada' } } });
    const stranger = await talk(url);
    const closed = once(stranger.socket, 'close').then(() => 'closed');
    stranger.send({ type: 'connection_init', payload: {} });
    await stranger.hear('connection_ack');
    stranger.send(subscribe('1'));
    const answer = JSON.stringify(await Promise.race([closed, stranger.hear('next')]));
    expect(answer).toMatch(/closed|"errors"/);
    expect(answer).not.toContain('ada');
    // What is in the object now is the stranger's.
    ada.send(subscribe('2'));
    expect(await ada.hear('next')).toMatchObject({ id: '2', payload: { data: { meEvents: 'ada' } } });
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
