import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { TestClock, TestIssuer, withClock, withIssuer } from 'nestjs-identity-model/testing';
import { io, type Socket } from 'socket.io-client';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { AppModule } from '../src/app.module.js';
import { guardAllSockets } from '../src/sockets.js';

const clock = new TestClock();
const issuer = TestIssuer.inMemory({ clock });
const sockets: Socket[] = [];
let app: INestApplication;

beforeAll(async () => {
  process.env['OIDC_ISSUER'] = 'https://id.example.com';
  process.env['OIDC_AUDIENCE'] = 'chat-api';
  const builder = withClock(Test.createTestingModule({ imports: [AppModule] }), clock);
  app = (await withIssuer(builder, issuer).compile()).createNestApplication();
  guardAllSockets(app);
  await app.listen(0, '127.0.0.1');
});
afterEach(() => sockets.splice(0).forEach((socket) => socket.disconnect()));
afterAll(() => app.close());

async function connect(token?: string): Promise<Socket> {
  const options = { forceNew: true, reconnection: false, transports: ['websocket'] };
  const socket = io(await app.getUrl(), { ...options, auth: { token } });
  sockets.push(socket);
  return socket;
}

const next = async (socket: Socket, event: string) =>
  new Promise<Record<string, unknown> | string>((resolve) => void socket.once(event, resolve));

it('lets nobody in without a good token', async () => {
  for (const [token, code] of [
    [undefined, 'token_missing'],
    [issuer.token({ wrong: 'expired' }), 'token_expired'],
  ]) {
    const error = await next(await connect(token), 'connect_error');
    expect(error).toMatchObject({ data: { code, statusCode: 401 } });
  }
});

it('says who has spoken', async () => {
  const ada = await connect(issuer.token({ sub: 'ada', scope: 'chat:write' }));
  const bob = await connect(issuer.token({ sub: 'bob' }));
  expect(await bob.emitWithAck('join', 'engines')).toEqual({ joined: 'engines', as: 'bob' });

  const said = next(bob, 'said');
  expect(await ada.emitWithAck('say', { room: 'engines', text: 'Hello', from: 'bob' })).toEqual({
    sent: true,
  });
  expect(await said).toEqual({ from: 'ada', text: 'Hello' });
});

it('refuses a message without the scope', async () => {
  const bob = await connect(issuer.token({ sub: 'bob', scope: 'chat:read' }));
  bob.emit('say', { room: 'engines', text: 'Hello' });
  expect(await next(bob, 'exception')).toMatchObject({ code: 'scope_missing', statusCode: 403 });
});

it('closes a socket when its token expires', async () => {
  const socket = await connect(issuer.token({ expiresInMs: 60_000 }));
  await next(socket, 'connect');
  const closed = next(socket, 'disconnect');
  // An hour passes at once.
  await clock.advance(3_600_000);
  expect(await closed).toBe('io server disconnect');
});
