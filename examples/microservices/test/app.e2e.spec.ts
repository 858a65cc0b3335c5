import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import type { INestApplication, INestMicroservice } from '@nestjs/common';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { TestIssuer, withIssuer } from 'nestjs-identity-model/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { GatewayModule } from '../src/gateway/gateway.module.js';
import { grpcOptions } from '../src/orders/grpc-options.js';
import { OrdersModule } from '../src/orders/orders.module.js';

const issuer = TestIssuer.inMemory();
let service: INestMicroservice;
let gateway: INestApplication;

beforeAll(async () => {
  process.env['OIDC_ISSUER'] = 'https://id.example.com';
  process.env['OIDC_AUDIENCE'] = 'orders-api';
  process.env['ORDERS_URL'] = `127.0.0.1:${await freePort()}`;
  const ordersBuilder = Test.createTestingModule({ imports: [OrdersModule] });
  const orders = await withIssuer(ordersBuilder, issuer).compile();
  service = orders.createNestMicroservice<MicroserviceOptions>(grpcOptions());
  await service.listen();
  const gatewayBuilder = Test.createTestingModule({ imports: [GatewayModule] });
  gateway = (await withIssuer(gatewayBuilder, issuer).compile()).createNestApplication();
  await gateway.listen(0, '127.0.0.1');
});
afterAll(async () => {
  await gateway.close();
  await service.close();
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

const ask = async (authorization: string, item?: string) =>
  fetch(`${await gateway.getUrl()}/orders`, {
    headers: { authorization, 'content-type': 'application/json' },
    ...(item && { method: 'POST', body: JSON.stringify({ item }) }),
  });

it('takes the token of the caller through to the service', async () => {
  const placed = await ask(issuer.bearer({ sub: 'ada', scope: 'orders:write' }), 'espresso');
  expect(await placed.json()).toEqual({ owner: 'ada', item: 'espresso' });
  const listed = await ask(issuer.bearer({ sub: 'ada' }));
  expect(await listed.json()).toEqual({ orders: [{ owner: 'ada', item: 'espresso' }] });
});

it('answers 401 at the gateway', async () => {
  expect((await ask(issuer.bearer({ wrong: 'expired' }))).status).toBe(401);
});

it('answers 403 where the service denies', async () => {
  expect((await ask(issuer.bearer({ sub: 'ada', scope: 'orders:read' }), 'tea')).status).toBe(403);
});
