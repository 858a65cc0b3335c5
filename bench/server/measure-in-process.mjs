// What a guard adds to a Fastify route without a network, in microseconds and in signatures. 64 requests are on their
// way at once, as in a busy server.
import { median, ratioSpread, spreadOf } from '../support/statistics.mjs';
import { createIssuer } from '../support/tokens.mjs';
import { floor } from '../validation/floor.mjs';
import { createApp } from './app.mjs';

/**
 * @typedef {import('../support/statistics.mjs').Spread} Spread
 * @typedef {{ guard: string, addedUs: Spread, inSignatures: Spread, ofModule: number }} InProcessResult
 * @typedef {{ ready: () => Promise<unknown>, inject: (request: object) => Promise<{ statusCode: number }> }} Injectable
 */

const GUARDS = /** @type {const} */ (['none', 'module', 'token-cache', 'passport']);
const AT_ONCE = 64;
const TOKENS = 512;
const WARM_UP = 4;

/**
 * @param {{ rounds: number }} extent
 * @returns {Promise<InProcessResult[]>}
 */
export async function measureInProcess({ rounds }) {
  const issuer = await createIssuer('RS256');
  const tokens = Array.from({ length: TOKENS }, (_, index) => issuer.token(index));
  const check = floor(issuer, tokens).one;
  const routes = [];
  for (const guard of GUARDS) routes.push(await startRoute(guard, issuer.issuer));
  /** @type {number[]} */
  const floors = [];
  const times = GUARDS.map(() => /** @type {number[]} */ ([]));
  for (let round = -WARM_UP; round < rounds; round++) {
    const us = await microseconds(() => {
      for (const token of tokens) check(token);
    });
    if (round >= 0) floors.push(us);
    for (const [index, { ask }] of routes.entries()) {
      const own = await microseconds(() => ask(tokens));
      if (round >= 0) times[index]?.push(own);
    }
  }
  for (const { app } of routes) await app.close();
  issuer.server.close();
  const [base = [], ...others] = times;
  const added = others.map((own) => own.map((us, round) => us - (base[round] ?? NaN)));
  return added.map((us, index) => ({
    guard: GUARDS[index + 1] ?? '',
    addedUs: spreadOf(us),
    inSignatures: ratioSpread(us, floors),
    ofModule: median(us) / median(added[0] ?? []),
  }));
}

/**
 * @param {typeof GUARDS[number]} guard
 * @param {string} issuer
 */
async function startRoute(guard, issuer) {
  const app = await createApp({ platform: 'fastify', guard, issuer, algorithm: 'RS256' });
  await app.init();
  const fastify = /** @type {Injectable} */ (app.getHttpAdapter().getInstance());
  await fastify.ready();
  const ask = async (/** @type {readonly string[]} */ tokens) => {
    for (let at = 0; at < tokens.length; at += AT_ONCE) {
      const answers = await Promise.all(
        tokens
          .slice(at, at + AT_ONCE)
          .map((token) => fastify.inject({ url: '/orders', headers: { authorization: `Bearer ${token}` } })),
      );
      if (answers.some(({ statusCode }) => statusCode !== 200))
        throw new Error(`${guard} refused a good token`);
    }
  };
  return { app, ask };
}

/** @param {() => unknown} run one pass over the tokens */
async function microseconds(run) {
  const startMs = performance.now();
  await run();
  return ((performance.now() - startMs) * 1_000) / TOKENS;
}
