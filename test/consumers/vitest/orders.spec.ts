import 'reflect-metadata';
import { Controller, Get, Module, UseGuards, type INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Claims, IdentityAuthGuard, IdentityModule, RequireScopes } from 'nestjs-identity-model';
import { TestIssuer, withIssuer } from 'nestjs-identity-model/testing';

@UseGuards(IdentityAuthGuard)
@Controller('orders')
class OrdersController {
  @Get() @RequireScopes('orders:read') list(@Claims('sub') sub: string): object {
    return { for: sub };
  }
}

@Module({
  imports: [IdentityModule.forRoot({ issuer: 'https://id.example.com', audience: 'orders-api' })],
  controllers: [OrdersController],
})
class AppModule {}

const issuer = TestIssuer.inMemory();
let app: INestApplication | undefined;
beforeAll(async () => {
  const builder = withIssuer(Test.createTestingModule({ imports: [AppModule] }), issuer);
  app = (await builder.compile()).createNestApplication({ logger: false });
  await app.listen(0, '127.0.0.1');
});
afterAll(() => app?.close());

const get = async (headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${await app.getUrl()}/orders`, { headers });

it('wants a token with the scope', async () => {
  expect((await get()).status).toBe(401);
  expect((await get({ authorization: issuer.bearer() })).status).toBe(403);
  const good = await get({ authorization: issuer.bearer({ sub: 'ada', scope: 'orders:read' }) });
  expect(await good.json()).toEqual({ for: 'ada' });
});

it('refuses a token that was changed', async () => {
  expect((await get({ authorization: issuer.bearer({ wrong: 'tampered' }) })).status).toBe(401);
});
