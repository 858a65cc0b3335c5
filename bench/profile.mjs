// Where the time and the memory of a server go under full load: CPU and allocation profiles of one row.
// Usage, after a build: node bench/profile.mjs [fastify|express] [row] [seconds] [folder]
// Open the files in Chrome's developer tools, or read the tables that this prints.
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { startChild } from './server/child.mjs';
import { GUARD_ROWS, requestsOf } from './server/rows.mjs';
import { assertWrk, runWrk, writeRequests } from './server/wrk.mjs';
import { chooseCores, moveTo } from './support/cores.mjs';
import { table } from './support/markdown.mjs';
import { createIssuer } from './support/tokens.mjs';

const TOP = 40;

/**
 * @typedef {{ functionName: string, url: string, lineNumber: number }} CallFrame
 * @typedef {{ nodes: { id: number, callFrame: CallFrame }[], samples: number[], timeDeltas: number[] }} CpuProfile
 * @typedef {{ callFrame: CallFrame, selfSize: number, children: HeapNode[] }} HeapNode
 */

const [platform = 'fastify', id = 'module', seconds = '5', folder = 'reports/profile'] =
  process.argv.slice(2);
assertWrk();
const row = GUARD_ROWS.find((one) => one.id === id);
if (row === undefined)
  throw new Error(`There is no row "${id}": ${GUARD_ROWS.map((one) => one.id).join(', ')}`);
const cores = chooseCores();
moveTo(cores?.client);
const { guard, algorithm } = row;
const issuer = await createIssuer(algorithm);
const list = writeRequests(requestsOf(row, issuer));
const options = JSON.stringify({ platform, guard, algorithm, issuer: issuer.issuer });
const server = await startChild({ file: 'process.mjs', args: [options], core: cores?.server });
const load = (/** @type {number} */ forSeconds) =>
  runWrk({
    url: `${server.url}/orders`,
    file: list.file,
    connections: 64,
    seconds: forSeconds,
    core: cores?.client,
  });
const out = path.resolve(folder);
mkdirSync(out, { recursive: true });
await load(2);
for (const what of /** @type {const} */ (['cpu', 'heap'])) {
  const file = path.join(out, `${platform}-${id}.${what}profile`);
  await server.ask({ ask: 'start', what });
  const { requests, durationUs } = await load(Number(seconds));
  await server.ask({ ask: 'stop', file });
  const profile = /** @type {unknown} */ (JSON.parse(readFileSync(file, 'utf8')));
  const perSecond = Math.round((requests * 1e6) / durationUs);
  console.log(`${platform}, ${row.name}: ${perSecond} requests a second under the profiler, ${file}\n`);
  if (what === 'cpu') {
    print('µs of processor time a request', selfTimes(/** @type {CpuProfile} */ (profile)), requests);
  } else {
    print('bytes allocated a request', selfSizes(/** @type {{ head: HeapNode }} */ (profile).head), requests);
  }
}
server.close();
list.remove();
issuer.server.close();

/** @param {CallFrame} frame */
function nameOf({ functionName, url, lineNumber }) {
  return `${functionName || '(anonymous)'} ${url.replace(/^.*\/(?=node_modules|dist)/, '')}:${lineNumber + 1}`;
}

/** @param {CpuProfile} profile microseconds by function, idle time left out */
function selfTimes({ nodes, samples, timeDeltas }) {
  const names = new Map(nodes.map((node) => [node.id, nameOf(node.callFrame)]));
  /** @type {Map<string, number>} */
  const times = new Map();
  for (const [index, node] of samples.entries()) {
    const name = names.get(node) ?? '';
    if (!name.startsWith('(idle)')) times.set(name, (times.get(name) ?? 0) + (timeDeltas[index] ?? 0));
  }
  return times;
}

/**
 * @param {HeapNode} node
 * @param {Map<string, number>} sizes
 */
function selfSizes(node, sizes = new Map()) {
  const name = nameOf(node.callFrame);
  sizes.set(name, (sizes.get(name) ?? 0) + node.selfSize);
  for (const child of node.children) selfSizes(child, sizes);
  return sizes;
}

/**
 * @param {string} title
 * @param {Map<string, number>} sums
 * @param {number} count
 */
function print(title, sums, count) {
  const all = [...sums.values()].reduce((sum, value) => sum + value, 0);
  const rows = [...sums].toSorted(([, a], [, b]) => b - a).slice(0, TOP);
  const lines = table(
    [title, 'function'],
    [
      [(all / count).toFixed(2), '**all**'],
      ...rows.map(([name, value]) => [(value / count).toFixed(2), name]),
    ],
  );
  console.log(`${lines.join('\n')}\n`);
}
