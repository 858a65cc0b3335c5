// One small application, protected in each of the ways that are compared.
import 'reflect-metadata';
import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { PassportModule } from '@nestjs/passport';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { IdentityAuthGuard, IdentityModule, TokenValidationService } from '../../dist/index.js';
import { AUDIENCE } from '../support/tokens.mjs';
import {
  createPassportStrategy,
  fastJwtGuard,
  joseGuard,
  PassportGuard,
  scheduledGuard,
  setImmediateGuard,
  verifyGuard,
  verifyInTurnsGuard,
} from './guards.mjs';

/**
 * @typedef {import('./rows.mjs').Guard} Guard
 * @typedef {'fastify' | 'express'} Platform
 * @typedef {{ platform: Platform, guard: Guard, issuer: string, algorithm: import('../support/tokens.mjs').Algorithm }} AppOptions
 * @typedef {import('@nestjs/common').Type<object>} Class
 * @typedef {import('@nestjs/common').CanActivate} CanActivate
 * @typedef {{ guard?: CanActivate | typeof PassportGuard, imports?: import('@nestjs/common').ModuleMetadata['imports'],
 *   providers?: import('@nestjs/common').Provider[] }} Protection
 */

/** @param {AppOptions} options */
export async function createApp(options) {
  /** @type {import('@nestjs/common').INestApplication | undefined} */
  let app = undefined;
  const service = () => {
    if (app === undefined) throw new Error('not started');
    return app.get(TokenValidationService);
  };
  const { guard, imports = [], providers = [] } = await protect(options, service);

  class OrdersController {
    list() {
      return { orders: [{ id: 1, item: 'espresso machine' }] };
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(OrdersController.prototype, 'list') ?? {};
  Get()(OrdersController.prototype, 'list', descriptor);
  Controller('orders')(OrdersController);
  if (guard !== undefined) UseGuards(guard)(OrdersController);

  class AppModule {
    options = options;
  }
  Module({ imports, controllers: [OrdersController], providers })(AppModule);
  const adapter = options.platform === 'fastify' ? new FastifyAdapter() : new ExpressAdapter();
  app = await NestFactory.create(AppModule, adapter, { logger: false });
  return app;
}

/**
 * @param {AppOptions} options
 * @param {() => TokenValidationService} service
 * @returns {Promise<Protection>}
 */
async function protect(options, service) {
  const { guard, issuer } = options;
  const identity = (/** @type {object} */ more = {}) => [
    IdentityModule.forRoot({ issuer, audience: AUDIENCE, warmUp: 'await', ...more }),
  ];
  switch (guard) {
    case 'none':
      return {};
    case 'set-immediate':
      return { guard: setImmediateGuard() };
    case 'verify':
      return { guard: await verifyGuard(options) };
    case 'verify-set-immediate':
      return { guard: await verifyInTurnsGuard(options) };
    case 'fast-jwt':
      return { guard: await fastJwtGuard(options) };
    case 'jose':
      return { guard: joseGuard(options) };
    case 'passport': {
      const Stock = createPassportStrategy(options);
      return {
        guard: PassportGuard,
        imports: [PassportModule],
        providers: [{ provide: Stock, useFactory: () => new Stock() }],
      };
    }
    case 'module':
      return { guard: IdentityAuthGuard, imports: identity() };
    case 'token-cache':
      return { guard: IdentityAuthGuard, imports: identity({ tokenCache: {} }) };
    case 'at-once':
    case 'in-turns':
    case 'thread-pool':
      return { guard: scheduledGuard(guard, service), imports: identity() };
  }
}
