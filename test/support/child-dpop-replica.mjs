// A replica: an API of its own process that checks DPoP proofs, over the built package. Arguments: the issuer, `publicUrl`, the port of
// Redis, `onStoreFailure`. Writes its URL, and then the type of each event.
import 'reflect-metadata';
import { Controller, Get, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import { IdentityAuthGuard, IdentityEvents, IdentityModule } from 'nestjs-identity-model';
import { redisStore } from 'nestjs-identity-model/redis';

const [issuer = '', publicUrl = '', port = '', onStoreFailure = ''] = process.argv.slice(2);
const redis = new Redis(Number(port), '127.0.0.1', { retryStrategy: () => 20 });
redis.on('error', () => undefined);

class Orders {
  list() {
    return { pid: process.pid };
  }
}
// The decorators by hand: this file runs as it is.
Controller('orders')(Orders);
UseGuards(IdentityAuthGuard)(Orders);
Get()(Orders.prototype, 'list', Object.getOwnPropertyDescriptor(Orders.prototype, 'list') ?? {});

const root = {
  module: /** @type {import('@nestjs/common').Type} */ (/** @type {unknown} */ (function App() {})),
  imports: [
    IdentityModule.forRoot({
      issuer,
      audience: 'orders-api',
      publicUrl,
      senderConstrained: 'accept',
      store: redisStore(redis),
      dpop: { onStoreFailure: onStoreFailure === 'refuse' ? 'refuse' : 'local' },
      http: { proxy: false, allowPrivateNetworks: true },
      warmUp: 'await',
    }),
  ],
  controllers: [Orders],
};
await redis.ping();
const app = await NestFactory.create(root, { logger: false });
app.get(IdentityEvents).events$.subscribe(({ type }) => console.log(type));
await app.listen(0, '127.0.0.1');
console.log(await app.getUrl());
