import { once } from 'node:events';
import type { INestApplication, INestApplicationContext } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { SubscribeMessage, WebSocketGateway, WebSocketServer } from '@nestjs/websockets';
import { io, type Socket } from 'socket.io-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { guardSockets, IdentityModule, type SocketGuardOptions } from 'nestjs-identity-model';
import { createApp } from './support/create-app.js';
import { rejectionOf } from './support/create-module.js';
import { FakeClock } from './support/fake-clock.js';
import { ProviderDouble } from './support/provider-double.js';
import { IO_OPTIONS } from './support/transports/sockets.js';

const LIFE_MS = 300_000;
const NAMESPACES = ['/', '/admin', '/tenant-7'] as const;
type Path = (typeof NAMESPACES)[number];

interface Room {
  to(room: string): { emit(event: string, body: string): unknown };
}

/** Tells what happens on the server, and what it says to a room. */
class News {
  @WebSocketServer() server!: Room;
  readonly joined: object[] = [];
  private left: () => void = () => undefined;

  handleConnection(client: { join(room: string): unknown }): void {
    this.joined.push(client);
    void client.join('news');
  }
  handleDisconnect(): void {
    this.left();
  }
  async nextLeft(): Promise<void> {
    return new Promise((resolve) => (this.left = resolve));
  }
  @SubscribeMessage('open') open(): object {
    return { event: 'reply', data: 'open' };
  }
}

@WebSocketGateway()
class NewsGateway extends News {}

@WebSocketGateway({ namespace: 'admin' })
class AdminNewsGateway extends News {}

/** Of namespaces that come to be when they are asked for. */
@WebSocketGateway({ namespace: /^\/tenant-\d+$/ })
class TenantNewsGateway extends News {}

const GATEWAYS = { '/': NewsGateway, '/admin': AdminNewsGateway, '/tenant-7': TenantNewsGateway } as const;

/** A second one in the same namespace. */
@WebSocketGateway()
class OtherGateway extends News {}

class RecoveringAdapter extends IoAdapter {
  constructor(
    app: INestApplicationContext,
    private readonly recovery: object,
  ) {
    super(app);
  }
  override createIOServer(port: number, options?: object): ReturnType<IoAdapter['createIOServer']> {
    return super.createIOServer(port, {
      ...options,
      connectionStateRecovery: this.recovery,
    } as Parameters<IoAdapter['createIOServer']>[1]);
  }
}

/** An adapter that hands out servers without middleware. */
class BareAdapter extends IoAdapter {
  override create(...args: Parameters<IoAdapter['create']>): ReturnType<IoAdapter['create']> {
    const server = super.create(...args) as unknown as {
      on(event: string, listener: () => void): unknown;
      close(done: () => void): unknown;
      to(room: string): unknown;
    };
    return {
      on: (event: string, listener: () => void) => server.on(event, listener),
      close: (done: () => void) => server.close(done),
      to: (room: string) => server.to(room),
    } as unknown as ReturnType<IoAdapter['create']>;
  }
}

let provider: ProviderDouble;
let clock: FakeClock;
let app: INestApplication | undefined;
let url: string;
const sockets: Socket[] = [];

beforeEach(async () => {
  provider = await ProviderDouble.start();
  clock = new FakeClock(Date.now());
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.disconnect();
  await app?.close();
  app = undefined;
  await provider.stop();
});

type ToAdapter = (app: INestApplication) => IoAdapter;

async function start(
  toAdapter: ToAdapter,
  gateways: readonly (new () => News)[] = Object.values(GATEWAYS),
  atConnect: SocketGuardOptions = {},
): Promise<void> {
  const options = {
    issuer: provider.issuer,
    audience: 'orders-api',
    warmUp: 'await',
    transports: { closeExpired: true },
  } as const;
  ({ app, url } = await createApp(
    'express',
    { imports: [IdentityModule.forRoot(options)], providers: [...gateways] },
    (target) => target.useWebSocketAdapter(guardSockets(target, toAdapter(target), atConnect)),
    clock,
  ));
}

function gateway(type: new () => News = NewsGateway): News {
  if (app === undefined) throw new Error('The application was not started');
  return app.get(type);
}

function open(auth: object, path = '/'): Socket {
  const socket = io(url + path, { ...IO_OPTIONS, auth });
  sockets.push(socket);
  return socket;
}

const heard = async (socket: Socket, event: string): Promise<unknown> =>
  ((await once(socket as never, event)) as unknown[])[0];
const say = (text: string, news = gateway()): unknown => news.server.to('news').emit('news', text);

/** A socket that socket.io would restore, whose transport has just been lost. */
async function lose(path: Path, auth: object): Promise<Socket> {
  const news = gateway(GATEWAYS[path]);
  const socket = open(auth, path);
  await heard(socket, 'connect');
  const first = heard(socket, 'news');
  say('first', news);
  await first;
  const left = news.nextLeft();
  socket.io.engine.close();
  await left;
  return socket;
}

describe('guardSockets and the connection state recovery of socket.io', () => {
  it.each(
    NAMESPACES.flatMap((path) => [{}, { skipMiddlewares: true }].map((recovery) => ({ path, recovery }))),
  )('restores no socket without its token: $path, $recovery', async ({ path, recovery }) => {
    await start((target) => new RecoveringAdapter(target, recovery));
    const socket = await lose(path, { token: provider.token() });
    socket.auth = {};
    const refused = heard(socket, 'connect_error');
    socket.connect();
    expect(Reflect.get((await refused) as object, 'data')).toMatchObject({ code: 'token_missing' });
    expect(socket.connected).toBe(false);
  });

  it.each(NAMESPACES)('hands what was missed to nobody without a token: %s', async (path) => {
    await start((target) => new RecoveringAdapter(target, {}));
    const socket = await lose(path, { token: provider.token() });
    const missed: unknown[] = [];
    socket.io.on('packet', (packet) => missed.push(packet.data));
    say('secret', gateway(GATEWAYS[path]));
    socket.auth = {};
    const refused = heard(socket, 'connect_error');
    socket.connect();
    await refused;
    expect(JSON.stringify(missed)).not.toContain('secret');
  });

  it.each(NAMESPACES)('restores the others, and ends them in time: %s', async (path) => {
    await start((target) => new RecoveringAdapter(target, {}));
    const socket = await lose(path, { token: provider.token() });
    const missed = heard(socket, 'news');
    say('missed', gateway(GATEWAYS[path]));
    socket.connect();
    await heard(socket, 'connect');
    expect(socket.recovered).toBe(true);
    expect(await missed).toBe('missed');
    const gone = heard(socket, 'disconnect');
    await clock.advance(LIFE_MS + 31_000);
    expect(await gone).toBe('io server disconnect');
  });

  it('does not start where the middleware cannot be enforced', async () => {
    class Frozen extends IoAdapter {
      override createIOServer(port: number, options?: object): ReturnType<IoAdapter['createIOServer']> {
        const server = super.createIOServer(port, {
          ...options,
          connectionStateRecovery: {},
        } as Parameters<IoAdapter['createIOServer']>[1]);
        const { opts } = server as unknown as { opts: { connectionStateRecovery: object } };
        Object.freeze(opts.connectionStateRecovery);
        return server;
      }
    }
    expect(await rejectionOf(start((target) => new Frozen(target)))).toBe('options_invalid');
  });
});

describe('guardSockets over an adapter of socket.io without middleware', () => {
  const gateways = [NewsGateway, OtherGateway];

  it.each([
    ['no token', (): object => ({}), 'token_missing'],
    ['garbage', (): object => ({ token: 'garbage' }), 'token_malformed'],
  ])('ends a socket with %s before any gateway sees it', async (_name, auth, code) => {
    await start((target) => new BareAdapter(target), gateways);
    const socket = open(auth());
    socket.emit('open');
    const replies: unknown[] = [];
    socket.on('reply', (reply) => replies.push(reply));
    const gone = heard(socket, 'disconnect');
    expect(await heard(socket, 'exception')).toMatchObject({ code, statusCode: 401 });
    expect(await gone).toBe('io server disconnect');
    expect(gateways.map((type) => gateway(type).joined)).toEqual([[], []]);
    expect(replies).toEqual([]);
  });

  it('lets in the others, and ends them in time', async () => {
    await start((target) => new BareAdapter(target), gateways);
    const socket = open({ token: provider.token() });
    await heard(socket, 'connect');
    socket.emit('open');
    const gone = heard(socket, 'disconnect');
    await clock.advance(LIFE_MS + 31_000);
    expect(await gone).toBe('io server disconnect');
    expect(gateways.map((type) => gateway(type).joined.length)).toEqual([1, 1]);
  });
});
