import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IdentityModule, TokenValidationService } from 'nestjs-identity-model';
import { createApp, get, PLATFORMS } from './support/create-app.js';
import { OrdersController } from './support/orders.controller.js';
import { ProviderDouble } from './support/provider-double.js';

describe.each(PLATFORMS)('requests that wait for their turn, on %s', (platform) => {
  let provider: ProviderDouble;
  beforeAll(async () => {
    provider = await ProviderDouble.start();
  });
  afterAll(() => provider.stop());

  it('one whose caller has gone costs no signature check, and holds up no other', async () => {
    const leaving = provider.token({ jti: 'leaves' });
    const { app, url } = await createApp(platform, {
      imports: [
        IdentityModule.forRoot({
          issuer: provider.issuer,
          audience: 'orders-api',
          warmUp: 'await',
          // The connection ends after the token was read, and before its turn.
          jwtFromRequest: (request: { headers: Record<string, string>; socket: { destroy(): void } }) => {
            const token = request.headers['authorization']?.slice('Bearer '.length) ?? null;
            if (token === leaving) request.socket.destroy();
            return token;
          },
        }),
      ],
      controllers: [OrdersController],
    });
    const [left, stayed] = await Promise.allSettled([
      get(`${url}/orders`, leaving),
      get(`${url}/orders`, provider.token()),
    ]);
    expect(left.status).toBe('rejected');
    expect(stayed).toMatchObject({ value: { status: 200 } });
    expect(app.get(TokenValidationService).stats()).toMatchObject({ validated: 1, rejected: 0 });
    await app.close();
  });
});
