// Batches against a plain loop over the same tokens: throughput, and how long the event loop is held.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { startModule } from './contenders.mjs';
import { median } from './measure.mjs';
import { createIssuer } from './tokens.mjs';

/** @param {{ quick: boolean }} options */
export async function benchBatches({ quick }) {
  const rows = [];
  for (const algorithm of /** @type {const} */ (['RS256', 'ES256'])) {
    const issuer = await createIssuer(algorithm);
    const { app, tokens } = await startModule(issuer);
    const all = Array.from({ length: quick ? 1_000 : 10_000 }, (_, index) => issuer.token(index));
    for (const size of quick ? [10, 1_000] : [10, 1_000, 10_000]) {
      const list = all.slice(0, size);
      const rounds = size > 1_000 ? 3 : 9;
      const loops = [];
      const batches = [];
      const delays = [];
      for (let round = 0; round < rounds; round++) {
        let startMs = performance.now();
        for (const token of list) tokens.validateSync(token);
        loops.push(performance.now() - startMs);
        const delay = monitorEventLoopDelay({ resolution: 1 });
        delay.enable();
        await new Promise((resolve) => setTimeout(resolve, 5));
        delay.reset();
        startMs = performance.now();
        const results = await tokens.validateMany(list);
        batches.push(performance.now() - startMs);
        delay.disable();
        delays.push(delay.percentile(99) / 1e6);
        if (results.some(({ status }) => status === 'rejected')) throw new Error('a good token was refused');
      }
      const loop = median(loops);
      const batch = median(batches);
      rows.push({
        algorithm,
        size,
        loopMs: loop,
        batchMs: batch,
        throughput: loop / batch,
        delayP99Ms: median(delays),
      });
    }
    await app.close();
    issuer.server.close();
  }
  return rows;
}
