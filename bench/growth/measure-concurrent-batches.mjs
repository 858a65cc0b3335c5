// 10,000 tokens in 1 to 1,000 batches that run at once: time, and how long they hold the event loop.
import { createSigner } from '../support/tokens.mjs';
import { measureCurve } from './curve.mjs';
import { claimsOf, startModule } from './start-module.mjs';

const BATCHES = [1, 10, 100, 1_000];
const TOKENS = 10_000;
const ISSUER = 'urn:issuer:batches';

/** @typedef {import('../../dist/index.js').TokenValidationService} Validation */

/** @param {{ rounds: number }} extent */
export async function measureConcurrentBatches({ rounds }) {
  const times = [];
  const delays = [];
  const closing = [];
  for (const algorithm of /** @type {const} */ (['RS256', 'ES256'])) {
    const signer = createSigner(algorithm);
    const { tokens, close } = await startModule({
      issuers: [{ issuer: ISSUER, jwks: { keys: [signer.jwk('key')] } }],
    });
    closing.push(close);
    const list = Array.from({ length: TOKENS }, (_, at) =>
      signer.sign({ typ: 'at+jwt', kid: 'key' }, claimsOf(ISSUER, { jti: `jti-${at}` })),
    );
    for (const count of BATCHES) {
      /** @type {number[]} */
      const held = [];
      times.push({
        series: algorithm,
        x: count,
        run: async () => {
          const { tookMs, longestMs } = await runBatches(tokens, list, count);
          held.push(longestMs);
          return (tookMs * 1_000) / TOKENS;
        },
      });
      delays.push({ series: algorithm, x: count, run: () => held.shift() ?? NaN });
    }
  }
  const x = 'batches at once, 10,000 tokens in all';
  const time = await measureCurve({ title: 'One token of a batch', x, y: 'microseconds' }, times, rounds);
  const delay = await measureCurve(
    { title: 'Longest hold of the event loop', x, y: 'milliseconds' },
    delays,
    rounds,
  );
  for (const close of closing) await close();
  return { time, delay };
}

/**
 * @param {Validation} tokens
 * @param {readonly string[]} list
 * @param {number} count
 */
async function runBatches(tokens, list, count) {
  const size = list.length / count;
  let longestMs = 0;
  let lastMs = performance.now();
  let running = true;
  const tick = () => {
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
    if (running) setImmediate(tick);
  };
  setImmediate(tick);
  const startMs = performance.now();
  const results = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      tokens.validateMany(list.slice(index * size, (index + 1) * size)),
    ),
  );
  const tookMs = performance.now() - startMs;
  running = false;
  tick();
  if (results.flat().some(({ status }) => status === 'rejected')) throw new Error('a good token was refused');
  return { tookMs, longestMs };
}
