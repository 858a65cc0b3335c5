import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import {
  Controller,
  Get,
  Injectable,
  Logger,
  Module,
  Scope,
  UseGuards,
  type INestApplication,
  type ModuleMetadata,
  type Provider,
} from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { GraphQLModule, Query, Resolver } from '@nestjs/graphql';
import { MessagePattern, Transport, type MicroserviceOptions } from '@nestjs/microservices';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { io } from 'socket.io-client';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  IdentityAuthGuard,
  IdentityModule,
  OptionalAuth,
  Public,
  RequireScopes,
} from 'nestjs-identity-model';
import { TestIssuer } from 'nestjs-identity-model/testing';
import { createApp } from './support/create-app.js';
import { rejectionOf } from './support/create-module.js';
import { askIo, IO_OPTIONS } from './support/transports/sockets.js';
import { post } from './support/transports/graphql.js';
import { versionOf } from './support/version-of.js';

/** What Nest does with global guards of gateways, by the number: the library finds it out in another way. */
const GATEWAYS_ASK = (versionOf('@nestjs/websockets')[0] ?? 0) >= 12;

class Messages {
  @SubscribeMessage('create') create(): object {
    return { event: 'reply', data: 'created' };
  }
}

@WebSocketGateway()
class SilentGateway {
  @SubscribeMessage('create') create(): object {
    return { event: 'reply', data: 'created' };
  }
}

@WebSocketGateway()
class InheritingGateway extends Messages {}

@WebSocketGateway()
class DemandingGateway {
  @RequireScopes('orders:write') @SubscribeMessage('create') create(): object {
    return { event: 'reply', data: 'created' };
  }
}

@WebSocketGateway()
class OptionalGateway {
  @OptionalAuth() @SubscribeMessage('create') create(): object {
    return { event: 'reply', data: 'created' };
  }
}

@UseGuards(IdentityAuthGuard)
@WebSocketGateway()
class GuardedGateway extends Messages {}

@Public()
@WebSocketGateway()
class PublicGateway extends Messages {}

@Controller()
class MessagesController {
  @Get('create') get(): string {
    return 'created';
  }
  @MessagePattern('create') create(): string {
    return 'created';
  }
}

@Controller()
class RoutesController {
  @Get('create') get(): string {
    return 'created';
  }
}

@Resolver()
class MarkedResolver {
  @Query(() => String) create(): string {
    return 'created';
  }
}

/** Nest finds its queries without the decorator as well. */
@Injectable()
class UnmarkedResolver {
  @Query(() => String) create(): string {
    return 'created';
  }
}

const issuer = TestIssuer.inMemory({ audience: 'orders-api' });
const SINGLE: Provider = { provide: APP_GUARD, useExisting: IdentityAuthGuard };
const scoped = (scope: Scope): Provider => ({ provide: APP_GUARD, useClass: IdentityAuthGuard, scope });

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

async function askAnonymously(url: string): Promise<unknown> {
  const socket = io(url, IO_OPTIONS);
  try {
    return await askIo(socket, 'create');
  } finally {
    socket.disconnect();
  }
}

const graphql = (): NonNullable<ModuleMetadata['imports']> => [
  GraphQLModule.forRoot<ApolloDriverConfig>({ driver: ApolloDriver, autoSchemaFile: true, graphiql: false }),
];

describe('a global guard and gateways', () => {
  it.each([
    ['messages that demand nothing', SilentGateway],
    ['inherited messages', InheritingGateway],
    ['messages that demand something', DemandingGateway],
  ])('%s: no anonymous socket is answered', async (_name, gateway) => {
    const started = start({ providers: [gateway, SINGLE] });
    if (GATEWAYS_ASK) {
      expect(await askAnonymously(await started)).toMatchObject({ status: 401, code: 'token_missing' });
    } else {
      await expect(started).rejects.toMatchObject({
        code: 'route_unguarded',
        message: expect.stringMatching(
          new RegExp(`${gateway.name}\\.create \\(.*@UseGuards\\(IdentityAuthGuard\\) on the class`),
        ) as string,
      });
    }
  });

  it('optional messages: a bad token has to be looked at as well', async () => {
    expect(await rejectionOf(start({ providers: [OptionalGateway, SINGLE] }))).toBe(
      GATEWAYS_ASK ? undefined : 'route_unguarded',
    );
  });

  it('a guard of the application’s own: the message names it', async () => {
    @Injectable()
    class TenantGuard extends IdentityAuthGuard {}
    const scope = GATEWAYS_ASK ? { scope: Scope.TRANSIENT } : {};
    const guard: Provider = { provide: APP_GUARD, useClass: TenantGuard, ...scope };
    await expect(start({ providers: [SilentGateway, guard] })).rejects.toThrow(
      '@UseGuards(TenantGuard) on the class',
    );
  });

  it('a guard on the gateway: no anonymous socket is answered', async () => {
    const url = await start({ providers: [GuardedGateway, SINGLE] });
    expect(await askAnonymously(url)).toMatchObject({ status: 401, code: 'token_missing' });
  });

  it('a public gateway: everybody is answered', async () => {
    const url = await start({ providers: [PublicGateway, SINGLE] });
    expect(await askAnonymously(url)).toEqual({ value: 'created' });
  });

  it('no global guard, and messages that demand nothing: nothing was asked for', async () => {
    const url = await start({ providers: [SilentGateway] });
    expect(await askAnonymously(url)).toEqual({ value: 'created' });
  });
});

describe.each([
  ['request-scoped', Scope.REQUEST],
  ['transient', Scope.TRANSIENT],
])('a %s global guard', (_name, scope) => {
  it('is not asked about messages of gateways: no start', async () => {
    expect(await rejectionOf(start({ providers: [SilentGateway, scoped(scope)] }))).toBe('route_unguarded');
  });

  it('is not asked about resolvers that are not marked as such: no start', async () => {
    const started = start({ imports: graphql(), providers: [UnmarkedResolver, scoped(scope)] });
    expect(await rejectionOf(started)).toBe('route_unguarded');
  });

  it('leaves another one that is a single instance as it is', async () => {
    const url = await start({
      imports: graphql(),
      providers: [UnmarkedResolver, scoped(scope), SINGLE],
    });
    expect((await post(`${url}/graphql`, '{ create }')).errors?.[0]?.extensions?.['code']).toBe(
      'token_missing',
    );
  });
});

describe('a request-scoped global guard', () => {
  it('is asked about HTTP routes', async () => {
    const url = await start({ controllers: [RoutesController], providers: [scoped(Scope.REQUEST)] });
    expect((await fetch(`${url}/create`)).status).toBe(401);
  });

  it('is asked about marked resolvers', async () => {
    const url = await start({ imports: graphql(), providers: [MarkedResolver, scoped(Scope.REQUEST)] });
    expect((await post(`${url}/graphql`, '{ create }')).errors?.[0]?.extensions?.['code']).toBe(
      'token_missing',
    );
  });

  it('is asked about message handlers', async () => {
    await start({ controllers: [MessagesController], providers: [scoped(Scope.REQUEST)] });
  });
});

describe('a transient global guard', () => {
  it.each<[string, ModuleMetadata, string]>([
    ['message handlers', { controllers: [MessagesController] }, 'MessagesController'],
    ['HTTP routes', { controllers: [RoutesController] }, 'RoutesController'],
    ['resolvers', { imports: graphql(), providers: [MarkedResolver] }, 'MarkedResolver'],
  ])('counts for no %s, since Nest does not always ask it: no start', async (_name, metadata, type) => {
    const providers = [...(metadata.providers ?? []), scoped(Scope.TRANSIENT)];
    await expect(start({ ...metadata, providers })).rejects.toMatchObject({
      code: 'route_unguarded',
      message: expect.stringMatching(new RegExp(`${type}\\.\\w+ \\(.*bind it without`)) as string,
    });
  });
});

it('warns of message handlers of a hybrid application that demand nothing, too', async () => {
  const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  await start({ controllers: [MessagesController], providers: [SINGLE] });
  expect(warn.mock.calls.flat().join('\n')).toMatch(
    /MessagesController\.create.*inheritAppConfig: true.*app\.init\(\)" before startAllMicroservices/,
  );
});

it('does not warn of message handlers of an application that is a microservice alone', async () => {
  const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  @Module({
    // Without it the start ends on NestJS 11, whose messages over TCP carry nothing else.
    imports: [IdentityModule.forRoot(issuer.moduleOptions({ transports: { tokenFromPayload: true } }))],
    controllers: [MessagesController],
    providers: [SINGLE],
  })
  class MicroserviceModule {}
  const microservice = await NestFactory.createMicroservice<MicroserviceOptions>(MicroserviceModule, {
    transport: Transport.TCP,
    options: { host: '127.0.0.1', port: 0 },
    abortOnError: false,
  });
  await microservice.init();
  expect(warn.mock.calls.flat().join('\n')).not.toContain('MessagesController.create');
  await microservice.close();
});
