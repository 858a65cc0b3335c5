import { Controller, Get, UseGuards, type INestApplication } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SubscribeMessage, WebSocketGateway, type OnGatewayInit } from '@nestjs/websockets';
import { createClient, type Client } from 'graphql-ws';
import { io, type Socket } from 'socket.io-client';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import {
  Claims,
  IdentityAuthGuard,
  IdentityModule,
  rememberHandshake,
  type IdentityModuleOptions,
  type SocketGuardOptions,
  type UpgradeRequest,
} from 'nestjs-identity-model';
import { TestIssuer } from 'nestjs-identity-model/testing';
import { ask as askHttp } from './support/ask.js';
import { createApp, get, PLATFORMS } from './support/create-app.js';
import {
  connect,
  GRAPHQL_SERVERS,
  startGraphql,
  type GraphqlAnswer,
  type GraphqlServer,
} from './support/transports/graphql.js';
import {
  askIo,
  askWs,
  IO_OPTIONS,
  openWs,
  OrdersGateway,
  RememberingGateway,
  startSockets as startSocketApp,
  type SocketLibrary,
} from './support/transports/sockets.js';

const issuer = TestIssuer.inMemory({ audience: 'orders-api' });
const SERVERS = Object.keys(GRAPHQL_SERVERS) as GraphqlServer[];
const PAGE = 'https://app.example.com';
const COOKIE = { transports: { tokenFromCookie: { name: '__Host-token', origins: [PAGE] } } } as const;

let app: INestApplication | undefined;
const clients: { dispose?(): unknown; terminate?(): void; disconnect?(): unknown }[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) {
    await client.dispose?.();
    client.terminate?.();
    if (!(client instanceof WebSocket)) client.disconnect?.();
  }
  await app?.close();
  app = undefined;
});

function keep<Kept extends (typeof clients)[number]>(client: Kept): Kept {
  clients.push(client);
  return client;
}

@UseGuards(IdentityAuthGuard)
@Controller()
class MeController {
  @Get('me') me(@Claims('sub') sub: string): string {
    return sub;
  }
}

interface Changeable {
  readonly headers: Record<string, string | undefined>;
}

/** The part of socket.io's server that is used. */
interface Server {
  use(middleware: (socket: { readonly handshake: object }, next: () => void) => void): unknown;
}

/** What middleware makes of a session cookie, or of a token that it has exchanged. */
function authorize({ headers }: Changeable): void {
  if (headers['x-session'] === 'ada') headers['authorization'] = issuer.bearer({ sub: 'ada' });
  if (headers['x-session'] === 'none') delete headers['authorization'];
}

/** Middleware of Express, or a hook of Fastify. */
function install(target: INestApplication): void {
  if (target.getHttpAdapter().getType() === 'express') {
    target.use((request: Changeable, _response: unknown, next: () => void) => {
      authorize(request);
      next();
    });
  } else {
    (target as NestFastifyApplication)
      .getHttpAdapter()
      .getInstance()
      .addHook('onRequest', async (request) => authorize(request as unknown as Changeable));
  }
}

describe('an Authorization header that middleware has changed', () => {
  it.each(PLATFORMS)('counts, on %s', async (platform) => {
    const metadata = {
      imports: [IdentityModule.forRoot(issuer.moduleOptions())],
      controllers: [MeController],
    };
    const started = await createApp(platform, metadata, install);
    ({ app } = started);
    const url = `${started.url}/me`;
    const eve = issuer.bearer({ sub: 'eve' });
    const seen = async (headers: Record<string, string>): Promise<[number, string]> => {
      const response = await get(url, undefined, { headers });
      return [response.status, response.status === 200 ? await response.text() : ''];
    };
    expect(await seen({ authorization: eve })).toEqual([200, 'eve']);
    expect(await seen({ 'x-session': 'ada' })).toEqual([200, 'ada']);
    expect(await seen({ 'x-session': 'ada', authorization: eve })).toEqual([200, 'ada']);
    expect(await seen({ 'x-session': 'ada', authorization: 'Basic x' })).toEqual([200, 'ada']);
    expect(await seen({ 'x-session': 'none', authorization: eve })).toEqual([401, '']);
    // Which of two the proxy in front has checked, nobody knows.
    const twice = { 'x-session': 'ada', authorization: [eve, eve] };
    expect((await askHttp(url, { headers: twice as never })).status).toBe(400);
  });

  it('counts in the handshake of socket.io', async () => {
    const url = await startSockets('socket.io', {}, undefined, AuthorizingGateway);
    const open = (extraHeaders: Record<string, string>): Socket =>
      keep(io(url, { ...IO_OPTIONS, extraHeaders }));
    expect(await askIo(open({ 'x-session': 'ada' }), 'me')).toEqual({ value: 'ada' });
    const replaced = { 'x-session': 'ada', authorization: issuer.bearer({ sub: 'eve' }) };
    expect(await askIo(open(replaced), 'me')).toEqual({ value: 'ada' });
  });

  it('counts in the upgrade request of ws', async () => {
    const url = await startSockets('ws', {}, undefined, RememberingAuthorizingGateway);
    expect(await askWs(keep(openWs(url, { headers: { 'x-session': 'ada' } })), 'me')).toEqual({
      value: 'ada',
    });
  });
});

@UseGuards(IdentityAuthGuard)
@WebSocketGateway()
class AuthorizingGateway implements OnGatewayInit<Server> {
  afterInit(server: Server): void {
    server.use((socket, next) => {
      authorize(socket.handshake as unknown as Changeable);
      next();
    });
  }
  @SubscribeMessage('me') me(@Claims('sub') sub: string): object {
    return { event: 'reply', data: sub };
  }
}

@UseGuards(IdentityAuthGuard)
@WebSocketGateway()
class RememberingAuthorizingGateway {
  handleConnection(client: object, request: UpgradeRequest): void {
    authorize(request as unknown as Changeable);
    rememberHandshake(client, request);
  }
  @SubscribeMessage('me') me(@Claims('sub') sub: string): object {
    return { event: 'reply', data: sub };
  }
}

async function startSockets(
  library: SocketLibrary,
  options: Partial<IdentityModuleOptions>,
  atConnect?: SocketGuardOptions,
  gateway: new () => object = OrdersGateway,
): Promise<string> {
  const all = { ...issuer.moduleOptions(), ...options };
  const setup = { library, gateways: [gateway], ...(atConnect && { atConnect }) };
  const started = await startSocketApp(setup, all);
  ({ app } = started);
  return started.url;
}

/** The first answer over a subscription. */
async function firstOf(client: Client, field: string): Promise<unknown> {
  const codes = (errors: unknown): unknown =>
    (errors as { extensions?: Record<string, unknown> }[]).map(({ extensions }) => extensions?.['code']);
  try {
    const { value } = await client.iterate({ query: `subscription { ${field} }` }).next();
    const { data, errors } = value as GraphqlAnswer;
    return errors === undefined ? data : codes(errors);
  } catch (error) {
    if (!Array.isArray(error)) throw error;
    return codes(error);
  }
}

describe.each(SERVERS)('connectionParams over %s', (server) => {
  const start = async (): Promise<string> => {
    const started = await startGraphql(server, issuer.moduleOptions());
    ({ app } = started);
    return started.url;
  };

  it.each<[string, () => Record<string, unknown>, unknown]>([
    ['as a member', () => ({ Authorization: issuer.bearer({ sub: 'ada' }) }), { meEvents: 'ada' }],
    ['in lower case', () => ({ authorization: issuer.bearer({ sub: 'ada' }) }), { meEvents: 'ada' }],
    [
      'in headers',
      () => ({ headers: { Authorization: issuer.bearer({ sub: 'ada' }) } }),
      { meEvents: 'ada' },
    ],
    [
      'beside other headers',
      () => ({ headers: { 'x-trace': '1' }, Authorization: issuer.bearer({ sub: 'ada' }) }),
      { meEvents: 'ada' },
    ],
    [
      'in two places with two tokens',
      () => ({
        Authorization: issuer.bearer({ sub: 'ada' }),
        headers: { Authorization: issuer.bearer({ sub: 'eve' }) },
      }),
      ['authorization_malformed'],
    ],
    ['in a list of headers', () => ({ headers: [issuer.bearer()] }), ['token_missing']],
    ['deeper', () => ({ headers: { headers: { Authorization: issuer.bearer() } } }), ['token_missing']],
  ])('are read alike: %s', async (_name, params, seen) => {
    const client = keep(connect(await start(), params()));
    expect(await firstOf(client, 'meEvents')).toEqual(seen);
    // Mercurius has written them into the headers of the upgrade request meanwhile.
    expect(await firstOf(client, 'meEvents')).toEqual(seen);
  });
});

const cookie = (token: string): string => `theme=dark; __Host-token=${token}`;

/** Cookies as browsers send them: with the origin of the page. */
const fromPage = (origin: string | undefined, token: string): Record<string, string> => ({
  cookie: cookie(token),
  ...(origin !== undefined && { origin }),
});

const PAGES: readonly [name: string, origin: string | undefined][] = [
  ['another site', 'https://evil.example'],
  ['a sandboxed frame', 'null'],
  ['no page', undefined],
];

describe.each<SocketLibrary>(['socket.io', 'ws'])('a token in a cookie, on %s', (library) => {
  const atConnect = {};
  const open = async (url: string, headers: Record<string, string>, auth = {}): Promise<unknown> =>
    library === 'ws'
      ? askWs(keep(openWs(url, { headers })), 'me')
      : askIo(keep(io(url, { ...IO_OPTIONS, extraHeaders: headers, auth })), 'me');
  const missing = { code: 'token_missing' };

  it('opens a socket from a page of the list', async () => {
    const url = await startSockets(library, COOKIE, atConnect);
    expect(await open(url, fromPage(PAGE, issuer.token({ sub: 'ada' })))).toEqual({ value: 'ada' });
    expect(await open(url, fromPage(PAGE, 'garbage'))).toMatchObject({ code: 'token_malformed' });
    expect(await open(url, { origin: PAGE })).toMatchObject(missing);
  });

  it.each(PAGES)('opens none from %s, not even an anonymous one', async (_name, origin) => {
    const url = await startSockets(library, COOKIE, { anonymous: true });
    expect(await open(url, fromPage(origin, issuer.token()))).toMatchObject(missing);
  });

  it('is not read unless that is wanted', async () => {
    const url = await startSockets(library, {}, atConnect);
    expect(await open(url, fromPage(PAGE, issuer.token()))).toMatchObject(missing);
  });

  it('says nothing beside a token that the client has sent, from whatever page', async () => {
    const url = await startSockets(library, COOKIE, atConnect);
    for (const [, origin] of PAGES) {
      const headers = {
        ...fromPage(origin, issuer.token({ sub: 'eve' })),
        authorization: issuer.bearer({ sub: 'ada' }),
      };
      expect(await open(url, headers)).toEqual({ value: 'ada' });
    }
  });

  it('is checked for each message, without guardSockets too', async () => {
    const gateway = library === 'ws' ? RememberingGateway : OrdersGateway;
    const url = await startSockets(library, COOKIE, undefined, gateway);
    expect(await open(url, fromPage(PAGE, issuer.token({ sub: 'ada' })))).toEqual({ value: 'ada' });
    expect(await open(url, fromPage('https://evil.example', issuer.token()))).toMatchObject(missing);
  });
});

describe.each(SERVERS)('a token in a cookie, on %s', (server) => {
  const start = async (): Promise<string> => {
    const started = await startGraphql(server, { ...issuer.moduleOptions(), ...COOKIE });
    ({ app } = started);
    return started.url;
  };
  const subscribe = async (
    url: string,
    headers: Record<string, string>,
    connectionParams: Record<string, unknown> = {},
  ): Promise<unknown> => {
    class WithHeaders extends WebSocket {
      constructor(address: string, protocols: string[]) {
        super(address, protocols, { headers });
      }
    }
    const client = createClient({
      url: url.replace(/^http/, 'ws'),
      webSocketImpl: WithHeaders,
      connectionParams,
      retryAttempts: 0,
      onNonLazyError: () => undefined,
    });
    return firstOf(keep(client), 'meEvents');
  };

  it('opens a subscription from a page of the list', async () => {
    const url = await start();
    expect(await subscribe(url, fromPage(PAGE, issuer.token({ sub: 'ada' })))).toEqual({ meEvents: 'ada' });
    expect(await subscribe(url, { origin: PAGE })).toEqual(['token_missing']);
  });

  it.each(PAGES)('opens none from %s, whatever the page says it is', async (_name, origin) => {
    const url = await start();
    const lies = { origin: PAGE, Origin: PAGE, headers: { origin: PAGE, Origin: PAGE } };
    for (const params of [{}, lies, lies.headers]) {
      expect(await subscribe(url, fromPage(origin, issuer.token()), params)).toEqual(['token_missing']);
    }
  });

  it('says nothing beside a token that the client has sent', async () => {
    const params = { Authorization: issuer.bearer({ sub: 'ada' }) };
    const seen = await subscribe(await start(), fromPage(undefined, issuer.token({ sub: 'eve' })), params);
    expect(seen).toEqual({ meEvents: 'ada' });
  });

  it('is never read of an HTTP request', async () => {
    const response = await fetch(await start(), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...fromPage(PAGE, issuer.token()) },
      body: JSON.stringify({ query: '{ me }' }),
    });
    const { errors } = (await response.json()) as GraphqlAnswer;
    expect(errors?.[0]?.extensions?.['code']).toBe('token_missing');
  });
});
