const { afterAll, beforeAll, expect, test } = require('@jest/globals');

let app;
beforeAll(async () => {
  // Jest's own require loads no ES module; its import does, with --experimental-vm-modules.
  await import('reflect-metadata');
  const { Test } = await import('@nestjs/testing');
  const { withIdentity } = await import('nestjs-identity-model/testing');
  const { AppModule } = await import('../app.mjs');
  const builder = withIdentity(Test.createTestingModule({ imports: [AppModule] }), {
    sub: 'ada',
    scope: 'orders:read',
  });
  app = (await builder.compile()).createNestApplication({ logger: false });
  await app.listen(0, '127.0.0.1');
});
afterAll(() => app?.close());

test('orders are there for whoever has the scope', async () => {
  expect((await fetch(`${await app.getUrl()}/orders`)).status).toBe(200);
});
