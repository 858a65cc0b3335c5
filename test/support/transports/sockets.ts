import { once } from 'node:events';
import { UseGuards, type INestApplication } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { io, type Socket } from 'socket.io-client';
import { WebSocket, type ClientOptions } from 'ws';
import {
  Claims,
  guardSockets,
  IdentityAuthGuard,
  IdentityModule,
  OptionalAuth,
  Public,
  rememberHandshake,
  RequireScopes,
  type IdentityModuleOptions,
  type SocketGuardOptions,
  type UpgradeRequest,
} from 'nestjs-identity-model';
import type { Clock } from '../../../lib/cache/clock.js';
import { createApp } from '../create-app.js';
import { bearer, toOutcome, type Operation, type Outcome, type TransportUnderTest } from './target.js';

class Orders {
  @SubscribeMessage('me') me(@Claims('sub') sub: string): object {
    return { event: 'reply', data: sub };
  }
  @RequireScopes('orders:write') @SubscribeMessage('create') create(): object {
    return { event: 'reply', data: 'created' };
  }
  @Public() @SubscribeMessage('open') open(@Claims('sub') sub: string | undefined): object {
    return { event: 'reply', data: String(sub) };
  }
  @OptionalAuth() @SubscribeMessage('greet') greet(@Claims('sub') sub: string | undefined): object {
    return { event: 'reply', data: sub ?? 'stranger' };
  }
}

@UseGuards(IdentityAuthGuard)
@WebSocketGateway()
export class OrdersGateway extends Orders {}

/** The same in another namespace of socket.io. */
@UseGuards(IdentityAuthGuard)
@WebSocketGateway({ namespace: 'admin' })
export class AdminGateway extends Orders {}

/** Without guardSockets: the upgrade request is handed over by hand. */
@UseGuards(IdentityAuthGuard)
@WebSocketGateway()
export class RememberingGateway extends Orders {
  handleConnection(client: object, request: UpgradeRequest): void {
    rememberHandshake(client, request);
  }
}

export type SocketLibrary = 'socket.io' | 'ws';

export interface SocketSetup {
  readonly library: SocketLibrary;
  readonly gateways: readonly (new () => object)[];
  /** guardSockets with these options; without them Nest's adapter as it is. */
  readonly atConnect?: SocketGuardOptions;
}

export interface SocketApp {
  readonly app: INestApplication;
  readonly url: string;
}

export async function startSockets(
  setup: SocketSetup,
  options: IdentityModuleOptions,
  clock?: Clock,
): Promise<SocketApp> {
  return createApp(
    'express',
    { imports: [IdentityModule.forRoot(options)], providers: [...setup.gateways] },
    (app) => {
      const adapter = setup.library === 'ws' ? new WsAdapter(app) : new IoAdapter(app);
      const { atConnect } = setup;
      app.useWebSocketAdapter(atConnect === undefined ? adapter : guardSockets(app, adapter, atConnect));
    },
    clock,
  );
}

/** How a token travels in the handshake of socket.io. */
const IO_PLACES = {
  'auth.token': (token: string | undefined) => ({ auth: token === undefined ? {} : { token } }),
  'the Authorization header': (token: string | undefined) => ({ extraHeaders: bearer(token) }),
} as const;

/** Only websocket or only polling, and no second attempt. */
export const IO_OPTIONS = { forceNew: true, reconnection: false, transports: ['websocket'] };

/** What the first message of a fresh socket is answered with; a refused connection is an answer, too. */
export async function askIo(socket: Socket, operation: string, payload: unknown = {}): Promise<Outcome> {
  try {
    const answer = new Promise<Outcome>((resolve, reject) => {
      const settle = (make: () => Outcome): void => {
        try {
          resolve(make());
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      socket.on('connect_error', (error) => settle(() => toOutcome(Reflect.get(error, 'data'))));
      socket.on('exception', (body: unknown) => settle(() => toOutcome(body)));
      socket.on('reply', (value: string) => resolve({ value }));
    });
    socket.emit(operation, payload);
    return await answer;
  } finally {
    socket.off('connect_error').off('exception').off('reply');
  }
}

/** The same over ws; a socket that is closed answers with what its reason says. */
export async function askWs(
  socket: WebSocket,
  operation: Operation,
  payload: unknown = {},
): Promise<Outcome> {
  if (socket.readyState === WebSocket.CONNECTING) await once(socket, 'open');
  const ended = new AbortController();
  const { signal } = ended;
  try {
    socket.send(JSON.stringify({ event: operation, data: payload }));
    return await Promise.race([
      once(socket, 'message', { signal }).then(([raw]) => {
        const { event, data } = JSON.parse(String(raw)) as { event: string; data: unknown };
        return event === 'reply' ? { value: String(data) } : toOutcome(data);
      }),
      once(socket, 'close', { signal }).then(([code, reason]) => ({
        status: Number(code),
        code: String(reason),
      })),
    ]);
  } finally {
    ended.abort();
  }
}

export function openWs(url: string, options: ClientOptions = {}, path = ''): WebSocket {
  return new WebSocket(url.replace(/^http/, 'ws') + path, options);
}

function overSocketIo(place: keyof typeof IO_PLACES): TransportUnderTest {
  return {
    name: `socket.io, token in ${place}`,
    hasCodes: true,
    async start(options) {
      const { app, url } = await startSockets({ library: 'socket.io', gateways: [OrdersGateway] }, options);
      return {
        async call(operation, token) {
          const socket = io(url, { ...IO_OPTIONS, ...IO_PLACES[place](token) });
          try {
            return await askIo(socket, operation);
          } finally {
            socket.disconnect();
          }
        },
        close: () => app.close(),
      };
    },
  };
}

function overWs(name: string, setup: SocketSetup): TransportUnderTest {
  return {
    name,
    hasCodes: true,
    async start(options) {
      const { app, url } = await startSockets(setup, options);
      return {
        async call(operation, token) {
          const socket = openWs(url, { headers: bearer(token) });
          try {
            return await askWs(socket, operation);
          } finally {
            socket.terminate();
          }
        },
        close: () => app.close(),
      };
    },
  };
}

export const SOCKET_TRANSPORTS: readonly TransportUnderTest[] = [
  overSocketIo('auth.token'),
  overSocketIo('the Authorization header'),
  overWs('ws', { library: 'ws', gateways: [RememberingGateway] }),
];
