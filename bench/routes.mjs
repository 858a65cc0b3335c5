// A protected route at work: the server in its own process, autocannon in this one.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import { median } from './measure.mjs';
import { createIssuer } from './tokens.mjs';

const SERVER = fileURLToPath(new URL('server.mjs', import.meta.url));
const GUARDS = /** @type {const} */ (['none', 'module', 'token-cache', 'passport']);

/** @param {string} platform @param {string} guard @param {string} issuer */
async function startServer(platform, guard, issuer) {
  const child = fork(SERVER, [platform, guard, issuer]);
  /** @type {unknown} */
  const url = await new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message));
    child.once('exit', (code) => reject(new Error(`the server ended with ${String(code)}`)));
  });
  return { url: `${String(url)}/orders`, close: () => child.kill() };
}

/** @param {string} url @param {readonly string[]} tokens @param {number} connections @param {number} seconds */
async function load(url, tokens, connections, seconds) {
  const result = await autocannon({
    url,
    connections,
    duration: seconds,
    requests: tokens.map((token) => ({ headers: { authorization: `Bearer ${token}` } })),
  });
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${result.non2xx} requests of ${url} were refused`);
  return { perSecond: result.requests.average, p99Ms: result.latency.p99 };
}

/** @param {{ quick: boolean, platforms?: readonly string[] }} options */
export async function benchRoutes({ quick, platforms = ['fastify', 'express'] }) {
  const rounds = quick ? 1 : 3;
  const seconds = quick ? 2 : 3;
  const issuer = await createIssuer('RS256');
  const tokens = Array.from({ length: 1_000 }, (_, index) => issuer.token(index));
  const rows = [];
  for (const platform of platforms) {
    const servers = await Promise.all(GUARDS.map((guard) => startServer(platform, guard, issuer.issuer)));
    for (const server of servers) await load(server.url, tokens, 8, 2);
    for (const connections of quick ? [64] : [1, 64]) {
      const perSecond = GUARDS.map(() => /** @type {number[]} */ ([]));
      const p99 = GUARDS.map(() => /** @type {number[]} */ ([]));
      for (let round = 0; round < rounds; round++) {
        for (const [index, { url }] of servers.entries()) {
          const result = await load(url, tokens, connections, seconds);
          perSecond[index]?.push(result.perSecond);
          p99[index]?.push(result.p99Ms);
        }
      }
      const base = perSecond[0] ?? [];
      for (const [index, guard] of GUARDS.entries()) {
        const own = perSecond[index] ?? [];
        rows.push({
          platform,
          connections,
          guard,
          perSecond: median(own),
          ofUnguarded: median(own.map((value, round) => value / (base[round] ?? NaN))),
          p99Ms: median(p99[index] ?? []),
        });
      }
    }
    for (const { close } of servers) close();
  }
  issuer.server.close();
  return rows;
}
