import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WebSocketGateway, type OnGatewayConnection } from '@nestjs/websockets';
import { io } from 'socket.io-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { guardSockets, IdentityModule, type SocketGuardOptions } from 'nestjs-identity-model';
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

async function start(options: SocketGuardOptions): Promise<string> {
  const app = await NestFactory.create(App, { logger: false, abortOnError: false });
  onTestFinished(() => app.close());
  app.useWebSocketAdapter(guardSockets(app, new IoAdapter(app), options));
  await app.listen(0, '127.0.0.1');
  return app.getUrl();
}

/** What a client with a token for some resource hears: the push, or why it may not connect. */
async function connect(url: string, audience: string | string[]): Promise<unknown> {
  const socket = io(url, {
    auth: { token: issuer.token({ audience }) },
    transports: ['websocket'],
    reconnection: false,
  });
  onTestFinished(() => void socket.close());
  return new Promise((resolve) => {
    socket.once('secret', resolve);
    socket.once('connect_error', (error: Error & { data?: { code?: string } }) => resolve(error.data?.code));
  });
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
});
