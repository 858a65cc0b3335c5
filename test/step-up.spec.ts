import { Controller, Get, UseGuards } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { io } from 'socket.io-client';
import { expect, it, onTestFinished, describe, vi } from 'vitest';
import {
  IdentityAuthGuard,
  IdentityEvents,
  IdentityModule,
  IdentityStats,
  RequireAuthentication,
  type IdentityEvent,
  type IdentityModuleOptions,
} from 'nestjs-identity-model';
import { TestIssuer } from 'nestjs-identity-model/testing';
import { AuthorizationServer } from './support/authorization-server.js';
import { createApp, get, PLATFORMS, type Platform } from './support/create-app.js';

@UseGuards(IdentityAuthGuard)
@Controller()
class Bank {
  @RequireAuthentication({ acr: ['phrh', 'phr'] }) @Get('transfer') transfer(): object {
    return { done: true };
  }
  @RequireAuthentication({ maxAgeMs: 60_000 }) @Get('limits') limits(): object {
    return { done: true };
  }
  @RequireAuthentication({ acr: 'phr', maxAgeMs: 0 }) @Get('close') close(): object {
    return { done: true };
  }
}

@UseGuards(IdentityAuthGuard)
@WebSocketGateway()
class BankGateway {
  @RequireAuthentication({ acr: ['phrh', 'phr'], maxAgeMs: 60_000 })
  @SubscribeMessage('transfer')
  transfer(): object {
    return { event: 'transfer', data: 'done' };
  }
}

const issuer = TestIssuer.inMemory({ audience: 'bank' });
const nowSec = (): number => Math.floor(Date.now() / 1000);
const tokenWith = (claims: object): string => issuer.token({ claims: { ...claims } });

async function start(
  options: Partial<IdentityModuleOptions> = {},
  platform: Platform = 'express',
): ReturnType<typeof createApp> {
  const test = await createApp(platform, {
    imports: [IdentityModule.forRoot(issuer.moduleOptions(options))],
    controllers: [Bank],
    providers: [BankGateway],
  });
  onTestFinished(() => test.app.close());
  return test;
}

const SAID =
  'error="insufficient_user_authentication", error_description="A stronger or more recent authentication is required"';

describe.each(PLATFORMS)('@RequireAuthentication on %s', (platform) => {
  it('answers 401 with what the client must ask for (RFC 9470 section 3)', async () => {
    const { url } = await start({ acrOrder: ['pwd', 'phr', 'phrh'] }, platform);
    const ask = async (path: string, claims: object): Promise<[number, string | null]> => {
      const response = await get(`${url}/${path}`, tokenWith(claims));
      return [response.status, response.headers.get('www-authenticate')];
    };
    const OK = [200, null];
    expect(await ask('transfer', { acr: 'phr' })).toEqual(OK);
    expect(await ask('transfer', { acr: 'pwd' })).toEqual([
      401,
      `Bearer realm="api", ${SAID}, acr_values="phrh phr"`,
    ]);
    expect(await ask('limits', { auth_time: nowSec() - 50 })).toEqual(OK);
    expect(await ask('limits', { auth_time: nowSec() - 100 })).toEqual([
      401,
      `Bearer realm="api", ${SAID}, max_age="60"`,
    ]);
    expect(await ask('close', { acr: 'phrh', auth_time: nowSec() })).toEqual(OK);
    expect(await ask('close', {})).toEqual([
      401,
      `Bearer realm="api", ${SAID}, acr_values="phr", max_age="0"`,
    ]);
    // Nothing of it for a token that is not valid at all, and for none.
    const INVALID =
      'Bearer realm="api", error="invalid_token", error_description="The access token is invalid"';
    for (const claims of [{ acr: 5 }, { acr: ['phr'] }, { acr: 'pwd', aud: 'another' }]) {
      expect(await ask('transfer', claims)).toEqual([401, INVALID]);
    }
    expect(await ask('limits', { auth_time: '1700000000' })).toEqual([401, INVALID]);
    const without = await get(`${url}/transfer`);
    expect([without.status, without.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="api"']);
  });
});

it("tells clients of Entra ID by a claims challenge, and reads 'acrs'", async () => {
  const { url } = await start({ stepUp: 'entra' });
  expect((await get(`${url}/transfer`, tokenWith({ acrs: ['phr'] }))).status).toBe(200);
  const refused = await get(`${url}/transfer`, tokenWith({ acr: 'phr' }));
  expect(refused.status).toBe(401);
  const challenge = refused.headers.get('www-authenticate') ?? '';
  expect(challenge).toMatch(/^Bearer realm="api", error="insufficient_claims", /);
  const claims = Buffer.from(/claims="([^"]+)"/.exec(challenge)?.[1] ?? '', 'base64').toString();
  expect(JSON.parse(claims)).toEqual({
    access_token: { acrs: { essential: true, values: ['phrh', 'phr'] } },
  });
});

it('says what is needed outside of HTTP, too', async () => {
  const { url } = await start();
  const socket = io(url, { auth: { token: tokenWith({ acr: 'pwd' }) }, transports: ['websocket'] });
  onTestFinished(() => void socket.close());
  const answer = new Promise((resolve) => socket.once('exception', resolve));
  socket.emit('transfer', {});
  expect(await answer).toMatchObject({
    code: 'authentication_insufficient',
    statusCode: 401,
    acrValues: ['phrh', 'phr'],
    maxAge: 60,
  });
});

it('counts and reports who must log in again', async () => {
  const { app, url } = await start();
  const seen: IdentityEvent[] = [];
  app.get(IdentityEvents).events$.subscribe((event) => seen.push(event));
  await get(`${url}/transfer`, tokenWith({}));
  await get(`${url}/transfer`, tokenWith({ acr: 1 }));
  const denials = app
    .get(IdentityStats)
    .snapshot()
    .window.denials.filter(({ count }) => count > 0);
  expect(denials).toEqual([
    { code: 'authentication_insufficient', count: 1 },
    { code: 'claim_invalid', count: 1 },
  ]);
  expect(seen.filter(({ type }) => type === 'access.denied')).toMatchObject([
    { code: 'authentication_insufficient' },
    { code: 'claim_invalid' },
  ]);
});

describe('a client that does at a real provider what the challenge says', () => {
  const RESOURCE = 'https://bank.example.com';

  async function startBank(): Promise<{ server: AuthorizationServer; url: string }> {
    const server = await AuthorizationServer.start({
      apis: { [RESOURCE]: { audience: 'bank', scope: 'transfer' } },
      acrValues: ['pwd', 'phr', 'phrh'],
    });
    const { app, url } = await createApp('express', {
      imports: [IdentityModule.forRoot({ issuer: server.issuer, audience: 'bank' })],
      controllers: [Bank],
    });
    onTestFinished(() => app.close());
    return { server, url };
  }
  const parameterOf = (response: Response, name: string): string | undefined =>
    new RegExp(`${name}="([^"]+)"`).exec(response.headers.get('www-authenticate') ?? '')?.[1];

  it('is let in once it asked for acr_values', async () => {
    const { server, url } = await startBank();
    const weak = await server.accessToken({ resource: RESOURCE, acr_values: 'pwd' });
    const refused = await get(`${url}/transfer`, weak);
    expect(refused.status).toBe(401);
    const acr_values = parameterOf(refused, 'acr_values') ?? '';
    expect(acr_values).toBe('phrh phr');
    const strong = await server.accessToken({ resource: RESOURCE, acr_values, prompt: 'login' });
    expect((await get(`${url}/transfer`, strong)).status).toBe(200);
  });

  it('is let in once it asked for max_age, and not with another token of the same old login', async () => {
    const { server, url } = await startBank();
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const atLogin = await server.accessToken({ resource: RESOURCE });
    expect((await get(`${url}/limits`, atLogin)).status).toBe(200);
    vi.setSystemTime(Date.now() + 300_000);
    const refused = await get(`${url}/limits`, atLogin);
    expect(refused.status).toBe(401);
    expect(parameterOf(refused, 'error')).toBe('insufficient_user_authentication');
    const max_age = parameterOf(refused, 'max_age') ?? '';
    expect(max_age).toBe('60');
    // The user is still logged in at the provider, so that only max_age leads to a new login there.
    const anew = await server.accessToken({ resource: RESOURCE });
    expect((await get(`${url}/limits`, anew)).status).toBe(401);
    const recent = await server.accessToken({ resource: RESOURCE, max_age });
    expect((await get(`${url}/limits`, recent)).status).toBe(200);
    expect((await get(`${url}/limits`, atLogin)).status).toBe(401);
  });
});
