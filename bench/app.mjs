// One small application, protected in each of the ways that are compared.
import 'reflect-metadata';
import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuthGuard, PassportModule, PassportStrategy } from '@nestjs/passport';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { passportJwtSecret } from 'jwks-rsa';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { IdentityAuthGuard, IdentityModule, TokenValidationService } from '../dist/index.js';
import { AUDIENCE } from './tokens.mjs';

/**
 * `module` and `token-cache` are what users have. The last three are bare guards over the same validation, which
 * differ in when and where the signature is checked.
 *
 * @typedef {'none' | 'module' | 'token-cache' | 'passport' | 'at once' | 'in turns' | 'thread pool'} Protection
 */

/** @param {string} issuer @param {string} algorithm */
function stockStrategy(issuer, algorithm) {
  return class extends PassportStrategy(Strategy) {
    constructor() {
      super({
        jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
        secretOrKeyProvider: passportJwtSecret({ cache: true, rateLimit: true, jwksUri: `${issuer}/jwks` }),
        issuer,
        audience: AUDIENCE,
        algorithms: [/** @type {'RS256'} */ (algorithm)],
      });
    }

    validate(/** @type {object} */ payload) {
      return payload;
    }
  };
}

/** @typedef {{ headers: { authorization: string } }} Request */
/** @typedef {import('@nestjs/common').ExecutionContext} Context */

/** @param {() => TokenValidationService} service @param {Protection} protection */
function bareGuard(service, protection) {
  const tokenOf = (/** @type {Context} */ context) => {
    const { headers } = /** @type {Request} */ (context.switchToHttp().getRequest());
    return headers.authorization.slice('Bearer '.length);
  };
  /** @type {(() => void)[]} */
  let turn = [];
  const runTurn = () => {
    const jobs = turn;
    turn = [];
    for (const job of jobs) job();
  };
  return {
    canActivate: async (/** @type {Context} */ context) => {
      const token = tokenOf(context);
      if (protection === 'thread pool') {
        const [result] = await service().validateMany([token], { threadPool: 'always' });
        return result?.status === 'fulfilled';
      }
      if (protection === 'in turns') {
        await new Promise((resolve, reject) => {
          if (turn.length === 0) setImmediate(runTurn);
          turn.push(() => {
            service().validate(token).then(resolve, reject);
          });
        });
        return true;
      }
      service().validateSync(token);
      return true;
    },
  };
}

/** @param {{ platform: string, protection: Protection, issuer: string, algorithm: string }} options */
export async function createApp({ platform, protection, issuer, algorithm }) {
  class OrdersController {
    list() {
      return { orders: [{ id: 1, item: 'espresso machine' }] };
    }
  }
  /** @type {import('@nestjs/common').INestApplication | undefined} */
  let app = undefined;
  const service = () => {
    if (app === undefined) throw new Error('not started');
    return app.get(TokenValidationService);
  };
  const descriptor = Object.getOwnPropertyDescriptor(OrdersController.prototype, 'list') ?? {};
  Get()(OrdersController.prototype, 'list', descriptor);
  Controller('orders')(OrdersController);
  const imports = [];
  const providers = [];
  if (protection === 'passport') {
    const Stock = stockStrategy(issuer, algorithm);
    imports.push(PassportModule);
    providers.push({ provide: Stock, useFactory: () => new Stock() });
    UseGuards(AuthGuard('jwt'))(OrdersController);
  } else if (protection !== 'none') {
    const tokenCache = protection === 'token-cache' ? {} : undefined;
    imports.push(IdentityModule.forRoot({ issuer, audience: AUDIENCE, warmUp: 'await', tokenCache }));
    const isOurs = protection === 'module' || protection === 'token-cache';
    UseGuards(isOurs ? IdentityAuthGuard : bareGuard(service, protection))(OrdersController);
  }
  class AppModule {
    protection = protection;
  }
  Module({ imports, controllers: [OrdersController], providers })(AppModule);
  const adapter = platform === 'fastify' ? new FastifyAdapter() : new ExpressAdapter();
  app = await NestFactory.create(AppModule, adapter, { logger: false });
  return app;
}
