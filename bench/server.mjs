// One route in a process of its own. Arguments: platform, guard, issuer. Tells its port to the parent.
import 'reflect-metadata';
import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuthGuard, PassportModule, PassportStrategy } from '@nestjs/passport';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { passportJwtSecret } from 'jwks-rsa';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { IdentityAuthGuard, IdentityModule } from '../dist/index.js';
import { AUDIENCE } from './tokens.mjs';

const [platform, guard, issuer = ''] = process.argv.slice(2);

class StockStrategy extends PassportStrategy(Strategy) {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKeyProvider: passportJwtSecret({ cache: true, rateLimit: true, jwksUri: `${issuer}/jwks` }),
      issuer,
      audience: AUDIENCE,
      algorithms: ['RS256'],
    });
  }

  validate(/** @type {object} */ payload) {
    return payload;
  }
}

class OrdersController {
  list() {
    return { orders: [{ id: 1, item: 'espresso machine' }] };
  }
}
const descriptor = Object.getOwnPropertyDescriptor(OrdersController.prototype, 'list') ?? {};
Get()(OrdersController.prototype, 'list', descriptor);
Controller('orders')(OrdersController);
if (guard === 'module' || guard === 'token-cache') UseGuards(IdentityAuthGuard)(OrdersController);
if (guard === 'passport') UseGuards(AuthGuard('jwt'))(OrdersController);

const options = {
  issuer,
  audience: AUDIENCE,
  warmUp: /** @type {const} */ ('await'),
  ...(guard === 'token-cache' ? { tokenCache: {} } : {}),
};
class AppModule {
  identity = guard;
}
Module({
  imports:
    guard === 'passport' ? [PassportModule] : guard === 'none' ? [] : [IdentityModule.forRoot(options)],
  controllers: [OrdersController],
  providers: guard === 'passport' ? [{ provide: StockStrategy, useFactory: () => new StockStrategy() }] : [],
})(AppModule);

const adapter = platform === 'fastify' ? new FastifyAdapter() : new ExpressAdapter();
if (process.execArgv.includes('--cpu-prof')) process.on('SIGINT', () => process.exit());
const app = await NestFactory.create(AppModule, adapter, { logger: false });
await app.listen(0, '127.0.0.1');
process.send?.(await app.getUrl());
