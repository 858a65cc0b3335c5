import { Module } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { IdentityEvents, IdentityModule, TokenValidationService } from 'nestjs-identity-model';
import { IdentityDashboardModule } from 'nestjs-identity-model/dashboard';
import { TestIssuer } from 'nestjs-identity-model/testing';
import { EventReporter } from '../../lib/events/event-reporter.js';
import { ask } from '../support/ask.js';
import { createApp, PLATFORMS } from '../support/create-app.js';
import { createModule } from '../support/create-module.js';
import { SCOPE, startDashboard } from '../support/start-dashboard.js';

const listenersOf = (reporter: EventReporter): number =>
  (Reflect.get(reporter, 'listeners') as unknown[]).length;

describe('what it costs', () => {
  it('is nothing where it is not imported', async () => {
    const issuer = TestIssuer.inMemory();
    const module = await createModule(issuer.moduleOptions());
    // The statistics alone.
    expect(listenersOf(module.get(EventReporter))).toBe(1);
    await module.close();
  });

  it('is no event for a validation, though pages are open', async () => {
    const { app, issuer, stream } = await startDashboard('express');
    const live = await stream();
    await live.next('state');
    expect(listenersOf(app.get(EventReporter))).toBe(2);
    expect(app.get(IdentityEvents).observed).toBe(false);
    await app.get(TokenValidationService).validate(issuer.token());
  });
});

describe.each(PLATFORMS)('beside an IdentityModule that is not global, on %s', (platform) => {
  it('shows the one that it is handed', async () => {
    const [orders, billing] = ['https://orders.example', 'https://billing.example'].map((name) => {
      const issuer = TestIssuer.inMemory({ issuer: name });
      const identity = IdentityModule.forRoot({
        ...issuer.moduleOptions({ warmUp: 'await' }),
        isGlobal: false,
      });
      return { issuer, identity };
    });
    if (orders === undefined || billing === undefined) throw new Error('two were made');
    @Module({ imports: [orders.identity] })
    class OrdersModule {}
    const { app, url } = await createApp(platform, {
      imports: [
        OrdersModule,
        billing.identity,
        IdentityDashboardModule.forRoot({ requiredScopes: [SCOPE], path: 'a', imports: [orders.identity] }),
        IdentityDashboardModule.forRoot({ requiredScopes: [SCOPE], path: 'b', imports: [billing.identity] }),
      ],
    });
    const read = (path: string, issuer: TestIssuer) =>
      ask(`${url}/${path}/data/snapshot`, {
        headers: { authorization: issuer.bearer({ scope: SCOPE }), 'x-identity-dashboard': '1' },
      });
    expect((await read('a', orders.issuer)).text).toContain('"issuer":"https://orders.example"');
    expect((await read('b', billing.issuer)).text).toContain('"issuer":"https://billing.example"');
    expect((await read('b', orders.issuer)).status).toBe(401);
    await app.close();
  });

  it('says what is missing where there is none', async () => {
    const start = createApp(platform, {
      imports: [IdentityDashboardModule.forRoot({ requiredScopes: [SCOPE] })],
    });
    await expect(start).rejects.toThrow(/can't resolve dependencies/);
  });
});
