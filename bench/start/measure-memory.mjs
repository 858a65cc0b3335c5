// Memory of what is held for long: issuers with their keys, and verified tokens. Needs --expose-gc.
import { generateKeyPairSync } from 'node:crypto';
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { IdentityModule, TokenValidationService } from '../../dist/index.js';
import { spreadOf } from '../support/statistics.mjs';
import { AUDIENCE, createIssuer } from '../support/tokens.mjs';

const heap = () => {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

/** @param {object} options */
async function start(options) {
  return NestFactory.createApplicationContext(
    IdentityModule.forRoot({ audience: AUDIENCE, warmUp: 'await', ...options }),
    { logger: false },
  );
}

/** @param {{ rounds: number }} extent */
export async function measureMemory({ rounds }) {
  const jwks = Array.from({ length: 128 * 3 }, (_, index) => ({
    ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }),
    kid: `k${index}`,
  }));
  const issuersOf = (/** @type {number} */ count) =>
    Array.from({ length: count }, (_, index) => ({
      issuer: `urn:issuer:${index}`,
      jwks: { keys: jwks.slice(index * 3, index * 3 + 3) },
    }));
  const first = await start({ issuers: issuersOf(1) });
  const issuerBytes = [];
  for (let round = 0; round < rounds; round++) {
    // What a module takes by itself is not an issuer's: one with a single issuer tells.
    const before = heap();
    const few = await start({ issuers: issuersOf(1) });
    const between = heap();
    const many = await start({ issuers: issuersOf(128) });
    issuerBytes.push((heap() - between - (between - before)) / 127);
    await few.close();
    await many.close();
  }
  await first.close();

  const issuer = await createIssuer('ES256');
  const app = await start({ issuer: issuer.issuer, tokenCache: {} });
  const tokens = app.get(TokenValidationService);
  tokens.validateSync(issuer.token(0));
  const empty = heap();
  for (let index = 1; index <= 10_000; index++) tokens.validateSync(issuer.token(index));
  const tokenBytes = (heap() - empty) / 10_000;
  const estimated = (tokens.stats().tokenCache?.bytes ?? 0) / 10_000;
  await app.close();
  issuer.server.close();
  return { issuerBytes: spreadOf(issuerBytes), tokenBytes, estimatedTokenBytes: estimated };
}
