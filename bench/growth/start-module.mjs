// A module with keys in its configuration, so that nothing has to be fetched.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { IdentityModule, TokenValidationService } from '../../dist/index.js';
import { AUDIENCE } from '../support/tokens.mjs';

/** @param {object} options */
export async function startModule(options) {
  const app = await NestFactory.createApplicationContext(
    IdentityModule.forRoot({ audience: AUDIENCE, warmUp: 'await', ...options }),
    { logger: ['error'], abortOnError: false },
  );
  return { tokens: app.get(TokenValidationService), close: () => app.close() };
}

/** @param {string} issuer @param {object} [more] */
export function claimsOf(issuer, more = {}) {
  const nowSec = Math.floor(Date.now() / 1000);
  return { iss: issuer, aud: AUDIENCE, sub: 'user', iat: nowSec - 10, exp: nowSec + 86_400, ...more };
}

/** Bytes of the JavaScript heap and beside it, after a full collection. */
export function usedBytes() {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, rss };
}
