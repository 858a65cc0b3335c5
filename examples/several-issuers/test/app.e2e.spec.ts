import type { INestApplication } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { Test } from '@nestjs/testing';
import { TestIssuer, withIssuer } from 'nestjs-identity-model/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AppModule } from '../src/app.module.js';
import { UsersService } from '../src/users/users.service.js';

const STAFF_ISSUER = 'https://id.example.com';
const PARTNER_ISSUER = 'https://login.partner.example';
const staff = TestIssuer.inMemory({ issuer: STAFF_ISSUER });
const partner = TestIssuer.inMemory({ issuer: PARTNER_ISSUER });
let app: INestApplication;

beforeAll(async () => {
  const builder = Test.createTestingModule({ imports: [AppModule] })
    .overrideProvider(ConfigService)
    .useValue(new ConfigService({ STAFF_ISSUER, PARTNER_ISSUER }));
  app = (await withIssuer(withIssuer(builder, staff), partner).compile()).createNestApplication();
  await app.listen(0, '127.0.0.1');
  const users = app.get(UsersService);
  await users.add({ issuer: STAFF_ISSUER, subject: 'ada', name: 'Ada', roles: ['admin'] });
  await users.add({ issuer: PARTNER_ISSUER, subject: 'ada', name: 'Ada of the partner', roles: [] });
});
afterAll(() => app.close());

const ask = async (path: string, authorization: string, method = 'GET') =>
  fetch(`${await app.getUrl()}${path}`, { method, headers: { authorization } });

it('tells subjects of the same name apart', async () => {
  const ours = await ask('/users/me', staff.bearer({ sub: 'ada' }));
  expect(await ours.json()).toEqual({ id: 1, name: 'Ada', issuer: STAFF_ISSUER });
  const theirs = await ask('/users/me', partner.bearer({ sub: 'ada' }));
  expect(await theirs.json()).toEqual({ id: 2, name: 'Ada of the partner', issuer: PARTNER_ISSUER });
});

it('takes no token of one issuer that is made for the audience of the other', async () => {
  const token = partner.bearer({ sub: 'ada', claims: { aud: 'orders-api' } });
  expect((await ask('/users/me', token)).status).toBe(401);
});

it('answers 401 to somebody whom the database does not know', async () => {
  expect((await ask('/users/me', staff.bearer({ sub: 'bob' }))).status).toBe(401);
});

it('reads roles in the database, and locks users out', async () => {
  expect((await ask('/users/2/lock', partner.bearer({ sub: 'ada' }), 'POST')).status).toBe(403);
  expect((await ask('/users/2/lock', staff.bearer({ sub: 'ada' }), 'POST')).status).toBe(204);
  const locked = await ask('/users/me', partner.bearer({ sub: 'ada' }));
  expect(locked.status).toBe(403);
  expect(await locked.json()).toMatchObject({ message: 'This account is locked' });
});
