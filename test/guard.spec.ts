import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IdentityModule } from 'nestjs-identity-model';
import { createApp, get, PLATFORMS, type TestApp } from './support/create-app.js';
import { OrdersController } from './support/orders.controller.js';
import { ProviderDouble } from './support/provider-double.js';

describe.each(PLATFORMS)('the guard on %s', (platform) => {
  let provider: ProviderDouble;
  let target: TestApp;

  beforeAll(async () => {
    provider = await ProviderDouble.start();
    target = await createApp(platform, {
      imports: [IdentityModule.forRoot({ issuer: provider.issuer, audience: 'orders-api' })],
      controllers: [OrdersController],
    });
  });

  afterAll(async () => {
    await target.app.close();
    await provider.stop();
  });

  it('lets a good token in and hands out its claims', async () => {
    const response = await get(`${target.url}/orders`, provider.token());
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ claims: { sub: 'user-1', aud: 'orders-api' } });
  });

  it('challenges a request without a token, with no error code', async () => {
    const response = await get(`${target.url}/orders`);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="api"');
  });
});
