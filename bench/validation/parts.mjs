// Parts that measure validation in a loop.
import { noiseOf } from '../support/busyness.mjs';
import { show, showSpread, table } from '../support/markdown.mjs';
import { definePart, less, more } from '../support/part.mjs';
import { measureBatches } from './measure-batches.mjs';
import { measureValidation } from './measure-validation.mjs';

const TOKENS = 1_000;
const SYNC = 'this module, validateSync';

export const VALIDATION_PARTS = [
  definePart({
    name: 'validation',
    about: 'one token in a loop, in multiples of crypto.verify, beside other libraries',
    rounds: 11,
    tolerance: 0.07,
    measure: async ({ rounds }) => {
      const result = await measureValidation({ rounds, tokens: TOKENS });
      const [floor] = result['RS256 valid'] ?? [];
      return { result, noise: noiseOf({ calibration: floor?.us }) };
    },
    figures: (workloads) => {
      const own = Object.entries(workloads).flatMap(([workload, rows]) =>
        rows
          .filter(({ name }) => name.startsWith('this module'))
          .map(({ name, ratio }) => [`${workload}, ${name}, × floor`, less(ratio.median)]),
      );
      return /** @type {Record<string, import('../support/part.mjs').Figure>} */ (Object.fromEntries(own));
    },
    table: (workloads) =>
      Object.entries(workloads).flatMap(([workload, rows]) => [
        `**${workload}**`,
        '',
        ...table(
          ['what', 'µs', '× crypto.verify'],
          rows.map(({ name, us, ratio }) => [
            name === SYNC ? `**${name}**` : name,
            showSpread(us),
            showSpread(ratio),
          ]),
        ),
        '',
      ]),
  }),
  definePart({
    name: 'batches',
    about: 'validateMany against a plain loop, and how long it holds the event loop',
    rounds: 9,
    tolerance: 0.1,
    measure: async ({ rounds }) => ({ result: await measureBatches({ rounds }), noise: [] }),
    figures: (rows) =>
      Object.fromEntries(
        rows.map(({ algorithm, size, throughput }) => [
          `batch of ${size} ${algorithm}, × a loop`,
          more(throughput.median),
        ]),
      ),
    table: (rows) =>
      table(
        ['algorithm', 'tokens', 'plain loop ms', 'batch ms', '× a loop', 'event-loop delay p99 ms'],
        rows.map((row) => [
          row.algorithm,
          String(row.size),
          show(row.loopMs.median),
          show(row.batchMs.median),
          showSpread(row.throughput),
          show(row.delayP99Ms.median),
        ]),
      ),
  }),
];
