import { Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WebSocketGateway, type OnGatewayConnection } from '@nestjs/websockets';
import { io } from 'socket.io-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  guardSockets,
  IdentityEvents,
  IdentityModule,
  IdentityStats,
  type IdentityEvent,
  type SocketGuardOptions,
} from 'nestjs-identity-model';
import { TestIssuer } from 'nestjs-identity-model/testing';

const API = 'https://api.example.com';
const MCP = `${API}/mcp`;
const issuer = TestIssuer.inMemory();

@WebSocketGateway()
class Pushing implements OnGatewayConnection {
  handleConnection(client: { emit: (event: string, data: string) => void }): void {
    client.emit('secret', 'of the gateway');
  }
}

@Module({
  imports: [IdentityModule.forRoot(issuer.moduleOptions({ resources: [{ url: API }, { url: MCP }] }))],
  providers: [Pushing],
})
class App {}

async function startApp(options: SocketGuardOptions): Promise<{ app: INestApplication; url: string }> {
  const app = await NestFactory.create(App, { logger: false, abortOnError: false });
  onTestFinished(() => app.close());
  app.useWebSocketAdapter(guardSockets(app, new IoAdapter(app), options));
  await app.listen(0, '127.0.0.1');
  return { app, url: await app.getUrl() };
}

const start = async (options: SocketGuardOptions): Promise<string> => (await startApp(options)).url;

/** What a client with a token for some resource hears: the push, or why it may not connect. */
async function connect(url: string, audience: string | string[] | undefined): Promise<unknown> {
  const socket = io(url, {
    auth: audience === undefined ? {} : { token: issuer.token({ audience }) },
    transports: ['websocket'],
    reconnection: false,
  });
  onTestFinished(() => void socket.close());
  return new Promise((resolve) => {
    socket.once('secret', resolve);
    socket.once('connect_error', (error: Error & { data?: { code?: string } }) => resolve(error.data?.code));
  });
}

/** What is told of denials from now on. */
function denialsIn(app: INestApplication): IdentityEvent[] {
  const events: IdentityEvent[] = [];
  app.get(IdentityEvents).events$.subscribe((event) => {
    if (event.type === 'request.rejected' || event.type === 'access.denied') events.push(event);
  });
  return events;
}

describe('a socket', () => {
  it('needs a token for the first resource', async () => {
    const url = await start({});
    expect(await connect(url, API)).toBe('of the gateway');
    expect(await connect(url, [MCP, API])).toBe('of the gateway');
    expect(await connect(url, MCP)).toBe('audience_mismatch');
  });

  it.each([MCP, '/mcp'])('or for the one that guardSockets names: %s', async (resource) => {
    const url = await start({ resource });
    expect(await connect(url, MCP)).toBe('of the gateway');
    expect(await connect(url, API)).toBe('audience_mismatch');
  });

  it('of a resource that is not configured is none', async () => {
    await expect(start({ resource: '/other' })).rejects.toMatchObject({
      code: 'options_invalid',
      message: 'guardSockets names a resource that is not configured: /other',
    });
  });

  it('that is denied is told and counted as a request is', async () => {
    const { app, url } = await startApp({});
    const events = denialsIn(app);
    expect(await connect(url, undefined)).toBe('token_missing');
    expect(await connect(url, MCP)).toBe('audience_mismatch');
    expect(await connect(url, API)).toBe('of the gateway');
    expect(events).toMatchObject([
      { type: 'request.rejected', code: 'token_missing' },
      { type: 'access.denied', code: 'audience_mismatch', issuer: issuer.issuer },
    ]);
    const { denials } = app.get(IdentityStats).snapshot().window;
    expect(denials.filter(({ count }) => count > 0)).toEqual([
      { code: 'token_missing', count: 1 },
      { code: 'audience_mismatch', count: 1 },
    ]);
  });

  it('that may be anonymous is told of only if its token is bad', async () => {
    const { app, url } = await startApp({ anonymous: true });
    const events = denialsIn(app);
    expect(await connect(url, undefined)).toBe('of the gateway');
    expect(events).toEqual([]);
    expect(await connect(url, MCP)).toBe('audience_mismatch');
    expect(events).toHaveLength(1);
  });
});
