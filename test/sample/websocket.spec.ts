import { once } from 'node:events';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { TestClock, TestIssuer, withClock, withIssuer } from 'nestjs-identity-model/testing';
import { AppModule } from '../../sample/app.module.js';
import { prepareApp } from '../../sample/prepare-app.js';

describe('the gateway of the sample', () => {
  let clock: TestClock;
  let issuer: TestIssuer;
  let app: INestApplication;
  const sockets: WebSocket[] = [];

  beforeEach(async () => {
    clock = new TestClock();
    issuer = TestIssuer.inMemory({ clock });
    const metadata = { imports: [AppModule.forIssuer('https://id.example.com')] };
    const builder = withIssuer(Test.createTestingModule(metadata), issuer);
    app = (await withClock(builder, clock).compile()).createNestApplication({ logger: false });
    prepareApp(app);
    await app.listen(0, '127.0.0.1');
  });

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.terminate();
    await app.close();
  });

  async function open(authorization?: string): Promise<WebSocket> {
    const url = `${(await app.getUrl()).replace('http', 'ws')}/events`;
    const socket = new WebSocket(url, { headers: authorization === undefined ? {} : { authorization } });
    sockets.push(socket);
    return socket;
  }

  async function ask(socket: WebSocket, event: string): Promise<unknown> {
    if (socket.readyState === WebSocket.CONNECTING) await once(socket, 'open');
    const answer = once(socket, 'message');
    socket.send(JSON.stringify({ event, data: {} }));
    const [raw] = (await answer) as [Buffer];
    return JSON.parse(raw.toString());
  }

  it('knows who asks', async () => {
    expect(await ask(await open(issuer.bearer({ sub: 'ada' })), 'me')).toEqual({ event: 'me', data: 'ada' });
  });

  it('takes an order only from who may write', async () => {
    const writer = await open(issuer.bearer({ scope: 'orders:write' }));
    expect(await ask(writer, 'create')).toEqual({ event: 'created', data: { id: 3, item: 'milk jug' } });
    const reader = await open(issuer.bearer({ scope: 'orders:read' }));
    expect(await ask(reader, 'create')).toMatchObject({
      event: 'exception',
      data: { statusCode: 403, code: 'scope_missing' },
    });
  });

  it.each([
    ['nobody', undefined, 'token_missing'],
    ['a token for another API', 'wrong audience', 'audience_mismatch'],
    ['a token that somebody else signed', 'wrong key', 'signature_invalid'],
  ] as const)('closes the socket of %s', async (_name, wrong, code) => {
    const socket = await open(wrong && issuer.bearer({ wrong }));
    const [closing, reason] = (await once(socket, 'close')) as [number, Buffer];
    expect([closing, reason.toString()]).toEqual([1008, code]);
  });

  it('stops serving a socket when its token expires', async () => {
    const socket = await open(issuer.bearer({ expiresInMs: 60_000 }));
    expect(await ask(socket, 'me')).toMatchObject({ event: 'me' });
    await clock.advance(120_000);
    expect(await ask(socket, 'me')).toMatchObject({
      event: 'exception',
      data: { statusCode: 401, code: 'token_expired' },
    });
  });
});
