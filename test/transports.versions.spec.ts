import { once } from 'node:events';
import {
  Catch,
  Controller,
  UseFilters,
  UseGuards,
  type ArgumentsHost,
  type INestApplication,
  type Type,
} from '@nestjs/common';
import { ClientProxyFactory, MessagePattern, Transport } from '@nestjs/microservices';
import { WsAdapter } from '@nestjs/platform-ws';
import { BaseWsExceptionFilter, SubscribeMessage, WebSocketGateway, WsException } from '@nestjs/websockets';
import { firstValueFrom } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import {
  Claims,
  guardSockets,
  IdentityAuthGuard,
  IdentityModule,
  Public,
  type IdentityModuleOptions,
} from 'nestjs-identity-model';
import { TestIssuer } from 'nestjs-identity-model/testing';
import { createApp } from './support/create-app.js';
import { rejectionOf } from './support/create-module.js';
import { freePort } from './support/transports/microservices.js';
import { openWs } from './support/transports/sockets.js';
import { isAtLeast, versionOf } from './support/version-of.js';

const issuer = TestIssuer.inMemory({ audience: 'orders-api' });
let app: INestApplication | undefined;

afterEach(async () => {
  await app?.close();
  app = undefined;
});

describe('a refusal over ws', () => {
  class Messages {
    @SubscribeMessage('me') me(@Claims('sub') sub: string): object {
      return { event: 'reply', data: sub };
    }
    @Public() @SubscribeMessage('open') open(): object {
      return { event: 'reply', data: 'open' };
    }
  }

  @UseGuards(IdentityAuthGuard)
  @WebSocketGateway()
  class Gateway extends Messages {}

  /** As an application of NestJS 11 helps itself. */
  @UseGuards(IdentityAuthGuard)
  @WebSocketGateway()
  class ListeningGateway extends Messages {
    handleConnection(client: WebSocket): void {
      client.on('exception', (data: unknown) => client.send(JSON.stringify({ event: 'exception', data })));
    }
  }

  @Catch(WsException)
  class OwnFilter extends BaseWsExceptionFilter {
    override catch(exception: WsException, host: ArgumentsHost): void {
      const client = host.switchToWs().getClient<WebSocket>();
      client.send(JSON.stringify({ event: 'exception', data: exception.getError() }));
    }
  }

  @UseFilters(new OwnFilter())
  @UseGuards(IdentityAuthGuard)
  @WebSocketGateway()
  class FilteringGateway extends Messages {}

  /** What is heard up to the answer of a message that needs no token. */
  async function hear(gateway: Type): Promise<unknown[]> {
    const started = await createApp(
      'express',
      { imports: [IdentityModule.forRoot(issuer.moduleOptions())], providers: [gateway] },
      (created) =>
        created.useWebSocketAdapter(guardSockets(created, new WsAdapter(created), { anonymous: true })),
    );
    app = started.app;
    const socket = openWs(started.url);
    const heard: unknown[] = [];
    await once(socket, 'open');
    const ended = new Promise<void>((resolve) => {
      socket.on('message', (raw: Buffer) => {
        const message = JSON.parse(raw.toString()) as { readonly data: unknown };
        if (message.data === 'open') resolve();
        else heard.push(message);
      });
    });
    // A message at a time: Nest asks no guard about the public one, which would come first.
    for (const event of ['me', 'me']) {
      const answered = once(socket, 'message');
      socket.send(JSON.stringify({ event, data: {} }));
      await answered;
    }
    socket.send(JSON.stringify({ event: 'open', data: {} }));
    await ended;
    socket.terminate();
    return heard;
  }

  it.each([
    ['Nest’s filter', Gateway],
    ['a listener of the application besides', ListeningGateway],
    ['a filter of the application', FilteringGateway],
  ])('is heard once for each message, through %s', async (_name, gateway) => {
    const refusal = {
      event: 'exception',
      data: { status: 'error', message: 'Unauthorized', code: 'token_missing', statusCode: 401 },
    };
    expect(await hear(gateway)).toEqual([refusal, refusal]);
  });
});

describe('messages over TCP', () => {
  /** Of connected servers nothing can be seen at start before: their messages are refused one by one. */
  const ARE_SERVERS_KNOWN = isAtLeast(versionOf('@nestjs/core'), [11, 1, 5]);
  const HAVE_METADATA = isAtLeast(versionOf('@nestjs/microservices'), [12, 0, 4]);

  @UseGuards(IdentityAuthGuard)
  @Controller()
  class Guarded {
    @MessagePattern('me') me(@Claims('sub') sub: string): string {
      return sub;
    }
  }

  @Public()
  @UseGuards(IdentityAuthGuard)
  @Controller()
  class Open {
    @MessagePattern('me') me(): string {
      return 'open';
    }
  }

  @UseGuards(IdentityAuthGuard)
  @Controller()
  class ForNats {
    @MessagePattern('me', Transport.NATS) me(): string {
      return 'me';
    }
  }

  async function start(controller: Type, options: Partial<IdentityModuleOptions> = {}): Promise<number> {
    const port = await freePort();
    const { app: started } = await createApp(
      'express',
      {
        imports: [IdentityModule.forRoot({ ...issuer.moduleOptions(), ...options })],
        controllers: [controller],
      },
      (created) =>
        created.connectMicroservice({ transport: Transport.TCP, options: { host: '127.0.0.1', port } }),
    );
    app = started;
    await started.startAllMicroservices();
    return port;
  }

  it('that need a token, and whose clients cannot send one: no start', async () => {
    const mayStart = HAVE_METADATA || !ARE_SERVERS_KNOWN;
    expect(await rejectionOf(start(Guarded))).toBe(mayStart ? undefined : 'transport_unsupported');
  });

  it.each([
    ['that need none', Open],
    ['of another transport', ForNats],
  ])('%s: start', async (_name, controller) => {
    await start(controller);
  });

  it('that may carry it in the payload: are answered', async () => {
    const port = await start(Guarded, { transports: { tokenFromPayload: true } });
    const client = ClientProxyFactory.create({
      transport: Transport.TCP,
      options: { host: '127.0.0.1', port },
    });
    const ask = async (payload: object): Promise<unknown> => firstValueFrom(client.send('me', payload));
    expect(await ask({ access_token: issuer.token({ sub: 'ada' }) })).toBe('ada');
    await expect(ask({})).rejects.toMatchObject({ code: 'token_missing', statusCode: 401 });
    await expect(ask({ access_token: 'garbage' })).rejects.toMatchObject({ code: 'token_malformed' });
    client.close();
  });
});
