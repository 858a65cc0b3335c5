// Parts that measure a server under load.
import { noiseOf } from '../support/busyness.mjs';
import { chooseCores, moveTo } from '../support/cores.mjs';
import { show, showSpread, table } from '../support/markdown.mjs';
import { definePart, less, more } from '../support/part.mjs';
import { measureInProcess } from './measure-in-process.mjs';
import { measureRows } from './measure-rows.mjs';
import { ALGORITHM_ROWS, CONNECTION_ROWS, GUARD_ROWS, SCHEDULING_ROWS } from './rows.mjs';
import { assertWrk } from './wrk.mjs';

/**
 * @typedef {import('../support/part.mjs').Figure} Figure
 * @typedef {import('./measure-rows.mjs').ServerResult} ServerResult
 * @typedef {import('./rows.mjs').Row} Row
 * @typedef {import('./app.mjs').Platform} Platform
 */

const CONNECTIONS = 64;
const ROUNDS = 10;
/** Runs on one quiet machine differ by up to 6 %; the rest is for another machine and another version of Node.js. */
const TOLERANCE = 0.15;

/**
 * @param {{ platforms: readonly Platform[], rows: readonly Row[], connections: number }} what
 * @returns {(extent: { rounds: number }) => Promise<{ result: ServerResult[], noise: import('../support/busyness.mjs').Noise[] }>}
 */
function measureWith({ platforms, rows, connections }) {
  return async ({ rounds }) => {
    assertWrk();
    const cores = chooseCores();
    moveTo(cores?.client);
    const result = [];
    for (const platform of platforms) {
      result.push(await measureRows({ platform, rows, connections, rounds, cores }));
    }
    const noise = result.flatMap(({ othersShare, signatureUs, rows: [base] }) => [
      ...noiseOf({ othersShare, base: base?.perSecond }),
      ...Object.values(signatureUs).flatMap((calibration) => noiseOf({ calibration })),
    ]);
    return { result, noise };
  };
}

/**
 * Ratios of the rows that are this module's.
 *
 * @param {ServerResult[]} results
 */
function figuresOf(results) {
  /** @type {Record<string, Figure>} */
  const figures = {};
  for (const { platform, connections, rows } of results) {
    const by = new Map(rows.map((row) => [row.id, row]));
    for (const row of rows) {
      if (!row.name.startsWith('this module')) continue;
      const name = `${platform}, ${connections}, ${row.id}`;
      figures[`${name}, of unguarded`] = more(row.ofUnguarded.median);
      figures[`${name}, p99 of unguarded`] = less(row.p99OfUnguarded.median);
      if (connections === 1) {
        figures[`${name}, added p50 in signatures`] = less(row.addedP50InSignatures.median);
      }
      const passport = by.get('passport');
      if (passport !== undefined) {
        figures[`${name}, of passport`] = more(row.perSecond.median / passport.perSecond.median);
      }
    }
  }
  return figures;
}

/** @param {ServerResult[]} results */
function tableOf(results) {
  return results.flatMap(({ platform, connections, rows, signatureUs, othersShare, rounds }) => [
    `${platform}, ${connections} connections, ${rounds} rounds; a signature takes ${Object.entries(
      signatureUs,
    )
      .map(([algorithm, us]) => `${showSpread(us)} µs (${algorithm})`)
      .join(', ')}; other processes took ${show((othersShare ?? NaN) * 100)} % of a core`,
    '',
    ...table(
      [
        'guard',
        'requests/s',
        'of unguarded',
        'CPU µs a request',
        'p50 ms',
        'p99 ms',
        'p99 of unguarded',
        'allocated KB a request',
        'load generator busy',
      ],
      rows.map((row) => [
        row.name,
        show(row.perSecond.median),
        showSpread(row.ofUnguarded),
        showSpread(row.cpuUs),
        show(row.p50Us.median / 1_000),
        show(row.p99Us.median / 1_000),
        showSpread(row.p99OfUnguarded),
        show(row.allocatedBytes / 1_024),
        show(row.clientShare),
      ]),
    ),
    '',
  ]);
}

/** @param {ServerResult[]} results */
function connectionTable(results) {
  return results.flatMap(({ platform, rows, signatureUs }) => [
    `${platform}, one connection; a signature takes ${showSpread(signatureUs['RS256'] ?? { q1: NaN, median: NaN, q3: NaN })} µs`,
    '',
    ...table(
      ['guard', 'p50 µs', 'adds µs', 'adds signatures', 'p99 µs', 'CPU µs a request'],
      rows.map((row) => [
        row.name,
        show(row.p50Us.median),
        showSpread(row.addedP50Us),
        showSpread(row.addedP50InSignatures),
        show(row.p99Us.median),
        showSpread(row.cpuUs),
      ]),
    ),
    '',
  ]);
}

const shared = {
  ignoresOthers: true,
  group: 'server',
  rounds: ROUNDS,
  tolerance: TOLERANCE,
  figures: figuresOf,
  table: tableOf,
};

export const SERVER_PARTS = [
  definePart({
    ...shared,
    name: 'fastify',
    about: 'Fastify, 64 connections, RS256',
    measure: measureWith({ platforms: ['fastify'], rows: GUARD_ROWS, connections: CONNECTIONS }),
  }),
  definePart({
    ...shared,
    name: 'express',
    about: 'Express, 64 connections, RS256',
    measure: measureWith({ platforms: ['express'], rows: GUARD_ROWS, connections: CONNECTIONS }),
  }),
  definePart({
    ...shared,
    name: 'algorithms',
    about: 'Fastify and Express, 64 connections, ES256 and EdDSA',
    measure: measureWith({
      platforms: ['fastify', 'express'],
      rows: ALGORITHM_ROWS,
      connections: CONNECTIONS,
    }),
  }),
  definePart({
    ...shared,
    name: 'connection',
    about: 'Fastify, one connection, RS256',
    measure: measureWith({ platforms: ['fastify'], rows: CONNECTION_ROWS, connections: 1 }),
    table: connectionTable,
  }),
  definePart({
    ...shared,
    name: 'scheduling',
    about: 'bare guards that check at once, in turns and on the thread pool (decision 2)',
    optional: true,
    figures: () => ({}),
    measure: measureWith({
      platforms: ['fastify', 'express'],
      rows: SCHEDULING_ROWS,
      connections: CONNECTIONS,
    }),
  }),
  definePart({
    name: 'in-process',
    about: 'what the guard adds to a Fastify route without a network',
    group: 'server',
    rounds: 24,
    tolerance: TOLERANCE,
    measure: async (extent) => ({ result: await measureInProcess(extent), noise: [] }),
    figures: (rows) => {
      const own = rows.filter(({ guard }) => guard !== 'passport');
      return Object.fromEntries(
        own.map(({ guard, inSignatures }) => [
          `in process, ${guard}, added signatures`,
          less(inSignatures.median),
        ]),
      );
    },
    table: (rows) =>
      table(
        ['guard', 'adds µs', 'adds signatures', 'of this module'],
        rows.map(({ guard, addedUs, inSignatures, ofModule }) => [
          guard,
          showSpread(addedUs),
          showSpread(inSignatures),
          show(ofModule),
        ]),
      ),
  }),
];
