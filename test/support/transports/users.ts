import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { Controller, UseGuards, type Type } from '@nestjs/common';
import { Context, GraphQLModule, Query, Resolver } from '@nestjs/graphql';
import {
  ClientProxyFactory,
  Ctx,
  MessagePattern,
  Transport,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { ConnectedSocket, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { Test } from '@nestjs/testing';
import { io } from 'socket.io-client';
import {
  Claims,
  IdentityModule,
  rememberHandshake,
  RequireScopes,
  type IdentityAuthGuard,
  type IdentityModuleOptions,
  type UpgradeRequest,
} from 'nestjs-identity-model';
import { createApp } from '../create-app.js';
import { post } from './graphql.js';
import { freePort, packets, send } from './microservices.js';
import { askIo, askWs, IO_OPTIONS, openWs } from './sockets.js';
import { bearer, toOutcome, type Outcome } from './target.js';

/** Asks for the user that a handler sees, by way of a handler that demands the scope orders:write where said so. */
export interface UserTarget {
  readonly ask: (token: string | undefined, operation?: 'me' | 'create') => Promise<Outcome>;
  close(): Promise<void>;
}

export interface UserTransport {
  readonly name: string;
  /** What `context.getType()` says. */
  readonly type: string;
  readonly start: (options: IdentityModuleOptions, guard: Type<IdentityAuthGuard>) => Promise<UserTarget>;
}

/** What a handler sees, as text: every transport can send that. */
function seen(holder: object, subject: unknown): string {
  return JSON.stringify({ user: Reflect.get(holder, 'user') as unknown, sub: subject });
}

function resolverWith(guard: Type<IdentityAuthGuard>): Type {
  @UseGuards(guard)
  @Resolver()
  class Users {
    @Query(() => String) me(@Context('req') request: object, @Claims('sub') sub: unknown): string {
      return seen(request, sub);
    }
    @RequireScopes('orders:write') @Query(() => String) create(
      @Context('req') request: object,
      @Claims('sub') sub: unknown,
    ): string {
      return seen(request, sub);
    }
  }
  return Users;
}

function gatewayWith(guard: Type<IdentityAuthGuard>): Type {
  @UseGuards(guard)
  @WebSocketGateway()
  class Users {
    /** Only the guard is under test: nothing is checked at connect. socket.io hands over no request. */
    handleConnection(client: object, request?: UpgradeRequest): void {
      if (request !== undefined) rememberHandshake(client, request);
    }
    @SubscribeMessage('me') me(@ConnectedSocket() socket: object, @Claims('sub') sub: unknown): object {
      return { event: 'reply', data: seen(socket, sub) };
    }
    @RequireScopes('orders:write') @SubscribeMessage('create') create(
      @ConnectedSocket() socket: object,
      @Claims('sub') sub: unknown,
    ): object {
      return { event: 'reply', data: seen(socket, sub) };
    }
  }
  return Users;
}

function messagesWith(guard: Type<IdentityAuthGuard>): Type {
  @UseGuards(guard)
  @Controller()
  class Users {
    @MessagePattern('me') me(@Ctx() message: object, @Claims('sub') sub: unknown): string {
      return seen(message, sub);
    }
    @RequireScopes('orders:write') @MessagePattern('create') create(
      @Ctx() message: object,
      @Claims('sub') sub: unknown,
    ): string {
      return seen(message, sub);
    }
  }
  return Users;
}

const graphql: UserTransport = {
  name: 'GraphQL',
  type: 'graphql',
  async start(options, guard) {
    const driver = { driver: ApolloDriver, autoSchemaFile: true, graphiql: false };
    const { app, url } = await createApp('express', {
      imports: [IdentityModule.forRoot(options), GraphQLModule.forRoot<ApolloDriverConfig>(driver)],
      providers: [resolverWith(guard)],
    });
    return {
      async ask(token, operation = 'me') {
        const { data, errors } = await post(`${url}/graphql`, `{ ${operation} }`, token);
        const [error] = errors ?? [];
        return error === undefined ? { value: String(data?.[operation]) } : toOutcome(error.extensions);
      },
      close: () => app.close(),
    };
  },
};

const sockets = (library: 'socket.io' | 'ws'): UserTransport => ({
  name: library,
  type: 'ws',
  async start(options, guard) {
    const { app, url } = await createApp(
      'express',
      { imports: [IdentityModule.forRoot(options)], providers: [gatewayWith(guard)] },
      (prepared) => {
        prepared.useWebSocketAdapter(library === 'ws' ? new WsAdapter(prepared) : new IoAdapter(prepared));
      },
    );
    return {
      async ask(token, operation = 'me') {
        if (library === 'ws') {
          const socket = openWs(url, { headers: bearer(token) });
          return askWs(socket, operation).finally(() => socket.terminate());
        }
        const socket = io(url, { ...IO_OPTIONS, auth: { token } });
        return askIo(socket, operation).finally(() => socket.disconnect());
      },
      close: () => app.close(),
    };
  },
});

const tcp: UserTransport = {
  name: 'TCP',
  type: 'rpc',
  async start(options, guard) {
    const wire = {
      transport: Transport.TCP,
      options: { host: '127.0.0.1', port: await freePort() },
    } as const;
    const module = await Test.createTestingModule({
      imports: [IdentityModule.forRoot(packets.options(options))],
      controllers: [messagesWith(guard)],
    }).compile();
    const service = module.createNestMicroservice<MicroserviceOptions>({ ...wire, logger: false });
    await service.listen();
    return {
      async ask(token, operation = 'me') {
        const client = ClientProxyFactory.create(wire);
        const data = packets.carry(client, token);
        return send(client, operation, data).finally(() => void client.close());
      },
      close: () => service.close(),
    };
  },
};

export const USER_TRANSPORTS: readonly UserTransport[] = [graphql, sockets('socket.io'), sockets('ws'), tcp];
