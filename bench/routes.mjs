// A protected route at work, over HTTP and in process.
import { createApp } from './app.mjs';
import { floor } from './contenders.mjs';
import { compareUnderLoad } from './load.mjs';
import { median } from './measure.mjs';
import { createIssuer } from './tokens.mjs';

const PROTECTIONS = /** @type {const} */ (['none', 'module', 'token-cache', 'passport']);

/**
 * @typedef {{ ready: () => Promise<unknown>, inject: (request: object) => Promise<{ statusCode: number }> }} Injectable
 */

/** @param {{ quick: boolean }} options */
export async function benchRoutes({ quick }) {
  const issuer = await createIssuer('RS256');
  const rows = [];
  for (const platform of ['fastify', 'express']) {
    rows.push(
      ...(await compareUnderLoad({
        platform,
        issuer,
        protections: PROTECTIONS,
        connections: quick ? [64] : [1, 64],
        rounds: quick ? 1 : 3,
        seconds: quick ? 2 : 3,
      })),
    );
  }
  issuer.server.close();
  return rows;
}

/**
 * What a guard adds to a Fastify route without a network: the difference to the route without one, in
 * microseconds and in signature checks. 64 requests are on their way at once, as in a busy server.
 *
 * @param {{ quick: boolean }} options
 */
export async function benchInProcess({ quick }) {
  const issuer = await createIssuer('RS256');
  const tokens = Array.from({ length: 512 }, (_, index) => issuer.token(index));
  const check = floor(issuer, tokens).one;
  const instances = [];
  for (const protection of PROTECTIONS) {
    const app = await createApp({
      platform: 'fastify',
      protection,
      issuer: issuer.issuer,
      algorithm: 'RS256',
    });
    await app.init();
    const fastify = /** @type {Injectable} */ (app.getHttpAdapter().getInstance());
    await fastify.ready();
    instances.push({ protection, app, fastify });
  }
  /** @type {number[]} */
  const floors = [];
  const times = PROTECTIONS.map(() => /** @type {number[]} */ ([]));
  const rounds = quick ? 8 : 24;
  for (let round = -4; round < rounds; round++) {
    let startMs = performance.now();
    for (const token of tokens) check(token);
    if (round >= 0) floors.push(((performance.now() - startMs) * 1000) / tokens.length);
    for (const [index, { fastify, protection }] of instances.entries()) {
      startMs = performance.now();
      for (let at = 0; at < tokens.length; at += 64) {
        const answers = await Promise.all(
          tokens
            .slice(at, at + 64)
            .map((token) =>
              fastify.inject({ url: '/orders', headers: { authorization: `Bearer ${token}` } }),
            ),
        );
        if (answers.some(({ statusCode }) => statusCode !== 200))
          throw new Error(`${protection} refused a good token`);
      }
      if (round >= 0) times[index]?.push(((performance.now() - startMs) * 1000) / tokens.length);
    }
  }
  for (const { app } of instances) await app.close();
  issuer.server.close();
  const base = times[0] ?? [];
  return PROTECTIONS.slice(1).map((guard, index) => {
    const added = (times[index + 1] ?? []).map((us, round) => us - (base[round] ?? NaN));
    return {
      guard,
      addedUs: median(added),
      ofFloor: median(added.map((us, round) => us / (floors[round] ?? NaN))),
    };
  });
}
