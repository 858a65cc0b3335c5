// The load generator: wrk, with a list of requests.
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { onCore } from '../support/cores.mjs';

const SCRIPT = fileURLToPath(new URL('wrk.lua', import.meta.url));
const run = promisify(execFile);

/**
 * @typedef {{ requests: number, durationUs: number, p50Us: number, p99Us: number, meanUs: number, refused: number,
 *   broken: number, clientCpuUs: number }} Load what wrk measured
 * @typedef {Record<string, string>} Headers of one request
 */

/** Refuses to go on without wrk: a load generator in Node.js takes more of a core than the server that it measures. */
export function assertWrk() {
  if (spawnSync('wrk', ['-v']).error === undefined) return;
  throw new Error(
    'wrk is not installed; it makes the load for this part. Install it with "apt-get install wrk" (Debian, Ubuntu) or ' +
      '"brew install wrk" (macOS), or run another part: npm run bench -- validation',
  );
}

/**
 * A file with requests that wrk sends in turn.
 *
 * @param {readonly Headers[]} requests
 */
export function writeRequests(requests) {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-'));
  const file = path.join(folder, 'requests.txt');
  const lines = requests.map((headers) =>
    Object.entries(headers)
      .map(([name, value]) => `${name}: ${value}`)
      .join('\t'),
  );
  writeFileSync(file, `${lines.join('\n')}\n`);
  return { file, remove: () => rmSync(folder, { recursive: true }) };
}

/**
 * @param {{ url: string, file: string, connections: number, seconds: number, core: number | undefined }} options
 * @returns {Promise<Load>}
 * @throws if one request was refused or lost: a fast refusal is no throughput
 */
export async function runWrk({ url, file, connections, seconds, core }) {
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', SCRIPT, url, '--', file];
  const { stdout } = await run(...onCore(core, 'wrk', args));
  const line = stdout.split('\n').find((text) => text.startsWith('{'));
  if (line === undefined) throw new Error(`wrk printed no result:\n${stdout}`);
  const load = /** @type {Load} */ (JSON.parse(line));
  if (load.refused > 0 || load.broken > 0 || load.requests === 0) {
    throw new Error(
      `${url}: of ${load.requests} requests ${load.refused} were refused, ${load.broken} broke`,
    );
  }
  return load;
}
