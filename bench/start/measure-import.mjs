// What the import of the root entry costs, beside that of the packages that it takes the place of, each time in a process of its own.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ratioSpread, spreadOf } from '../support/statistics.mjs';

const OURS = ['nestjs-identity-model'];
const STACK = ['@nestjs/passport', 'passport-jwt', 'jwks-rsa', '@nestjs/terminus'];
/** Every application has loaded these anyway. */
const NEST = ['reflect-metadata', '@nestjs/common', '@nestjs/core'];

/**
 * Processor time, not the time that passes: an import waits for nothing, and what else the machine does counts less so.
 * Interleaved, because that changes from second to second.
 *
 * @param {{ rounds: number }} extent
 */
export async function measureImport({ rounds }) {
  const kinds = {
    ours: { packages: OURS, first: [] },
    stack: { packages: STACK, first: [] },
    oursAfterNest: { packages: OURS, first: NEST },
    stackAfterNest: { packages: STACK, first: NEST },
  };
  /** @type {Record<keyof typeof kinds, number[]>} */
  const times = { ours: [], stack: [], oursAfterNest: [], stackAfterNest: [] };
  for (let round = 0; round < rounds; round++) {
    for (const kind of /** @type {(keyof typeof kinds)[]} */ (Object.keys(kinds))) {
      times[kind].push(await importMs(kinds[kind]));
    }
  }
  return {
    oursMs: spreadOf(times.ours),
    stackMs: spreadOf(times.stack),
    ratio: ratioSpread(times.ours, times.stack),
    oursAfterNestMs: spreadOf(times.oursAfterNest),
    stackAfterNestMs: spreadOf(times.stackAfterNest),
    ratioAfterNest: ratioSpread(times.oursAfterNest, times.stackAfterNest),
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
