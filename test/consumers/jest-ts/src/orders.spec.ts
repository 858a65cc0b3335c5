import 'reflect-metadata';
import type { INestApplication } from '@nestjs/common';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import { TestIssuer, withIssuer } from 'nestjs-identity-model/testing';
import { AppModule } from './app.module.js';

const issuer = TestIssuer.inMemory();
let app: INestApplication;
beforeAll(async () => {
  const builder = withIssuer(Test.createTestingModule({ imports: [AppModule] }), issuer);
  app = (await builder.compile()).createNestApplication({ logger: false });
  await app.listen(0, '127.0.0.1');
});
afterAll(() => app.close());

it('wants a token with the scope', async () => {
  const get = async (headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${await app.getUrl()}/orders`, { headers });
  expect((await get()).status).toBe(401);
  expect((await get({ authorization: issuer.bearer() })).status).toBe(403);
  const good = await get({ authorization: issuer.bearer({ sub: 'ada', scope: 'orders:read' }) });
  expect(await good.json()).toEqual({ for: 'ada' });
});
