import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import {
  Controller,
  Get,
  Injectable,
  Scope,
  type CanActivate,
  type FactoryProvider,
  type INestApplication,
  type ModuleMetadata,
  type Provider,
} from '@nestjs/common';
import { APP_GUARD, ModuleRef } from '@nestjs/core';
import { GraphQLModule, Query } from '@nestjs/graphql';
import { MessagePattern } from '@nestjs/microservices';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { io } from 'socket.io-client';
import { afterEach, describe, expect, it } from 'vitest';
import { IdentityAuthGuard, IdentityModule, RequireScopes } from 'nestjs-identity-model';
import { TestIssuer } from 'nestjs-identity-model/testing';
import { createApp } from './support/create-app.js';
import { rejectionOf } from './support/create-module.js';
import { post } from './support/transports/graphql.js';
import { askIo, IO_OPTIONS } from './support/transports/sockets.js';

@WebSocketGateway()
class OrdersGateway {
  @SubscribeMessage('create') create(): object {
    return { event: 'reply', data: 'created' };
  }
}

@Controller()
class OrdersController {
  @Get('orders') list(): string {
    return 'orders';
  }
}

@Controller()
class ScopedController {
  @RequireScopes('orders:read') @Get('orders') list(): string {
    return 'orders';
  }
}

@Controller()
class MessagesController {
  @MessagePattern('create') create(): string {
    return 'created';
  }
}

/** Nest finds its query without @Resolver() as well. */
@Injectable()
class UnmarkedResolver {
  @Query(() => String) create(): string {
    return 'created';
  }
}

@Injectable({ scope: Scope.REQUEST })
class RequestGuard extends IdentityAuthGuard {}

@Injectable({ scope: Scope.TRANSIENT })
class TransientGuard extends IdentityAuthGuard {}

const issuer = TestIssuer.inMemory({ audience: 'orders-api' });
const factory = (scope: Scope, inject: FactoryProvider['inject'] = [IdentityAuthGuard]): Provider => ({
  provide: APP_GUARD,
  scope,
  inject,
  useFactory: (guard: CanActivate) => guard,
});
/** Which guard it gives, nobody sees before a request. */
const taking = (scope: Scope): Provider => ({
  provide: APP_GUARD,
  scope,
  inject: [ModuleRef],
  useFactory: (modules: ModuleRef): IdentityAuthGuard =>
    modules.get<IdentityAuthGuard>(IdentityAuthGuard, { strict: false }),
});
const alias = (guard: Provider): Provider => ({ provide: APP_GUARD, useExisting: guard });
const BY_NAME: Provider = { provide: 'guard', useExisting: IdentityAuthGuard };

let app: INestApplication | undefined;

afterEach(async () => {
  await app?.close();
  app = undefined;
});

async function start({ imports = [], ...metadata }: ModuleMetadata): Promise<string> {
  const started = await createApp(
    'express',
    { imports: [IdentityModule.forRoot(issuer.moduleOptions()), ...imports], ...metadata },
    (created) => created.useWebSocketAdapter(new IoAdapter(created)),
  );
  app = started.app;
  return started.url;
}

const graphql = (): NonNullable<ModuleMetadata['imports']> => [
  GraphQLModule.forRoot<ApolloDriverConfig>({ driver: ApolloDriver, autoSchemaFile: true, graphiql: false }),
];

async function askAnonymously(url: string): Promise<unknown> {
  const socket = io(url, IO_OPTIONS);
  try {
    return await askIo(socket, 'create');
  } finally {
    socket.disconnect();
  }
}

const askHttp = async (url: string, token?: string): Promise<number> =>
  (await fetch(`${url}/orders`, token === undefined ? {} : { headers: { authorization: token } })).status;

describe.each<[string, Provider[]]>([
  ['a request-scoped factory', [factory(Scope.REQUEST)]],
  ['a transient factory', [factory(Scope.TRANSIENT)]],
  ['a factory that takes the guard by an alias', [BY_NAME, factory(Scope.REQUEST, ['guard'])]],
  [
    'a factory whose guard is optional',
    [factory(Scope.REQUEST, [{ token: IdentityAuthGuard, optional: true }])],
  ],
  ['a factory that may take any guard', [taking(Scope.REQUEST)]],
  ['an alias of a request-scoped guard', [RequestGuard, alias(RequestGuard)]],
])('%s as APP_GUARD', (_name, guards) => {
  it('is not asked about messages of gateways: no start', async () => {
    await expect(start({ providers: [OrdersGateway, ...guards] })).rejects.toMatchObject({
      code: 'route_unguarded',
      message: expect.stringMatching(
        /OrdersGateway\.create \(.*@UseGuards\(\w+Guard\) on the class/,
      ) as string,
    });
  });

  it('is not asked about resolvers that are not marked as such: no start', async () => {
    const started = start({ imports: graphql(), providers: [UnmarkedResolver, ...guards] });
    expect(await rejectionOf(started)).toBe('route_unguarded');
  });
});

describe('a request-scoped factory', () => {
  it.each([
    ['with the guard injected', factory(Scope.REQUEST)],
    ['that may take any guard', taking(Scope.REQUEST)],
  ])('%s: is asked about HTTP routes and message handlers', async (_name, guard) => {
    const url = await start({ controllers: [OrdersController, MessagesController], providers: [guard] });
    expect(await askHttp(url)).toBe(401);
    expect(await askHttp(url, issuer.bearer())).toBe(200);
  });

  it('with the guard injected: meets requirements', async () => {
    const url = await start({ controllers: [ScopedController], providers: [factory(Scope.REQUEST)] });
    expect(await askHttp(url, issuer.bearer())).toBe(403);
    expect(await askHttp(url, issuer.bearer({ scope: 'orders:read' }))).toBe(200);
  });

  it('that may take any guard: meets no requirement', async () => {
    const started = start({ controllers: [ScopedController], providers: [taking(Scope.REQUEST)] });
    expect(await rejectionOf(started)).toBe('route_unguarded');
  });

  it('of another guard says nothing about gateways', async () => {
    const other: Provider = {
      provide: APP_GUARD,
      scope: Scope.REQUEST,
      useFactory: (): CanActivate => ({ canActivate: () => true }),
    };
    const url = await start({ providers: [OrdersGateway, other] });
    expect(await askAnonymously(url)).toEqual({ value: 'created' });
  });
});

it.each([
  ['HTTP routes', { controllers: [OrdersController] }],
  ['message handlers', { controllers: [MessagesController] }],
])('a transient factory counts for no %s: no start', async (_name, metadata) => {
  const started = start({ ...metadata, providers: [factory(Scope.TRANSIENT)] });
  expect(await rejectionOf(started)).toBe('route_unguarded');
});

/** What an application answers without a token, or the code of the error that keeps it from starting. */
async function answerOf(metadata: ModuleMetadata, ask: (url: string) => Promise<unknown>): Promise<unknown> {
  const started = start(metadata);
  const code = await rejectionOf(started);
  return code ?? ask(await started);
}

/** Nest 11.0 and 12.0 do not ask an alias of a request-scoped guard at all, later ones ask it about HTTP routes. */
describe.each([
  ['request-scoped', RequestGuard],
  ['transient', TransientGuard],
])('an alias of a %s guard: nobody is served without a token', (_name, guard) => {
  const guards = [guard, alias(guard)];

  it('over HTTP', async () => {
    const answer = await answerOf({ controllers: [OrdersController], providers: guards }, askHttp);
    expect(['route_unguarded', 401]).toContain(answer);
  });

  it('over a gateway', async () => {
    const answer = await answerOf({ providers: [OrdersGateway, ...guards] }, askAnonymously);
    expect(JSON.stringify(answer)).toMatch(/route_unguarded|token_missing/);
  });

  it('over GraphQL', async () => {
    const metadata = { imports: graphql(), providers: [UnmarkedResolver, ...guards] };
    const answer = await answerOf(metadata, (url) => post(`${url}/graphql`, '{ create }'));
    expect(JSON.stringify(answer)).toMatch(/route_unguarded|token_missing/);
  });
});
