import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { Redis } from 'ioredis';
import {
  createCredentials,
  IdentityAuthGuard,
  IdentityModule,
  memoryStore,
  TokenValidationService,
  type IdentityError,
  type IdentityModuleOptions,
  type IdentityStore,
} from 'nestjs-identity-model';
import { redisStore } from 'nestjs-identity-model/redis';
import { TestIssuer } from 'nestjs-identity-model/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createApp, PLATFORMS, type Platform, type TestApp } from './support/create-app.js';
import { isInstalled } from './support/is-installed.js';
import { RedisServer } from './support/redis-server.js';

const PUBLIC_URL = 'https://api.example.com';
const issuer = TestIssuer.inMemory();

type OnStoreFailure = 'local' | 'refuse';
interface Sent {
  readonly token: string;
  readonly proof: string;
}
type Sender = (sent: Sent) => Promise<string>;

interface Given {
  readonly store: IdentityStore;
  readonly onStoreFailure?: OnStoreFailure;
}

function moduleOptions({ store, onStoreFailure = 'local' }: Given): IdentityModuleOptions {
  const dpop = { onStoreFailure };
  return issuer.moduleOptions({ publicUrl: PUBLIC_URL, senderConstrained: 'accept', store, dpop });
}

/** An application whose one route is guarded by two modules, the first of which guards every route. */
async function startTwo(platform: Platform, first: Given, second: Given): Promise<TestApp> {
  @Module({
    imports: [IdentityModule.forRoot({ ...moduleOptions(first), isGlobal: false })],
    providers: [{ provide: APP_GUARD, useExisting: IdentityAuthGuard }],
  })
  class FirstModule {}

  @UseGuards(IdentityAuthGuard)
  @Controller('orders')
  class OrdersController {
    @Get() list(): object {
      return {};
    }
  }

  @Module({
    imports: [IdentityModule.forRoot({ ...moduleOptions(second), isGlobal: false })],
    controllers: [OrdersController],
  })
  class SecondModule {}

  const test = await createApp(platform, { imports: [FirstModule, SecondModule] });
  onTestFinished(() => test.app.close());
  return test;
}

const headers = (): Record<string, string> => issuer.dpopHeaders('GET', `${PUBLIC_URL}/orders`);

async function statusesOf({ url }: TestApp, ...all: readonly Record<string, string>[]): Promise<number[]> {
  const statuses: number[] = [];
  for (const each of all) statuses.push((await fetch(`${url}/orders`, { headers: each })).status);
  return statuses;
}

async function startRedis(): Promise<{ server: RedisServer; client: Redis }> {
  const server = await RedisServer.start('redis-server');
  onTestFinished(() => server.stop());
  const client = new Redis(server.port, '127.0.0.1', { retryStrategy: () => 20 });
  client.on('error', () => undefined);
  onTestFinished(() => client.disconnect());
  await client.ping();
  return { server, client };
}

describe.runIf(isInstalled('redis-server')).each(PLATFORMS)(
  'two modules over one Redis, on %s',
  (platform) => {
    it('see no replay of the request that both guard, and refuse another one with its proof', async () => {
      const { client } = await startRedis();
      const [first, second] = [redisStore(client), redisStore(client, { timeoutMs: 5_000 })];
      const app = await startTwo(platform, { store: first }, { store: second });
      const used = headers();
      expect(await statusesOf(app, used, used, headers())).toEqual([200, 401, 200]);
      expect(await client.dbsize()).toBe(2);
      const other = await startTwo(platform, { store: redisStore(client) }, { store: memoryStore() });
      expect(await statusesOf(other, used)).toEqual([401]);
    });

    it.each<[OnStoreFailure, OnStoreFailure, number]>([
      ['local', 'local', 200],
      ['local', 'refuse', 503],
      ['refuse', 'local', 503],
    ])(
      'decide by their own onStoreFailure while it is down: %s before %s',
      async (ofFirst, ofSecond, status) => {
        const { server, client } = await startRedis();
        const store = redisStore(client);
        const app = await startTwo(
          platform,
          { store, onStoreFailure: ofFirst },
          { store, onStoreFailure: ofSecond },
        );
        await server.kill();
        expect(await statusesOf(app, headers(), headers())).toEqual([status, status]);
      },
    );
  },
);

describe('modules that share a memoryStore', () => {
  const start = async (store: IdentityStore, onStoreFailure: OnStoreFailure): Promise<Sender> => {
    const { app } = await createApp('express', {
      imports: [IdentityModule.forRoot({ ...moduleOptions({ store, onStoreFailure }), warmUp: 'await' })],
    });
    onTestFinished(() => app.close());
    const tokens = app.get(TokenValidationService);
    return async ({ token, proof }) =>
      tokens
        .validate(createCredentials({ scheme: 'DPoP', token, proof, method: 'GET', url: '/orders' }))
        .then(
          () => 'accepted',
          (error: unknown) => (error as IdentityError).code,
        );
  };
  const clientWith = (): (() => Sent) => {
    const key = issuer.createClientKey();
    const token = issuer.token({ dpop: key });
    return () => ({ token, proof: issuer.dpop('GET', `${PUBLIC_URL}/orders`, token, { key }) });
  };

  it('let no key of a client take the places of others, and no proof in at each of them', async () => {
    const store = memoryStore({ maxProofs: 4, maxProofsPerKey: 2 });
    const [refuses, one, another] = [
      await start(store, 'refuse'),
      await start(store, 'local'),
      await start({ ...store, timeoutMs: 1_000 }, 'local'),
    ];
    const [greedy, other, late] = [clientWith(), clientWith(), clientWith()];
    expect([await refuses(greedy()), await one(greedy())]).toEqual(['accepted', 'accepted']);
    const declined = greedy();
    for (const send of [refuses, one, another, refuses])
      expect(await send(declined)).toBe('store_unavailable');
    const used = other();
    expect([await refuses(used), await one(used), await another(used)]).toEqual([
      'accepted',
      'proof_replayed',
      'proof_replayed',
    ]);
    // All places are taken: what fits in the memory of each module would be good once at each.
    expect(await one(other())).toBe('accepted');
    const tooLate = late();
    for (const send of [refuses, one, another]) expect(await send(tooLate)).toBe('store_unavailable');
  });
});

describe('validateSync', () => {
  it('with a store does not use a proof that it cannot decide about', async () => {
    const options = moduleOptions({ store: memoryStore() });
    const { app } = await createApp('express', {
      imports: [IdentityModule.forRoot({ ...options, warmUp: 'await' })],
    });
    onTestFinished(() => app.close());
    const tokens = app.get(TokenValidationService);
    const token = issuer.token({ dpop: true });
    const proof = issuer.dpop('GET', `${PUBLIC_URL}/orders`, token);
    const credentials = createCredentials({ scheme: 'DPoP', token, proof, method: 'GET', url: '/orders' });
    expect(() => tokens.validateSync(credentials)).toThrow(
      /"store", and validateSync does not wait: use validate/,
    );
    await expect(tokens.validate(credentials)).resolves.toMatchObject({ token });
    await expect(tokens.validate(credentials)).rejects.toMatchObject({ code: 'proof_replayed' });
    // What needs no store is decided.
    expect(tokens.validateSync(issuer.token()).claims.sub).toBe('test-user');
    expect(() => tokens.validateSync({ ...credentials, proof: undefined })).toThrow(/proof/);
  });
});
