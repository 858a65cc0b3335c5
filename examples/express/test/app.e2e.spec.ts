import type { INestApplication } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { Test } from '@nestjs/testing';
import { TestIssuer, withIssuer } from 'nestjs-identity-model/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AppModule } from '../src/app.module.js';
import { mountSwagger } from '../src/swagger.js';

const issuer = TestIssuer.inMemory();
let app: INestApplication;

beforeAll(async () => {
  const builder = Test.createTestingModule({ imports: [AppModule] })
    .overrideProvider(ConfigService)
    .useValue(new ConfigService({ OIDC_ISSUER: 'https://id.example.com', OIDC_AUDIENCE: 'orders-api' }));
  app = (await withIssuer(builder, issuer).compile()).createNestApplication();
  mountSwagger(app);
  await app.listen(0, '127.0.0.1');
});
afterAll(() => app.close());

async function ask(path: string, authorization = '', body?: object) {
  return fetch(`${await app.getUrl()}${path}`, {
    headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
    ...(body && { method: 'POST', body: JSON.stringify(body) }),
  });
}

it('takes an order of somebody who may write, and shows it to nobody else', async () => {
  const ada = issuer.bearer({ sub: 'ada', scope: 'orders:write' });
  const placed = await ask('/orders', ada, { item: 'espresso' });
  expect(placed.status).toBe(201);
  const order = { id: 1, owner: 'ada', item: 'espresso' };
  expect(await placed.json()).toEqual(order);
  expect(await (await ask('/orders', ada)).json()).toEqual([order]);
  expect(await (await ask('/orders', issuer.bearer({ sub: 'bob' }))).json()).toEqual([]);
});

it('says who the caller is', async () => {
  const response = await ask('/orders/whoami', issuer.bearer({ sub: 'ada', scope: 'orders:read' }));
  expect(await response.json()).toEqual({ sub: 'ada', scope: 'orders:read' });
});

it('answers 401 without a token, and with one that is expired or for another API', async () => {
  expect((await ask('/orders')).status).toBe(401);
  expect((await ask('/orders', issuer.bearer({ wrong: 'expired' }))).status).toBe(401);
  expect((await ask('/orders', issuer.bearer({ wrong: 'wrong audience' }))).status).toBe(401);
});

it('answers 403 without the scope, and names it', async () => {
  const response = await ask('/orders', issuer.bearer({ scope: 'orders:read' }), { item: 'tea' });
  expect(response.status).toBe(403);
  expect(response.headers.get('www-authenticate')).toContain('scope="orders:write"');
});

it('shows its health and its documentation to everybody', async () => {
  expect((await ask('/health')).status).toBe(200);
  expect(await (await ask('/docs-json')).json()).toMatchObject({
    components: {
      securitySchemes: {
        oidc: { openIdConnectUrl: 'https://id.example.com/.well-known/openid-configuration' },
      },
    },
    paths: { '/orders': { get: { security: [{ oidc: [] }] } } },
  });
});
