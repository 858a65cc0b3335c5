// The API of bench/flood-proofs.mjs: a process of its own, so that its processor time is no one else's. Sends its port, and answers each
// message with the microseconds that it has used. Arguments: the issuer, `publicUrl`, its key.
import 'reflect-metadata';
import { Controller, Get, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { IdentityAuthGuard, IdentityModule } from '../../dist/index.js';
import { AUDIENCE } from './tokens.mjs';

const [issuer = '', publicUrl = '', jwk = '{}'] = process.argv.slice(2);

class Orders {
  list() {
    return {};
  }
}
Controller('orders')(Orders);
UseGuards(IdentityAuthGuard)(Orders);
Get()(Orders.prototype, 'list', Object.getOwnPropertyDescriptor(Orders.prototype, 'list') ?? {});

const root = {
  module: /** @type {import('@nestjs/common').Type} */ (/** @type {unknown} */ (function App() {})),
  imports: [
    IdentityModule.forRoot({
      issuers: [{ issuer, jwks: { keys: [JSON.parse(jwk)] } }],
      audience: AUDIENCE,
      publicUrl,
      senderConstrained: 'accept',
    }),
  ],
  controllers: [Orders],
};
const app = await NestFactory.create(root, new FastifyAdapter(), { logger: false });
await app.listen(0, '127.0.0.1');
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.(user + system);
});
process.on('disconnect', () => process.exit());
process.send?.(Number(new URL(await app.getUrl()).port));
