import { ClientProxyFactory, Transport, type ClientProxy } from '@nestjs/microservices';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { IdentityModuleOptions } from 'nestjs-identity-model';
import { rejectionOf } from './support/create-module.js';
import { nestLine } from './support/nest-line.js';
import { ProviderDouble } from './support/provider-double.js';
import {
  freePort,
  packets,
  send,
  startService,
  withMetadata,
  type Service,
} from './support/transports/microservices.js';

const MALFORMED = { status: 400, code: 'authorization_malformed' };
const MISSING = { status: 401, code: 'token_missing' };

describe('attacks on TCP messages', () => {
  let provider: ProviderDouble;
  let service: Service | undefined;
  let client: ClientProxy;

  async function start(options: Partial<IdentityModuleOptions> = {}): Promise<void> {
    const wire = {
      transport: Transport.TCP,
      options: { host: '127.0.0.1', port: await freePort() },
    } as const;
    client = ClientProxyFactory.create(wire);
    service = await startService(
      { issuer: provider.issuer, audience: 'orders-api', warmUp: 'await', ...options },
      wire,
    );
  }

  /** So that tokens can be sent, whatever the version of NestJS. */
  const startReachable = async (): Promise<void> =>
    start(packets.options({ issuer: provider.issuer, audience: 'orders-api' }));

  beforeEach(async () => {
    provider = await ProviderDouble.start();
  });

  afterEach(async () => {
    await client.close();
    await service?.close();
    service = undefined;
    await provider.stop();
  });

  it('take no token out of the payload', async () => {
    // Without metadata a client could not send one at all: no start, if Nest says what servers there are.
    if (!nestLine.packetMetadata && nestLine.knownServers) {
      expect(await rejectionOf(start())).toBe('transport_unsupported');
      return;
    }
    await start();
    const token = provider.token();
    const authorization = `Bearer ${token}`;
    const headers = { authorization };
    const payload = { access_token: token, token, authorization, headers, metadata: { authorization } };
    const answer = send(client, 'me', payload);
    if (nestLine.packetMetadata) expect(await answer).toEqual(MISSING);
    else await expect(answer).rejects.toThrow('Internal server error');
  });

  it('take it from there where that is enabled, but not a second one', async () => {
    await start({ transports: { tokenFromPayload: true } });
    const token = provider.token();
    expect(await send(client, 'me', { access_token: token })).toEqual({ value: 'user-1' });
    expect(await send(client, 'me', {})).toEqual(MISSING);
    expect(await send(client, 'me', { access_token: { token } })).toEqual({
      status: 401,
      code: 'token_malformed',
    });
    expect(await send(client, 'me', JSON.parse(`{"__proto__":{"access_token":"${token}"}}`))).toEqual(
      MISSING,
    );
    withMetadata(client, { authorization: `Bearer ${provider.token({ sub: 'user-2' })}` });
    expect(await send(client, 'me', { access_token: token })).toEqual(
      nestLine.packetMetadata ? MALFORMED : { value: 'user-1' },
    );
  });

  it.each([
    ['a list of two', (header: string) => ({ authorization: [header, header] })],
    ['two in different case', (header: string) => ({ authorization: header, Authorization: 'Bearer x' })],
    ['an object', (header: string) => ({ authorization: { header } })],
    ['two tokens', (header: string) => ({ authorization: `${header} ${header}` })],
  ])('refuse metadata with %s', async (_name, metadata) => {
    await startReachable();
    withMetadata(client, metadata(`Bearer ${provider.token()}`));
    expect(await send(client, 'me', {})).toEqual(nestLine.packetMetadata ? MALFORMED : MISSING);
  });

  it.each([
    ['a string', 'Bearer x'],
    ['null', null],
    ['an object of functions that are none', { getMap: 'x', get: 'x', keys: 'x', values: 'x' }],
    ['another scheme', { authorization: 'Basic dXNlcjpwYXNz' }],
  ])('take metadata that is %s for none', async (_name, metadata) => {
    await startReachable();
    withMetadata(client, metadata as never);
    expect(await send(client, 'me', {})).toEqual(MISSING);
  });

  it('answer with nothing of the token', async () => {
    await startReachable();
    const payload = packets.carry(client, provider.token({ exp: 1, sub: 'somebody' }));
    const seen: unknown = await new Promise((resolve) => {
      client.send('me', payload).subscribe({ error: resolve });
    });
    expect(seen).toEqual({
      status: 'error',
      message: 'Unauthorized',
      code: 'token_expired',
      statusCode: 401,
    });
  });
});
