// Servers in their own processes, and autocannon in this one.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import { median } from './measure.mjs';

const SERVER = fileURLToPath(new URL('server.mjs', import.meta.url));

/** @param {string} platform @param {string} protection @param {import('./tokens.mjs').Issuer} issuer */
async function startServer(platform, protection, { issuer, algorithm }) {
  const child = fork(SERVER, [platform, protection, issuer, algorithm]);
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

/**
 * Each protection under the same load, in turns; the first one is what the others are compared with.
 *
 * @template {string} P
 * @param {{ platform: string, issuer: import('./tokens.mjs').Issuer, protections: readonly P[], connections: readonly number[],
 * rounds: number, seconds: number }} options
 */
export async function compareUnderLoad({ platform, issuer, protections, connections, rounds, seconds }) {
  const tokens = Array.from({ length: 1_000 }, (_, index) => issuer.token(index));
  const servers = await Promise.all(
    protections.map((protection) => startServer(platform, protection, issuer)),
  );
  const rows = [];
  try {
    for (const server of servers) await load(server.url, tokens, 8, 1);
    for (const count of connections) {
      const perSecond = protections.map(() => /** @type {number[]} */ ([]));
      const p99 = protections.map(() => /** @type {number[]} */ ([]));
      for (let round = 0; round < rounds; round++) {
        for (const [index, { url }] of servers.entries()) {
          const result = await load(url, tokens, count, seconds);
          perSecond[index]?.push(result.perSecond);
          p99[index]?.push(result.p99Ms);
        }
      }
      const base = perSecond[0] ?? [];
      for (const [index, protection] of protections.entries()) {
        const own = perSecond[index] ?? [];
        rows.push({
          platform,
          algorithm: issuer.algorithm,
          connections: count,
          guard: protection,
          perSecond: median(own),
          ofUnguarded: median(own.map((value, round) => value / (base[round] ?? NaN))),
          p99Ms: median(p99[index] ?? []),
        });
      }
    }
  } finally {
    for (const { close } of servers) close();
  }
  return rows;
}
