import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import {
  Controller,
  Get,
  Req,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type INestApplicationContext,
  type Type,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { Context, GraphQLModule, Query, Resolver } from '@nestjs/graphql';
import {
  ClientProxyFactory,
  Ctx,
  MessagePattern,
  Transport,
  type ClientProxy,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { Test } from '@nestjs/testing';
import { ConnectedSocket, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { io } from 'socket.io-client';
import {
  Claims,
  IdentityModule,
  TokenValidationService,
  type IdentityAuthGuard,
  type IdentityModuleOptions,
} from 'nestjs-identity-model';
import { createApp, type Platform } from './create-app.js';
import { nestLine } from './nest-line.js';
import { freePort, packets, send, withMetadata } from './transports/microservices.js';
import { askIo, IO_OPTIONS } from './transports/sockets.js';
import { toOutcome, type Outcome } from './transports/target.js';

/** Where the first guard of two stands; the second one is always on the handler. */
export type Placement = 'class + route' | 'global + route';

/** What a handler is called with: the value, or the refusal, of each handler of one request. */
export type Answers = Readonly<Record<string, string>>;

export interface PairUnderTest {
  /** Asks one handler or, in GraphQL, several in one operation: names, or `alias: name`. */
  readonly ask: (fields: readonly string[], headers: Readonly<Record<string, string>>) => Promise<Answers>;
  readonly validated: () => number;
  readonly close: () => Promise<void>;
}

export interface PairTransport {
  readonly name: string;
  readonly isGraphql?: boolean;
  readonly start: (setup: PairSetup) => Promise<PairUnderTest>;
}

export interface PairSetup {
  readonly options: IdentityModuleOptions;
  readonly placement: Placement;
  /** Makes both guards, once the application is there. */
  readonly make: (create: Create) => Promise<readonly [IdentityAuthGuard, IdentityAuthGuard]>;
}

export type Create = <Guard extends IdentityAuthGuard>(guard: Type<Guard>) => Promise<Guard>;

/** Stands on a handler from the beginning, and asks a guard that Nest has made later. */
class Slot implements CanActivate {
  guard: IdentityAuthGuard | undefined;
  canActivate(context: ExecutionContext): ReturnType<CanActivate['canActivate']> {
    if (this.guard === undefined) throw new Error('no guard');
    return this.guard.canActivate(context);
  }
}

/** The subject of the claims and of the user that a handler sees. */
const seen = (holder: object, sub: unknown): string => {
  const user = Reflect.get(holder, 'user') as { sub?: string } | undefined;
  return `claims of ${String(sub)}, user ${String(user?.sub)}`;
};

/** Headers of whatever kind of request. */
export function headersIn(context: ExecutionContext): Record<string, string | undefined> {
  switch (context.getType<string>()) {
    case 'graphql':
      return context.getArgByIndex<{ req: { headers: Record<string, string> } }>(2).req.headers;
    case 'ws':
      return context.getArgByIndex<{ handshake: { headers: Record<string, string> } }>(0).handshake.headers;
    case 'rpc':
      return nestLine.packetMetadata
        ? context.getArgByIndex<{ getMetadata(): Record<string, string> }>(1).getMetadata()
        : context.getArgByIndex<Record<string, string>>(0);
    default:
      return context.switchToHttp().getRequest<{ headers: Record<string, string> }>().headers;
  }
}

function render(outcome: Outcome): string {
  if ('value' in outcome) return outcome.value;
  return outcome.code === undefined ? String(outcome.status) : `${String(outcome.status)} ${outcome.code}`;
}

/** The slots of one application, as decorators and global guard. */
function slotsFor({ placement, make }: PairSetup): {
  readonly onClass: ClassDecorator;
  readonly onHandler: MethodDecorator;
  readonly prepare: (app: { useGlobalGuards(...guards: CanActivate[]): unknown }) => void;
  readonly fill: (app: INestApplicationContext) => Promise<void>;
} {
  const [first, second] = [new Slot(), new Slot()];
  return {
    onClass: placement === 'class + route' ? UseGuards(first) : () => undefined,
    onHandler: UseGuards(second),
    prepare: (app) => {
      if (placement === 'global + route') app.useGlobalGuards(first);
    },
    fill: async (app) => {
      const modules = app.get(ModuleRef);
      [first.guard, second.guard] = await make((guard) => modules.create(guard));
    },
  };
}

const http = (platform: Platform): PairTransport => ({
  name: platform === 'express' ? 'HTTP (Express)' : 'HTTP (Fastify)',
  async start(setup) {
    const { onClass, onHandler, prepare, fill } = slotsFor(setup);
    @onClass
    @Controller()
    class Routes {
      @onHandler @Get('hello') hello(@Req() request: object, @Claims('sub') sub: unknown): string {
        return seen(request, sub);
      }
      @onHandler @Get('secret') secret(@Req() request: object, @Claims('sub') sub: unknown): string {
        return seen(request, sub);
      }
    }
    const { app, url } = await createApp(
      platform,
      { imports: [IdentityModule.forRoot(setup.options)], controllers: [Routes] },
      prepare,
    );
    await fill(app);
    return {
      async ask([field = ''], headers) {
        const response = await fetch(`${url}/${field}`, { headers });
        const text = await response.text();
        return { [field]: response.ok ? text : String(response.status) };
      },
      validated: () => app.get(TokenValidationService).stats().validated,
      close: () => app.close(),
    };
  },
});

const graphql: PairTransport = {
  name: 'GraphQL',
  isGraphql: true,
  async start(setup) {
    const { onClass, onHandler, prepare, fill } = slotsFor(setup);
    @onClass
    @Resolver()
    class Fields {
      @onHandler @Query(() => String, { nullable: true }) hello(
        @Context('req') request: object,
        @Claims('sub') sub: unknown,
      ): string {
        return seen(request, sub);
      }
      @onHandler @Query(() => String, { nullable: true }) secret(
        @Context('req') request: object,
        @Claims('sub') sub: unknown,
      ): string {
        return seen(request, sub);
      }
    }
    const driver = { driver: ApolloDriver, autoSchemaFile: true, graphiql: false };
    const { app, url } = await createApp(
      'express',
      {
        imports: [IdentityModule.forRoot(setup.options), GraphQLModule.forRoot<ApolloDriverConfig>(driver)],
        providers: [Fields],
      },
      prepare,
    );
    await fill(app);
    return {
      async ask(fields, headers) {
        const response = await fetch(`${url}/graphql`, {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json' },
          body: JSON.stringify({ query: `{ ${fields.join(' ')} }` }),
        });
        const { data, errors } = (await response.json()) as {
          data: Record<string, string | null>;
          errors?: { path: string[]; extensions: unknown }[];
        };
        return Object.fromEntries(
          Object.entries(data).map(([name, value]) => {
            const error = errors?.find(({ path }) => path[0] === name);
            return [name, error === undefined ? String(value) : render(toOutcome(error.extensions))];
          }),
        );
      },
      validated: () => app.get(TokenValidationService).stats().validated,
      close: () => app.close(),
    };
  },
};

const webSocket: PairTransport = {
  name: 'WebSocket (socket.io)',
  async start(setup) {
    const { onClass, onHandler, prepare, fill } = slotsFor(setup);
    @onClass
    @WebSocketGateway()
    class Messages {
      @onHandler @SubscribeMessage('hello') hello(
        @ConnectedSocket() socket: object,
        @Claims('sub') sub: unknown,
      ): object {
        return { event: 'reply', data: seen(socket, sub) };
      }
      @onHandler @SubscribeMessage('secret') secret(
        @ConnectedSocket() socket: object,
        @Claims('sub') sub: unknown,
      ): object {
        return { event: 'reply', data: seen(socket, sub) };
      }
    }
    const { app, url } = await createApp(
      'express',
      { imports: [IdentityModule.forRoot(setup.options)], providers: [Messages] },
      (prepared) => {
        prepared.useWebSocketAdapter(new IoAdapter(prepared));
        prepare(prepared);
      },
    );
    await fill(app);
    return {
      async ask([field = ''], headers) {
        const socket = io(url, { ...IO_OPTIONS, extraHeaders: headers });
        const outcome = await askIo(socket, field).finally(() => socket.disconnect());
        return { [field]: render(outcome) };
      },
      validated: () => app.get(TokenValidationService).stats().validated,
      close: () => app.close(),
    };
  },
};

const rpc: PairTransport = {
  name: 'RPC (TCP)',
  async start(setup) {
    const { onClass, onHandler, prepare, fill } = slotsFor(setup);
    @onClass
    @Controller()
    class Messages {
      @onHandler @MessagePattern('hello') hello(@Ctx() message: object, @Claims('sub') sub: unknown): string {
        return seen(message, sub);
      }
      @onHandler @MessagePattern('secret') secret(
        @Ctx() message: object,
        @Claims('sub') sub: unknown,
      ): string {
        return seen(message, sub);
      }
    }
    const wire = {
      transport: Transport.TCP,
      options: { host: '127.0.0.1', port: await freePort() },
    } as const;
    const module = await Test.createTestingModule({
      imports: [IdentityModule.forRoot(packets.options(setup.options))],
      controllers: [Messages],
    }).compile();
    const service = module.createNestMicroservice<MicroserviceOptions>({ ...wire, logger: false });
    prepare(service);
    await service.listen();
    await fill(module);
    return {
      async ask([field = ''], headers) {
        const client = ClientProxyFactory.create(wire);
        const data = headersOf(client, headers);
        const outcome = await send(client, field, data).finally(() => void client.close());
        return { [field]: render(outcome) };
      },
      validated: () => module.get(TokenValidationService).stats().validated,
      close: () => service.close(),
    };
  },
};

/** Has the client send them, and returns the payload, which they are a part of where there is no other place. */
function headersOf(client: ClientProxy, headers: Readonly<Record<string, string>>): object {
  if (!nestLine.packetMetadata)
    return { ...headers, ...packets.carry(client, headers['authorization']?.replace('Bearer ', '')) };
  withMetadata(client, headers);
  return {};
}

export const PAIR_TRANSPORTS: readonly PairTransport[] = [
  http('express'),
  http('fastify'),
  graphql,
  webSocket,
  rpc,
];
