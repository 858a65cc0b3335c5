// npm run bench [-- part… --rounds=N --check]. See README.md beside this file.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { selectParts } from './parts.mjs';
import { loadAverage } from './support/busyness.mjs';
import { describeMachine, machineLine } from './support/machine.mjs';
import { show } from './support/markdown.mjs';
import { writeResult } from './support/results.mjs';

/** @typedef {import('./support/part.mjs').Measured} Measured */

const PART_SCRIPT = fileURLToPath(new URL('measure-part.mjs', import.meta.url));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string' }, check: { type: 'boolean', default: false } },
});
const machine = describeMachine();
const parts = selectParts(positionals);
console.log(`${machineLine(machine)}; load average ${show(loadAverage())}`);
let refused = false;
for (const part of parts) {
  const rounds = Number(values.rounds ?? part.rounds);
  const startMs = performance.now();
  const { result, noise } = await measure(part.name, rounds);
  const seconds = Math.round((performance.now() - startMs) / 1_000);
  console.log(`\n## ${part.name}: ${part.about} (${seconds} s)\n\n${part.table(result).join('\n')}`);
  for (const { what, figure, limit } of noise) {
    console.log(`Not written, too noisy: ${what} is ${show(figure)}, the limit is ${show(limit)}.`);
  }
  if (rounds < part.rounds) {
    console.log(`Not written: ${rounds} rounds; ${part.rounds} are needed.`);
  } else if (noise.length === 0 && !values.check) {
    writeResult(part.name, { machine, measuredOn: new Date().toISOString().slice(0, 10), result });
  }
  refused ||= noise.length > 0;
}
process.exitCode = refused ? 1 : 0;

/**
 * @param {string} name
 * @param {number} rounds
 * @returns {Promise<Measured>}
 */
function measure(name, rounds) {
  return new Promise((resolve, reject) => {
    const child = fork(PART_SCRIPT, [name, String(rounds)], { execArgv: ['--expose-gc'] });
    child.once('message', (message) => resolve(/** @type {Measured} */ (message)));
    child.once('exit', (code) =>
      reject(new Error(`${name} ended with ${String(code)} and without a result`)),
    );
  });
}
