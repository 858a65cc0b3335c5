// Interleaved rounds over all rows: in each round every row is under load for a second, and the signature alone is timed.
import { busyUs } from '../support/busyness.mjs';
import { ratioSpread, spreadOf } from '../support/statistics.mjs';
import { createIssuer } from '../support/tokens.mjs';
import { startChild } from './child.mjs';
import { requestsOf } from './rows.mjs';
import { runWrk, writeRequests } from './wrk.mjs';

/**
 * @typedef {import('../support/statistics.mjs').Spread} Spread
 * @typedef {import('./rows.mjs').Row} Row
 * @typedef {import('./rows.mjs').Algorithm} Algorithm
 * @typedef {import('./rows.mjs').Issuer} Issuer
 * @typedef {import('./child.mjs').Child} Child
 * @typedef {import('./app.mjs').Platform} Platform
 * @typedef {import('../support/cores.mjs').Cores} Cores
 *
 * @typedef {{ platform: Platform, rows: readonly Row[], connections: number, rounds: number, cores: Cores | undefined }} Plan
 * @typedef {{ perSecond: number, cpuUs: number, p50Us: number, p99Us: number, clientShare: number, othersShare: number | undefined }} Sample
 * @typedef {{ id: string, name: string, algorithm: Algorithm, perSecond: Spread, ofUnguarded: Spread, cpuUs: Spread,
 *   addedCpuUs: Spread, p50Us: Spread, p99Us: Spread, p99OfUnguarded: Spread, addedP50Us: Spread,
 *   addedP50InSignatures: Spread, allocatedBytes: number, clientShare: number }} RowResult
 * @typedef {{ platform: Platform, connections: number, rounds: number, rows: RowResult[], signatureUs: Record<string, Spread>,
 *   othersShare: number | undefined }} ServerResult
 */

const SECONDS = 1;
const WARM_UP_CONNECTIONS = 16;

/**
 * @param {Plan} plan
 * @returns {Promise<ServerResult>}
 */
export async function measureRows(plan) {
  const bench = await start(plan);
  try {
    for (const server of bench.servers) await load(bench, server, WARM_UP_CONNECTIONS);
    /** @type {Sample[][]} */
    const samples = plan.rows.map(() => []);
    /** @type {Map<Algorithm, number[]>} */
    const signatures = new Map(bench.algorithms.map((algorithm) => [algorithm, []]));
    for (let round = 0; round < plan.rounds; round++) {
      for (const algorithm of bench.algorithms) {
        signatures.get(algorithm)?.push(Number(await bench.floor.ask({ algorithm })));
      }
      // There and back, so that no row always comes after the same one.
      const order = [...bench.servers.entries()];
      for (const [index, server] of round % 2 === 0 ? order : order.toReversed()) {
        samples[index]?.push(await load(bench, server, plan.connections));
      }
    }
    const allocated = [];
    for (const server of bench.servers) allocated.push(await allocatedBytes(bench, server));
    return summarize(plan, { samples, signatures, allocated });
  } finally {
    bench.close();
  }
}

/** @typedef {{ row: Row, child: Child, file: string }} Server */
/** @typedef {Awaited<ReturnType<typeof start>>} Bench */

/** @param {Plan} plan */
async function start({ platform, rows, connections, cores }) {
  const algorithms = [...new Set(rows.map(({ algorithm }) => algorithm))];
  /** @type {Map<Algorithm, Issuer>} */
  const issuers = new Map();
  for (const algorithm of algorithms) issuers.set(algorithm, await createIssuer(algorithm));
  const issuerOf = (/** @type {Algorithm} */ algorithm) => /** @type {Issuer} */ (issuers.get(algorithm));
  const floor = await startChild({ file: 'floor-process.mjs', core: cores?.server });
  /** @type {Server[]} */
  const servers = [];
  /** @type {Map<unknown, ReturnType<typeof writeRequests>>} one list for all rows that send the same */
  const lists = new Map();
  for (const row of rows) {
    const { algorithm, guard } = row;
    const issuer = issuerOf(algorithm);
    const own = row.headers ?? algorithm;
    const list = lists.get(own) ?? writeRequests(requestsOf(row, issuer));
    lists.set(own, list);
    const options = JSON.stringify({ platform, guard, algorithm, issuer: issuer.issuer });
    const child = await startChild({ file: 'process.mjs', args: [options], core: cores?.server });
    servers.push({ row, child, file: list.file });
  }
  for (const algorithm of algorithms) {
    const { publicKey, token } = issuerOf(algorithm);
    const pem = publicKey.export({ type: 'spki', format: 'pem' });
    const task = { algorithm, pem, tokens: Array.from({ length: 1_000 }, (_, index) => token(index)) };
    for (let warmUp = 0; warmUp < 5; warmUp++)
      await floor.ask(warmUp === 0 ? { task, algorithm } : { algorithm });
  }
  const close = () => {
    floor.close();
    for (const { child } of servers) child.close();
    for (const { remove } of lists.values()) remove();
    for (const { server } of issuers.values()) server.close();
  };
  return { servers, floor, algorithms, cores, connections, close };
}

/**
 * A second of load. The time of the server is what the operating system counted, all of its threads together.
 *
 * @param {Bench} bench
 * @param {Server} server
 * @param {number} connections
 * @returns {Promise<Sample>}
 */
async function load({ cores }, { child, file }, connections) {
  const watched = cores && [cores.server, cores.client];
  const { user, system } = process.cpuUsage();
  const busyBeforeUs = busyUs(watched);
  const startMs = performance.now();
  const cpuBeforeUs = Number(await child.ask({ ask: 'cpu' }));
  const result = await runWrk({
    url: `${child.url}/orders`,
    file,
    connections,
    seconds: SECONDS,
    core: cores?.client,
  });
  const serverUs = Number(await child.ask({ ask: 'cpu' })) - cpuBeforeUs;
  const own = process.cpuUsage({ user, system });
  const accountedUs = serverUs + result.clientCpuUs + own.user + own.system;
  const busyAfterUs = busyUs(watched);
  const tookUs = (performance.now() - startMs) * 1_000;
  return {
    perSecond: (result.requests * 1e6) / result.durationUs,
    cpuUs: serverUs / result.requests,
    p50Us: result.p50Us,
    p99Us: result.p99Us,
    clientShare: result.clientCpuUs / result.durationUs,
    othersShare:
      busyBeforeUs === undefined || busyAfterUs === undefined
        ? undefined
        : Math.max(0, busyAfterUs - busyBeforeUs - accountedUs) / tookUs,
  };
}

/**
 * Bytes on the JavaScript heap for one request, in a second of its own, since counting takes time.
 *
 * @param {Bench} bench
 * @param {Server} server
 */
async function allocatedBytes({ cores, connections }, { child, file }) {
  const how = { url: `${child.url}/orders`, file, connections, seconds: SECONDS, core: cores?.client };
  await child.ask({ ask: 'start', what: 'allocation' });
  const { requests } = await runWrk(how);
  return Number(await child.ask({ ask: 'stop' })) / requests;
}

/**
 * @param {Plan} plan
 * @param {{ samples: Sample[][], signatures: Map<Algorithm, number[]>, allocated: number[] }} measured
 * @returns {ServerResult}
 */
function summarize({ platform, rows, connections, rounds }, { samples, signatures, allocated }) {
  const [base = []] = samples;
  /** @param {Sample[]} list @param {(sample: Sample) => number} what */
  const all = (list, what) => list.map((sample) => what(sample));
  const others = samples.flat().flatMap(({ othersShare }) => othersShare ?? []);
  return {
    platform,
    connections,
    rounds,
    rows: rows.map(({ id, name, algorithm }, index) => {
      const own = samples[index] ?? [];
      /** @param {(sample: Sample) => number} what */
      const ratio = (what) => ratioSpread(all(own, what), all(base, what));
      /** @param {(sample: Sample) => number} what */
      const added = (what) => all(own, what).map((value, round) => value - (all(base, what)[round] ?? NaN));
      const addedP50 = added(({ p50Us }) => p50Us);
      return {
        id,
        name,
        algorithm,
        perSecond: spreadOf(all(own, ({ perSecond }) => perSecond)),
        ofUnguarded: ratio(({ perSecond }) => perSecond),
        cpuUs: spreadOf(all(own, ({ cpuUs }) => cpuUs)),
        addedCpuUs: spreadOf(added(({ cpuUs }) => cpuUs)),
        p50Us: spreadOf(all(own, ({ p50Us }) => p50Us)),
        p99Us: spreadOf(all(own, ({ p99Us }) => p99Us)),
        p99OfUnguarded: ratio(({ p99Us }) => p99Us),
        addedP50Us: spreadOf(addedP50),
        addedP50InSignatures: ratioSpread(addedP50, signatures.get(algorithm) ?? []),
        allocatedBytes: allocated[index] ?? NaN,
        clientShare: spreadOf(all(own, ({ clientShare }) => clientShare)).median,
      };
    }),
    signatureUs: Object.fromEntries([...signatures].map(([algorithm, us]) => [algorithm, spreadOf(us)])),
    othersShare: others.length === 0 ? undefined : spreadOf(others).median,
  };
}
