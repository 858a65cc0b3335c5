import 'reflect-metadata';
import assert from 'node:assert/strict';
import { Test } from '@nestjs/testing';
import { TestIssuer, withIssuer } from 'nestjs-identity-model/testing';
import { AppModule } from '../app.mjs';

describe('orders', () => {
  const issuer = TestIssuer.inMemory();
  let app;
  before(async () => {
    const builder = withIssuer(Test.createTestingModule({ imports: [AppModule] }), issuer);
    app = (await builder.compile()).createNestApplication({ logger: false });
    await app.listen(0, '127.0.0.1');
  });
  after(() => app?.close());

  const status = async (authorization) =>
    (await fetch(`${await app.getUrl()}/orders`, { headers: authorization ? { authorization } : {} })).status;

  it('want a token with the scope', async () => {
    assert.equal(await status(), 401);
    assert.equal(await status(issuer.bearer()), 403);
    assert.equal(await status(issuer.bearer({ scope: 'orders:read' })), 200);
    assert.equal(await status(issuer.bearer({ scope: 'orders:read', wrong: 'expired' })), 401);
  });
});
