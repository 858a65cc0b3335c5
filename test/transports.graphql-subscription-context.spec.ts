import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { Logger, UseGuards, type DynamicModule, type INestApplication } from '@nestjs/common';
import { GraphQLModule, GraphQLSchemaHost, Query, Resolver, Subscription } from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { parse } from 'graphql';
import { createClient } from 'graphql-ws';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { Claims, IdentityAuthGuard, IdentityModule } from 'nestjs-identity-model';
import { TestIssuer } from 'nestjs-identity-model/testing';
import { createApp, type Platform } from './support/create-app.js';

async function* oneEvent(sub: string): AsyncGenerator<object> {
  yield { meEvents: sub };
}

@UseGuards(IdentityAuthGuard)
@Resolver()
class MeResolver {
  @Query(() => String) me(@Claims('sub') sub: string): string {
    return sub;
  }
  @Subscription(() => String) meEvents(@Claims('sub') sub: string): AsyncGenerator<object> {
    return oneEvent(sub);
  }
}

/** What graphql-ws knows of a socket. */
interface Session {
  readonly connectionParams?: Readonly<Record<string, unknown>>;
  readonly extra: { readonly request: object };
}

const issuer = TestIssuer.inMemory({ audience: 'orders-api' });
let app: INestApplication | undefined;
let warn = vi.spyOn(Logger.prototype, 'warn');

beforeEach(() => {
  warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
});

afterEach(async () => {
  await app?.close();
  app = undefined;
});

async function start(platform: Platform, graphql: DynamicModule): Promise<string> {
  const started = await createApp(platform, {
    imports: [IdentityModule.forRoot(issuer.moduleOptions()), graphql],
    providers: [MeResolver],
  });
  app = started.app;
  return `${started.url.replace(/^http/, 'ws')}/graphql`;
}

const apollo = (options: object): DynamicModule =>
  GraphQLModule.forRoot<ApolloDriverConfig>({
    driver: ApolloDriver,
    autoSchemaFile: true,
    graphiql: false,
    subscriptions: options,
  });

const mercurius = (context: (socket: unknown, request: object) => object): DynamicModule =>
  GraphQLModule.forRoot<MercuriusDriverConfig>({
    driver: MercuriusDriver,
    autoSchemaFile: true,
    graphiql: false,
    subscription: { context: context as never },
  });

type Place = 'connectionParams' | 'header';

/** The first answer over a socket of its own: of whom the server takes it to be, or anything that has no name in it. */
async function whoIs(url: string, token?: string, place: Place = 'connectionParams'): Promise<unknown> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  class WithHeader extends WebSocket {
    constructor(address: string, protocol: string) {
      super(address, protocol, { headers });
    }
  }
  const client = createClient({
    url,
    webSocketImpl: place === 'header' ? WithHeader : WebSocket,
    retryAttempts: 0,
    connectionParams: place === 'header' ? {} : headers,
  });
  try {
    for await (const { data, errors } of client.iterate({ query: 'subscription { meEvents }' })) {
      return data?.['meEvents'] ?? errors;
    }
    return 'nothing';
  } catch (error) {
    return error;
  } finally {
    await client.dispose();
  }
}

/** Nobody is taken for ada once she has been served. */
async function expectNoMixUp(url: string, place?: Place): Promise<void> {
  expect(await whoIs(url, issuer.token({ sub: 'ada' }), place)).toBe('ada');
  for (const token of [undefined, issuer.token({ sub: 'eve', expiresInMs: -3_600_000 }), 'garbage']) {
    const answer = await whoIs(url, token, place);
    expect(typeof answer).not.toBe('string');
  }
  expect(await whoIs(url, issuer.token({ sub: 'bob' }), place)).not.toBe('ada');
}

describe('a context of subscriptions that serves several sockets: nobody is taken for another', () => {
  it.each<[string, (first: <Value>(value: Value) => Value) => object]>([
    ['handed out again', (first) => ({ 'graphql-ws': { context: (c: Session) => first({ req: c }) } })],
    [
      'handed out again, with the parts of the socket',
      (first) => ({
        'graphql-ws': {
          context: ({ connectionParams, extra }: Session) => first({ connectionParams, extra }),
        },
      }),
    ],
    [
      'handed out again, for all protocols',
      (first) => ({ 'graphql-ws': true, context: (c: Session) => first({ req: c }) }),
    ],
    [
      'made anew, with the socket of the first caller',
      (first) => ({ 'graphql-ws': { context: (c: Session) => ({ req: first(c) }) } }),
    ],
    [
      'of onSubscribe',
      (first) => ({
        'graphql-ws': {
          onSubscribe: (c: Session, _id: string, { query }: { readonly query: string }) => ({
            schema: app?.get(GraphQLSchemaHost, { strict: false }).schema,
            document: parse(query),
            contextValue: first({ req: c }),
          }),
        },
      }),
    ],
  ])('%s', async (_name, optionsWith) => {
    let kept: unknown;
    const first = <Value>(value: Value): Value => (kept ??= value) as Value;
    await expectNoMixUp(await start('express', apollo(optionsWith(first))));
  });

  it('an object that onConnect puts the caller into', async () => {
    const shared: Record<string, unknown> = {};
    const onConnect = ({ connectionParams, extra }: Session): true => {
      Object.assign(shared, { connectionParams, extra });
      return true;
    };
    const url = await start('express', apollo({ 'graphql-ws': { context: shared, onConnect } }));
    expect(typeof (await whoIs(url, issuer.token({ sub: 'ada' })))).toBe('object');
    expect(typeof (await whoIs(url))).toBe('object');
    expect(warn.mock.calls.flat().join('\n')).toContain('is an object for all sockets that says who calls');
  });

  it.each<[string, (request: object, first: <Value>(value: Value) => Value) => object]>([
    ['handed out again', (request, first) => first({ request })],
    ['made anew, with the request of the first caller', (request, first) => ({ request: first(request) })],
  ])('Mercurius, %s', async (_name, make) => {
    let kept: unknown;
    const first = <Value>(value: Value): Value => (kept ??= value) as Value;
    const url = await start(
      'fastify',
      mercurius((_socket, request) => make(request, first)),
    );
    await expectNoMixUp(url, 'header');
  });
});

describe('a context of subscriptions that is made anew', () => {
  it.each<[string, object]>([
    ['of a function', { context: (session: Session) => ({ req: session }) }],
    ['of a function, once for each socket', { context: oncePerSocket() }],
  ])('%s: each socket is its own caller', async (_name, options) => {
    const url = await start('express', apollo({ 'graphql-ws': options }));
    expect(await whoIs(url, issuer.token({ sub: 'ada' }))).toBe('ada');
    expect(await whoIs(url, issuer.token({ sub: 'bob' }))).toBe('bob');
    expect(JSON.stringify(await whoIs(url))).toContain('token_missing');
  });

  it('of Mercurius: each socket is its own caller', async () => {
    const url = await start(
      'fastify',
      mercurius((_socket, request) => ({ request })),
    );
    expect(await whoIs(url, issuer.token({ sub: 'ada' }), 'header')).toBe('ada');
    expect(await whoIs(url, issuer.token({ sub: 'bob' }), 'header')).toBe('bob');
    expect(JSON.stringify(await whoIs(url))).toContain('token_missing');
  });
});

function oncePerSocket(): (session: Session) => object {
  const made = new WeakMap<Session, object>();
  return (session) => {
    const context = made.get(session) ?? { req: session };
    made.set(session, context);
    return context;
  };
}
