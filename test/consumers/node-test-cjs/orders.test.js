require('reflect-metadata');
const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Test } = require('@nestjs/testing');
const { withIdentity } = require('nestjs-identity-model/testing');
const { AppModule } = require('./app.js');

test('orders want the scope', async () => {
  let scope = 'orders:read';
  const builder = withIdentity(Test.createTestingModule({ imports: [AppModule] }), () => scope && { scope });
  const app = (await builder.compile()).createNestApplication({ logger: false });
  await app.listen(0, '127.0.0.1');
  const status = async () => (await fetch(`${await app.getUrl()}/orders`)).status;
  assert.equal(await status(), 200);
  scope = 'other';
  assert.equal(await status(), 403);
  scope = null;
  assert.equal(await status(), 401);
  await app.close();
});
