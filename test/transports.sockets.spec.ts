import { once } from 'node:events';
import { UseGuards, type INestApplication } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { io, Manager, type Socket } from 'socket.io-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import {
  Claims,
  IdentityAuthGuard,
  Token,
  TokenValidationService,
  type IdentityModuleOptions,
} from 'nestjs-identity-model';
import { FakeClock } from './support/fake-clock.js';
import { nestLine } from './support/nest-line.js';
import { ProviderDouble } from './support/provider-double.js';
import { createKey, signToken } from './support/signing-key.js';
import {
  AdminGateway,
  askIo,
  askWs,
  IO_OPTIONS,
  openWs,
  OrdersGateway,
  RememberingGateway,
  startSockets,
  type SocketSetup,
} from './support/transports/sockets.js';

const LIFE_MS = 300_000;
const STRANGER = createKey('RS256', 'rsa-1');
const IO = { library: 'socket.io', gateways: [OrdersGateway, AdminGateway] } as const;
const WS = { library: 'ws', gateways: [RememberingGateway] } as const;

let provider: ProviderDouble;
let clock: FakeClock;
let app: INestApplication | undefined;
let url: string;
const sockets: (Socket | WebSocket)[] = [];

beforeEach(async () => {
  provider = await ProviderDouble.start();
  clock = new FakeClock(Date.now());
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) {
    if (socket instanceof WebSocket) socket.terminate();
    else socket.disconnect();
  }
  await app?.close();
  await provider.stop();
});

async function start(setup: SocketSetup, options: Partial<IdentityModuleOptions> = {}): Promise<void> {
  const all = { issuer: provider.issuer, audience: 'orders-api', warmUp: 'await', ...options } as const;
  ({ app, url } = await startSockets(setup, all, clock));
}

function keep<S extends Socket | WebSocket>(socket: S): S {
  sockets.push(socket);
  return socket;
}

const openIo = (options: object = {}, path = ''): Socket =>
  keep(io(url + path, { ...IO_OPTIONS, ...options }));
const open = (headers: Record<string, string> = {}, path = ''): WebSocket =>
  keep(openWs(url, { headers }, path));
const withToken = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

describe('attacks on socket.io', () => {
  it('takes no token out of a message', async () => {
    await start(IO, { transports: { tokenFromPayload: true } });
    const token = provider.token();
    const payload = {
      access_token: token,
      token,
      auth: { token },
      headers: { authorization: `Bearer ${token}` },
    };
    expect(await askIo(openIo(), 'me', payload)).toEqual({ status: 401, code: 'token_missing' });
  });

  it('takes a token out of the URL only where that is enabled', async () => {
    await start(IO);
    const query = { access_token: provider.token() };
    expect(await askIo(openIo({ query }), 'me')).toEqual({ status: 401, code: 'token_missing' });
    await app?.close();
    await start(IO, { transports: { tokenFromUrl: true } });
    expect(await askIo(openIo({ query }), 'me')).toEqual({ value: 'user-1' });
    expect(await askIo(openIo({ query, auth: { token: provider.token() + 'x' } }), 'me')).toEqual({
      status: 400,
      code: 'authorization_malformed',
    });
  });

  it.each([
    ['an object', { toString: 1 }],
    ['a list', ['a', 'b']],
    ['a number', 7],
    ['true', true],
  ])('refuses auth.token that is %s', async (_name, token) => {
    await start(IO);
    expect(await askIo(openIo({ auth: { token } }), 'me')).toEqual({ status: 401, code: 'token_malformed' });
  });

  it('does not choose between two different tokens, and takes the same one twice', async () => {
    await start(IO);
    const token = provider.token();
    const extraHeaders = withToken(token);
    expect(await askIo(openIo({ auth: { token }, extraHeaders }), 'me')).toEqual({ value: 'user-1' });
    expect(await askIo(openIo({ auth: { token: `Bearer ${token}` }, extraHeaders }), 'me')).toEqual({
      value: 'user-1',
    });
    const other = provider.token({ sub: 'user-2' });
    expect(await askIo(openIo({ auth: { token: other }, extraHeaders }), 'me')).toEqual({
      status: 400,
      code: 'authorization_malformed',
    });
  });

  it.each([
    ['with guardSockets', { anonymous: true }],
    ['without', undefined],
  ])(
    'gives a namespace nothing of the token that another one was entered with, %s',
    async (_name, atConnect) => {
      await start({ ...IO, ...(atConnect && { atConnect }) });
      const manager = new Manager(url, IO_OPTIONS);
      const orders = keep(manager.socket('/', { auth: { token: provider.token() } }));
      expect(await askIo(orders, 'me')).toEqual({ value: 'user-1' });
      const admin = keep(manager.socket('/admin', { auth: {} }));
      expect(await askIo(admin, 'me')).toEqual({ status: 401, code: 'token_missing' });
      expect(await askIo(admin, 'open')).toEqual({ value: 'undefined' });
      const forged = keep(manager.socket('/nowhere', { auth: { token: provider.token() } }));
      await once(forged as never, 'connect_error');
      expect(await askIo(orders, 'me')).toEqual({ value: 'user-1' });
    },
  );

  it('answers no event that comes before the connect packet', async () => {
    await start(IO);
    const raw = keep(openWs(url, {}, '/socket.io/?EIO=4&transport=websocket'));
    const heard: string[] = [];
    raw.on('message', (packet: Buffer) => heard.push(packet.toString()));
    await once(raw, 'message');
    raw.send('42["open",{}]');
    raw.send('42/admin,["open",{}]');
    await once(raw, 'close');
    expect(heard.join('')).not.toContain('reply');
  });

  it('stops serving a socket whose token has expired, and only that', async () => {
    await start(IO);
    const socket = openIo({ auth: { token: provider.token() } });
    expect(await askIo(socket, 'me')).toEqual({ value: 'user-1' });
    clock.jumpWall(LIFE_MS + 31_000);
    expect(await askIo(socket, 'me')).toEqual({ status: 401, code: 'token_expired' });
    expect(await askIo(socket, 'greet')).toEqual({ status: 401, code: 'token_expired' });
    expect(await askIo(socket, 'open')).toEqual({ value: 'undefined' });
    expect(socket.connected).toBe(true);
  });

  it('closes it on the next message where that is wanted', async () => {
    await start(IO, { transports: { closeExpired: true } });
    const socket = openIo({
      auth: { token: provider.token({ exp: Math.floor(Date.now() / 1000) - 3_600 }) },
    });
    const gone = once(socket as never, 'disconnect');
    expect(await askIo(socket, 'me')).toEqual({ status: 401, code: 'token_expired' });
    expect((await gone)[0]).toBe('io server disconnect');
  });

  it('closes it when the time comes where that is wanted', async () => {
    await start(IO, { transports: { closeExpired: true } });
    const socket = openIo({ auth: { token: provider.token() } });
    expect(await askIo(socket, 'me')).toEqual({ value: 'user-1' });
    const told = once(socket as never, 'exception');
    const gone = once(socket as never, 'disconnect');
    await clock.advance(LIFE_MS + 31_000);
    expect((await told)[0]).toMatchObject({ code: 'token_expired', statusCode: 401 });
    expect((await gone)[0]).toBe('io server disconnect');
  });

  it('validates the token again for each message', async () => {
    await start(IO);
    const socket = openIo({ auth: { token: provider.token() } });
    for (let message = 0; message < 3; message++)
      expect(await askIo(socket, 'me')).toEqual({ value: 'user-1' });
    expect(app?.get(TokenValidationService).stats()).toEqual({ validated: 3, rejected: 0 });
  });
});

describe('attacks on ws', () => {
  it('takes no token out of a message', async () => {
    await start(WS, { transports: { tokenFromPayload: true } });
    const token = provider.token();
    expect(await askWs(open(), 'me', { access_token: token, authorization: `Bearer ${token}` })).toEqual({
      status: 401,
      code: 'token_missing',
    });
  });

  it('takes a token out of the URL only where that is enabled, and only one', async () => {
    await start(WS);
    const path = `/?access_token=${provider.token()}`;
    expect(await askWs(open({}, path), 'me')).toEqual({ status: 401, code: 'token_missing' });
    await app?.close();
    await start(WS, { transports: { tokenFromUrl: true } });
    expect(await askWs(open({}, path), 'me')).toEqual({ value: 'user-1' });
    expect(await askWs(open({}, `${path}&access_token=x`), 'me')).toEqual({
      status: 400,
      code: 'authorization_malformed',
    });
  });

  it('stops serving a socket whose token has expired', async () => {
    await start(WS);
    const socket = open(withToken(provider.token()));
    expect(await askWs(socket, 'me')).toEqual({ value: 'user-1' });
    clock.jumpWall(LIFE_MS + 31_000);
    expect(await askWs(socket, 'me')).toEqual({ status: 401, code: 'token_expired' });
    expect(await askWs(socket, 'open')).toEqual({ value: 'undefined' });
  });

  it('closes it when the time comes where that is wanted', async () => {
    await start(WS, { transports: { closeExpired: true } });
    const socket = open(withToken(provider.token()));
    expect(await askWs(socket, 'me')).toEqual({ value: 'user-1' });
    const closed = once(socket, 'close');
    await clock.advance(LIFE_MS + 31_000);
    const [code, reason] = (await closed) as [number, Buffer];
    expect([code, String(reason)]).toEqual([1008, 'token_expired']);
  });

  it('refuses messages of a socket whose handshake nobody kept', async () => {
    await start({ library: 'ws', gateways: [OrdersGateway] });
    const socket = open(withToken(provider.token()));
    await once(socket, 'open');
    socket.send(JSON.stringify({ event: 'me', data: {} }));
    // Before NestJS 12 a client hears nothing of errors of an application: the next message is the first that is answered.
    if (!nestLine.nativeWsExceptions) socket.send(JSON.stringify({ event: 'open', data: {} }));
    const [raw] = (await once(socket, 'message')) as [unknown];
    expect(JSON.parse(String(raw))).toMatchObject(
      nestLine.nativeWsExceptions
        ? { event: 'exception', data: { message: 'Internal server error' } }
        : { event: 'reply', data: 'undefined' },
    );
  });
});

/** One method with a guard and one without. */
@WebSocketGateway()
class MixedGateway {
  @UseGuards(IdentityAuthGuard) @SubscribeMessage('me') me(@Claims('sub') sub: string): object {
    return { event: 'reply', data: sub };
  }
  @SubscribeMessage('claims') claims(@Claims('sub') sub: string): object {
    return { event: 'reply', data: `claims of ${sub}` };
  }
  @SubscribeMessage('token') token(@Token() token: string): object {
    return { event: 'reply', data: token };
  }
}

describe('@Claims and @Token of a message without a guard', () => {
  const setups = [
    { library: 'socket.io', gateways: [MixedGateway] },
    { library: 'ws', gateways: [MixedGateway], atConnect: {} },
  ] as const;

  it.each(setups)('are none, whatever was found out about another message, on $library', async (setup) => {
    await start(setup);
    const token = provider.token();
    const socket = setup.library === 'ws' ? open(withToken(token)) : openIo({ auth: { token } });
    const ask = async (operation: string): Promise<unknown> =>
      (socket instanceof WebSocket ? askWs(socket, operation as never) : askIo(socket, operation)).catch(
        (error: unknown) => String(error),
      );
    // Before NestJS 12 a client of ws hears nothing: the next message is the first that is answered.
    const isSilent = socket instanceof WebSocket && !nestLine.nativeWsExceptions;
    const expectNone = async (operation: string, me: unknown): Promise<void> => {
      if (isSilent) socket.send(JSON.stringify({ event: operation, data: {} }));
      const none = expect.stringContaining('Internal server error') as unknown;
      expect(await ask(isSilent ? 'me' : operation)).toEqual(isSilent ? me : none);
    };
    if (isSilent) await once(socket, 'open');
    await expectNone('claims', { value: 'user-1' });
    for (const answer of [{ value: 'user-1' }, { status: 401, code: 'token_expired' }]) {
      expect(await ask('me')).toEqual(answer);
      await expectNone('claims', answer);
      await expectNone('token', answer);
      clock.jumpWall(LIFE_MS + 31_000);
    }
  });
});

describe('guardSockets', () => {
  const refusedAtConnect: [name: string, token: () => string | undefined, code: string][] = [
    ['no token', () => undefined, 'token_missing'],
    ['garbage', () => 'garbage', 'token_malformed'],
    ['a forged token', () => signToken(STRANGER, provider.claims()), 'signature_invalid'],
    ['an expired token', () => provider.token({ exp: 1 }), 'token_expired'],
  ];

  it.each(refusedAtConnect)('refuses %s over socket.io before anything else', async (_name, token, code) => {
    await start({ ...IO, atConnect: {} });
    const socket = openIo({ auth: { token: token() } });
    const [error] = (await once(socket as never, 'connect_error')) as [Error];
    expect(error.message).toBe('Unauthorized');
    expect(Reflect.get(error, 'data')).toEqual({
      status: 'error',
      message: 'Unauthorized',
      statusCode: 401,
      code,
    });
    expect(socket.connected).toBe(false);
  });

  it.each(refusedAtConnect)(
    'closes a ws socket with %s, whatever it has sent',
    async (_name, token, code) => {
      await start({ ...WS, gateways: [OrdersGateway], atConnect: {} });
      const sent = token();
      const socket = open(sent === undefined ? {} : withToken(sent));
      const heard: unknown[] = [];
      socket.on('message', (raw) => heard.push(raw));
      socket.on('open', () => {
        for (const event of ['open', 'me']) socket.send(JSON.stringify({ event, data: {} }));
      });
      const [closing, reason] = (await once(socket, 'close')) as [number, Buffer];
      expect([closing, String(reason)]).toEqual([1008, code]);
      expect(heard).toEqual([]);
    },
  );

  it('loses no message that comes while the token is being checked', async () => {
    await start({ ...WS, gateways: [OrdersGateway], atConnect: {} });
    provider.keys = [createKey('ES256', 'ec-9'), ...provider.keys];
    // The key is not known yet: the check waits for a refresh.
    const socket = open(withToken(provider.token()));
    expect(await askWs(socket, 'me')).toEqual({ value: 'user-1' });
  });

  it.each([IO, { ...WS, gateways: [OrdersGateway] }])(
    'tells an outage of the provider apart, on $library',
    async (setup) => {
      const token = provider.token();
      await provider.stop();
      await start({ ...setup, atConnect: {} }, { warmUp: 'off', http: { retries: 0 } });
      const seen =
        setup.library === 'ws'
          ? await askWs(open(withToken(token)), 'me')
          : await askIo(openIo({ auth: { token } }), 'me');
      expect(seen).toEqual({ status: setup.library === 'ws' ? 1013 : 503, code: 'keys_unavailable' });
      await provider.listen();
    },
  );

  it.each([IO, { ...WS, gateways: [OrdersGateway] }])(
    'lets in nobody but anonymous ones where that is wanted, on $library',
    async (setup) => {
      await start({ ...setup, atConnect: { anonymous: true } });
      const ask = async (operation: 'open' | 'me', token?: string): Promise<unknown> => {
        if (setup.library === 'ws') {
          return askWs(open(token === undefined ? {} : withToken(token)), operation);
        }
        return askIo(openIo({ auth: { token } }), operation);
      };
      expect(await ask('open')).toEqual({ value: 'undefined' });
      expect(await ask('me')).toEqual({ status: 401, code: 'token_missing' });
      expect(await ask('me', provider.token())).toEqual({ value: 'user-1' });
      expect(await ask('open', 'garbage')).toMatchObject({ code: 'token_malformed' });
    },
  );

  it.each([IO, { ...WS, gateways: [OrdersGateway] }])(
    'closes a socket that never sends anything when its token expires, on $library',
    async (setup) => {
      await start({ ...setup, atConnect: {} }, { transports: { closeExpired: true } });
      const token = provider.token();
      const socket = setup.library === 'ws' ? open(withToken(token)) : openIo({ auth: { token } });
      const gone = once(socket as never, setup.library === 'ws' ? 'close' : 'disconnect');
      await once(socket as never, setup.library === 'ws' ? 'open' : 'connect');
      await clock.advance(LIFE_MS + 31_000);
      await gone;
    },
  );
});
