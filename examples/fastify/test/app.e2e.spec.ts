import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { TestIssuer } from 'nestjs-identity-model/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AppModule } from '../src/app.module.js';

/** A provider of the test's own on a loopback port: the application fetches its metadata and keys over HTTP. */
let issuer: TestIssuer;
let app: NestFastifyApplication;

beforeEach(async () => {
  issuer = await TestIssuer.start({ audience: 'shop-api' });
  process.env['OIDC_ISSUER'] = issuer.issuer;
  process.env['OIDC_AUDIENCE'] = 'shop-api';
  const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
  app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
});
afterEach(async () => {
  await app.close();
  await issuer.stop();
});

const cart = (authorization: string) => app.inject({ url: '/articles/cart', headers: { authorization } });

it('shows the cart of the caller', async () => {
  await app.init();
  const response = await cart(issuer.bearer({ sub: 'ada' }));
  expect(response.json()).toEqual({ owner: 'ada', articles: [] });
});

it('refuses a bad token even where none is needed', async () => {
  await app.init();
  const authorization = issuer.bearer({ wrong: 'tampered' });
  expect((await app.inject({ url: '/articles', headers: { authorization } })).statusCode).toBe(401);
});

it('answers 503 while the provider is down, and never 401', async () => {
  issuer.misbehave('down');
  await app.init();
  const response = await cart(issuer.bearer({ sub: 'ada' }));
  expect(response.statusCode).toBe(503);
  expect(Number(response.headers['retry-after'])).toBeGreaterThan(0);
});

it('keeps serving known callers when the provider goes down later', async () => {
  await app.init();
  expect((await cart(issuer.bearer({ sub: 'ada' }))).statusCode).toBe(200);
  issuer.misbehave('down');
  expect((await cart(issuer.bearer({ sub: 'bob' }))).statusCode).toBe(200);
});
