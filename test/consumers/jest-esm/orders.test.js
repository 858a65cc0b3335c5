import 'reflect-metadata';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Test } from '@nestjs/testing';
import { TestIssuer, withIssuer } from 'nestjs-identity-model/testing';
import { AppModule } from '../app.mjs';

const issuer = TestIssuer.inMemory();
let app;
beforeAll(async () => {
  const builder = withIssuer(Test.createTestingModule({ imports: [AppModule] }), issuer);
  app = (await builder.compile()).createNestApplication({ logger: false });
  await app.listen(0, '127.0.0.1');
});
afterAll(() => app?.close());

test('orders want a token with the scope', async () => {
  const status = async (authorization) =>
    (await fetch(`${await app.getUrl()}/orders`, { headers: authorization ? { authorization } : {} })).status;
  expect(await status()).toBe(401);
  expect(await status(issuer.bearer())).toBe(403);
  expect(await status(issuer.bearer({ scope: 'orders:read' }))).toBe(200);
});
