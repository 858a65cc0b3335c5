// npm run bench [-- part… --rounds=N --check | report]. See README.md beside this file.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { PARTS, selectParts } from './parts.mjs';
import { compareFigures, hasFailed } from './report/compare-figures.mjs';
import { targetTable } from './report/print-targets.mjs';
import { writeReport } from './report/write-report.mjs';
import { LIMITS, loadAverage, waitUntilQuiet } from './support/busyness.mjs';
import { describeMachine, machineLine } from './support/machine.mjs';
import { show } from './support/markdown.mjs';
import { readResult, writeResult } from './support/results.mjs';

/**
 * @typedef {import('./support/part.mjs').Measured} Measured
 * @typedef {import('./support/part.mjs').Part<unknown>} Part
 * @typedef {import('./support/part.mjs').Figure} Figure
 */

const PART_SCRIPT = fileURLToPath(new URL('measure-part.mjs', import.meta.url));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string' }, check: { type: 'boolean', default: false } },
});
const isReport = positionals.includes('report');
try {
  const { failed, written } = isReport
    ? { failed: false, written: true }
    : await measureParts(selectParts(positionals));
  if (written) writeReport(PARTS);
  process.exitCode = failed ? 1 : 0;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/**
 * @param {readonly Part[]} parts
 * @returns {Promise<{ failed: boolean, written: boolean }>} `failed`: one was too noisy, or worse than what is committed
 */
async function measureParts(parts) {
  console.log(`${machineLine(describeMachine())}; load average ${show(loadAverage())}`);
  // A quick look may be taken on a busy machine: it writes nothing.
  if (values.rounds === undefined) await assertQuiet();
  /** @type {Record<string, Figure>} */
  const figures = {};
  let failed = false;
  let written = false;
  for (const part of parts) {
    const rounds = Number(values.rounds ?? part.rounds);
    const startMs = performance.now();
    const measured = await measure(part.name, rounds);
    const seconds = Math.round((performance.now() - startMs) / 1_000);
    console.log(
      `\n## ${part.name}: ${part.about} (${seconds} s)\n\n${part.table(measured.result).join('\n')}`,
    );
    Object.assign(figures, part.figures(measured.result));
    if (values.check) {
      failed = isWorse(part, measured) || failed;
    } else {
      failed ||= measured.noise.length > 0;
      written = keep(part, measured, rounds) || written;
    }
  }
  console.log(`\n## Targets\n\n${targetTable(figures).join('\n')}`);
  return { failed, written };
}

async function assertQuiet() {
  const share = await waitUntilQuiet();
  if (share <= LIMITS.othersShare) return;
  throw new Error(
    `The machine is too busy to measure: other processes take ${show(share * 100)} % of a core, the limit is ` +
      `${LIMITS.othersShare * 100} %. End them, or take a quick look with --rounds=3, which writes nothing.`,
  );
}

/**
 * @param {Part} part
 * @param {Measured} measured
 * @param {number} rounds
 * @returns {boolean} whether it was written
 */
function keep(part, { result, noise }, rounds) {
  printNoise(part, noise, 'Not written');
  if (rounds < part.rounds) {
    console.log(`Not written: ${rounds} rounds; ${part.rounds} are needed.`);
  } else if (noise.length === 0) {
    const measuredOn = new Date().toISOString().slice(0, 10);
    writeResult(part.name, { machine: describeMachine(), measuredOn, result });
    return true;
  }
  return false;
}

/**
 * @param {Part} part
 * @param {Measured} measured
 * @returns {boolean} true also if nothing can be said
 */
function isWorse(part, { result, noise }) {
  printNoise(part, noise, 'Cannot be compared');
  const stored = readResult(part.name);
  if (stored === undefined) {
    console.log(`Nothing is committed for ${part.name}: bench/results/${part.name}.json is missing.`);
    return part.optional !== true;
  }
  const comparisons = compareFigures(part.figures(stored.result), part.figures(result), part.tolerance);
  for (const { name, verdict, committed, measured } of comparisons) {
    console.log(`${verdict.padEnd(8)} ${name}: ${show(measured ?? NaN)}, committed ${show(committed)}`);
  }
  console.log(`The tolerance is ${part.tolerance * 100} % of the committed figure.`);
  return noise.length > 0 || hasFailed(comparisons);
}

/**
 * @param {Part} part
 * @param {Measured['noise']} noise
 * @param {string} consequence
 */
function printNoise({ name }, noise, consequence) {
  for (const { what, figure, limit } of noise) {
    console.log(
      `${consequence}, too noisy: ${name}: ${what} is ${show(figure)}, the limit is ${show(limit)}.`,
    );
  }
}

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
