import { once } from 'node:events';
import { Controller, Get, UseGuards } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { Test } from '@nestjs/testing';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { afterEach, expect, it, vi } from 'vitest';
import { IdentityAuthGuard, IdentityModule, Public } from 'nestjs-identity-model';
import { TestIssuer, withIdentity } from 'nestjs-identity-model/testing';
import { createApp } from './support/create-app.js';
import { nestLine } from './support/nest-line.js';
import { askWs, openWs } from './support/transports/sockets.js';

const issuer = TestIssuer.inMemory();
const logger = { log: vi.fn(), warn: vi.fn(), error: vi.fn() };
const logged = (): unknown[] => logger.error.mock.calls.map(([text]) => text as unknown);
afterEach(() => logger.error.mockClear());

it('logs once a minute what a gateway lacks, and tells its clients nothing', async () => {
  @UseGuards(IdentityAuthGuard)
  @WebSocketGateway()
  class Gateway {
    @SubscribeMessage('me') me(): object {
      return { event: 'reply', data: 'ok' };
    }
    @Public() @SubscribeMessage('open') open(): object {
      return { event: 'reply', data: 'open' };
    }
  }
  const { app, url } = await createApp(
    'express',
    { imports: [IdentityModule.forRoot(issuer.moduleOptions())], providers: [Gateway] },
    (prepared) => {
      prepared.useWebSocketAdapter(new WsAdapter(prepared));
      prepared.useLogger(logger);
    },
  );
  const socket = openWs(url, { headers: { authorization: issuer.bearer() } });
  try {
    await once(socket, 'open');
    for (let times = 0; times < 2; times++) {
      if (nestLine.nativeWsExceptions)
        await expect(askWs(socket, 'me')).rejects.toThrow('"message":"Internal server error"');
      else socket.send(JSON.stringify({ event: 'me', data: {} }));
    }
    // Before NestJS 12 the first that they hear.
    expect(await askWs(socket, 'open')).toEqual({ value: 'open' });
    expect(logged()).toEqual([expect.stringMatching(/^transport_unsupported: .*guardSockets/)]);
  } finally {
    socket.terminate();
    await app.close();
  }
});

it('logs what a test forgot, and answers 500 without a word', async () => {
  @UseGuards(IdentityAuthGuard)
  @Controller()
  class Routes {
    @Get() me(): object {
      return {};
    }
  }
  const builder = Test.createTestingModule({
    imports: [
      IdentityModule.forRoot({
        audience: 'orders-api',
        issuers: (name) => ({ issuer: name }),
        allowedIssuers: () => true,
      }),
    ],
    controllers: [Routes],
  });
  const app = (await withIdentity(builder, { sub: 'ada' }).compile()).createNestApplication({ logger });
  await app.listen(0, '127.0.0.1');
  const response = await fetch(await app.getUrl());
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain('withIdentity');
  expect(logged()).toEqual([expect.stringMatching(/^options_invalid: withIdentity needs "issuer"/)]);
  await app.close();
});
