// What the import of the root entry costs, beside that of the packages that it takes the place of, each time in a process of its own.
// Part of `npm run bench`; alone, `node bench/import-time.mjs` writes bench/results/import-time.json.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { median } from './measure.mjs';

const OURS = ['nestjs-identity-model'];
const STACK = ['@nestjs/passport', 'passport-jwt', 'jwks-rsa', '@nestjs/terminus'];
/** Every application has loaded these anyway. */
const NEST = ['reflect-metadata', '@nestjs/common', '@nestjs/core'];

/**
 * Processor time, not the time that passes: an import waits for nothing, and what else the machine does counts less so.
 * Interleaved, because that changes from second to second.
 *
 * @param {{ quick: boolean }} options
 */
export async function benchImport({ quick }) {
  const kinds = {
    ours: { packages: OURS, first: [] },
    stack: { packages: STACK, first: [] },
    oursAfterNest: { packages: OURS, first: NEST },
    stackAfterNest: { packages: STACK, first: NEST },
  };
  /** @type {Record<keyof typeof kinds, number[]>} */
  const times = { ours: [], stack: [], oursAfterNest: [], stackAfterNest: [] };
  for (let round = 0; round < (quick ? 5 : 20); round++) {
    for (const kind of /** @type {(keyof typeof kinds)[]} */ (Object.keys(kinds))) {
      times[kind].push(await importMs(kinds[kind]));
    }
  }
  return {
    oursMs: median(times.ours),
    stackMs: median(times.stack),
    oursAfterNestMs: median(times.oursAfterNest),
    stackAfterNestMs: median(times.stackAfterNest),
  };
}

const run = promisify(execFile);

/** @param {{ packages: readonly string[], first: readonly string[] }} what */
async function importMs({ packages, first }) {
  const program = `
    for (const name of ${JSON.stringify(first)}) await import(name);
    const before = process.cpuUsage();
    for (const name of ${JSON.stringify(packages)}) await import(name);
    const { user, system } = process.cpuUsage(before);
    console.log((user + system) / 1000);`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program]);
  return Number(stdout);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const figures = await benchImport({ quick: false });
  const machine = `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, Node.js ${process.version}`;
  const report = JSON.stringify({ machine, ...figures }, undefined, 2);
  writeFileSync('bench/results/import-time.json', `${report}\n`);
  console.log(report);
}
