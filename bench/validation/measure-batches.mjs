// Batches against a plain loop over the same tokens: throughput, and how long the event loop is held.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { ratioSpread, spreadOf } from '../support/statistics.mjs';
import { createIssuer } from '../support/tokens.mjs';
import { startModule } from './contenders.mjs';

const SIZES = [10, 1_000, 10_000];
/** Before it is asked, the histogram of delays must have begun. */
const SETTLE_MS = 5;

/** @typedef {import('../../dist/index.js').TokenValidationService} Validation */

/** @param {{ rounds: number }} extent of the small sizes; the largest needs a third */
export async function measureBatches({ rounds }) {
  const rows = [];
  for (const algorithm of /** @type {const} */ (['RS256', 'ES256'])) {
    const issuer = await createIssuer(algorithm);
    const { app, tokens } = await startModule(issuer);
    const all = Array.from({ length: Math.max(...SIZES) }, (_, index) => issuer.token(index));
    for (const size of SIZES) {
      const list = all.slice(0, size);
      const runs = [];
      for (let round = 0; round < (size > 1_000 ? Math.ceil(rounds / 3) : rounds); round++) {
        runs.push({ loopMs: loop(tokens, list), ...(await batch(tokens, list)) });
      }
      const loops = runs.map(({ loopMs }) => loopMs);
      const batches = runs.map(({ batchMs }) => batchMs);
      rows.push({
        algorithm,
        size,
        loopMs: spreadOf(loops),
        batchMs: spreadOf(batches),
        throughput: ratioSpread(loops, batches),
        delayP99Ms: spreadOf(runs.map(({ delayP99Ms }) => delayP99Ms)),
      });
    }
    await app.close();
    issuer.server.close();
  }
  return rows;
}

/**
 * @param {Validation} tokens
 * @param {readonly string[]} list
 */
function loop(tokens, list) {
  const startMs = performance.now();
  for (const token of list) tokens.validateSync(token);
  return performance.now() - startMs;
}

/**
 * @param {Validation} tokens
 * @param {readonly string[]} list
 */
async function batch(tokens, list) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  delay.reset();
  const startMs = performance.now();
  const results = await tokens.validateMany(list);
  const batchMs = performance.now() - startMs;
  delay.disable();
  if (results.some(({ status }) => status === 'rejected')) throw new Error('a good token was refused');
  return { batchMs, delayP99Ms: delay.percentile(99) / 1e6 };
}
