import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { IdentityModule } from 'nestjs-identity-model';
import { withIdentity, type TestIdentity } from 'nestjs-identity-model/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ArticlesController } from '../src/articles.controller.js';

/** One controller behind the real guard: who asks is said here, and there is no token in the test. */
let identity: TestIdentity | null;
let app: NestFastifyApplication;

beforeAll(async () => {
  const builder = Test.createTestingModule({
    imports: [IdentityModule.forRoot({ issuer: 'https://id.example.com', audience: 'shop-api' })],
    controllers: [ArticlesController],
  });
  const module = await withIdentity(builder, () => identity).compile();
  app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
  await app.init();
});
afterAll(() => app.close());

it('has a price for members', async () => {
  const priceOf = async () => (await app.inject('/articles')).json<[{ price: number }]>()[0].price;
  identity = null;
  expect(await priceOf()).toBe(250);
  identity = { sub: 'ada' };
  expect(await priceOf()).toBe(200);
});

it('removes articles for those with one of the scopes', async () => {
  const remove = async () => (await app.inject({ method: 'DELETE', url: '/articles/1' })).statusCode;
  identity = { sub: 'ada', scope: 'articles:read' };
  expect(await remove()).toBe(403);
  identity = { sub: 'ada', scope: 'admin' };
  expect(await remove()).toBe(200);
});
