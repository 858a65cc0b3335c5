import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { TestIssuer, withIssuer } from 'nestjs-identity-model/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AppModule } from '../src/app.module.js';

const issuer = TestIssuer.inMemory({ algorithm: 'RS256' });
let app: INestApplication;

beforeAll(async () => {
  process.env['OIDC_ISSUER'] = 'https://keycloak.example.com/realms/shop';
  const builder = Test.createTestingModule({ imports: [AppModule] });
  app = (await withIssuer(builder, issuer).compile()).createNestApplication();
  await app.listen(0, '127.0.0.1');
});
afterAll(() => app.close());

/** An access token in the form of Keycloak 26. */
const bearer = (...roles: string[]) =>
  issuer.bearer({
    sub: 'f4b1c2d3-0000-4000-8000-000000000001',
    scope: 'openid profile email',
    header: { typ: 'JWT' },
    claims: {
      typ: 'Bearer',
      azp: 'web-shop',
      sid: '5b0e',
      acr: '1',
      preferred_username: 'ada',
      realm_access: { roles: ['default-roles-shop', ...roles] },
      resource_access: { account: { roles: ['view-profile'] }, 'reports-api': { roles: ['admin'] } },
    },
  });
const ask = async (path: string, authorization: string, method = 'GET') =>
  fetch(`${await app.getUrl()}${path}`, { method, headers: { authorization } });

it('reads the name and the roles of Keycloak', async () => {
  const response = await ask('/reports/mine', bearer('auditor'));
  expect(await response.json()).toEqual({ username: 'ada', roles: ['default-roles-shop', 'auditor'] });
});

it('wants one of the roles, or all', async () => {
  const remove = async (...roles: string[]) => (await ask('/reports/1', bearer(...roles), 'DELETE')).status;
  expect((await ask('/reports', bearer('auditor'))).status).toBe(200);
  expect(await remove('auditor')).toBe(403);
  expect(await remove('auditor', 'admin')).toBe(200);
});

it('does not take the role of a client for one of the realm', async () => {
  expect((await ask('/reports', bearer())).status).toBe(403);
});

it("refuses Keycloak's ID and refresh tokens", async () => {
  for (const typ of ['ID', 'Refresh']) {
    const authorization = issuer.bearer({
      header: { typ: 'JWT' },
      claims: { typ, preferred_username: 'ada' },
    });
    expect((await ask('/reports/mine', authorization)).status).toBe(401);
  }
});
