// What docs/performance.md shows of the results: one table, one chart, and a few sentences with figures.
import { show, table } from '../support/markdown.mjs';

/**
 * @typedef {import('../support/results.mjs').Stored} Stored
 * @typedef {import('../server/measure-rows.mjs').ServerResult} ServerResult
 * @typedef {import('../server/measure-rows.mjs').RowResult} RowResult
 * @typedef {import('../support/compare.mjs').Compared} Compared
 * @typedef {import('../support/statistics.mjs').Spread} Spread
 * @typedef {Record<string, Stored>} Results by part
 * @typedef {{ title: string, bars: { name: string, value: number, own: boolean }[] }} Bars
 */

/** What a user chooses between; the bare guards are for those who change this package. */
const SHOWN = ['none', 'module', 'token-cache', 'ES256', 'EdDSA', 'fast-jwt', 'jose', 'passport'];
const NAMES = new Map([
  ['module', '**this module**, RS256'],
  ['token-cache', '**this module, token cache**'],
  ['ES256', '**this module**, ES256'],
  ['EdDSA', '**this module**, EdDSA'],
  ['fast-jwt', 'fast-jwt in a guard, RS256'],
  ['jose', 'jose in a guard, RS256'],
  ['passport', 'passport-jwt + jwks-rsa, RS256'],
]);
const NEEDED = [
  'fastify',
  'express',
  'algorithms',
  'validation',
  'batches',
  'cold-start',
  'import',
  'memory',
];

/**
 * @param {Results} results
 * @returns {string[] | undefined} lines; undefined until all parts that it needs were measured
 */
export function guideFigures(results) {
  if (NEEDED.some((part) => results[part] === undefined)) return undefined;
  const machine = results['fastify']?.machine;
  const rowsOf = (/** @type {string} */ platform) => shownRows(results, platform);
  const express = new Map(rowsOf('express').map((row) => [row.id, row]));
  const cells = (/** @type {RowResult | undefined} */ row) =>
    row === undefined
      ? ['', '', '']
      : [
          Math.round(row.perSecond.median).toLocaleString('en'),
          show(row.ofUnguarded.median),
          show(row.p99Us.median / 1_000),
        ];
  return [
    `Machine: ${machine?.cpu ?? ''}, ${machine?.cores ?? ''} cores, Node.js ${machine?.node ?? ''}; ${machine?.pinned ?? ''}. 64 connections, 1,000 distinct tokens of about 900 bytes, medians.`,
    '',
    ...table(
      [
        'guard',
        'Fastify, requests/s',
        'of unguarded',
        'p99 ms',
        'Express, requests/s',
        'of unguarded',
        'p99 ms',
      ],
      rowsOf('fastify').map((row) => [
        NAMES.get(row.id) ?? row.name,
        ...cells(row),
        ...cells(express.get(row.id)),
      ]),
    ),
    '',
    '![requests a second of a guarded route, of the unguarded one](images/server.svg)',
    '',
    ...sentences(results),
  ];
}

/**
 * @param {Results} results
 * @param {string} platform
 */
function shownRows(results, platform) {
  const servers = ['fastify', 'express', 'algorithms'].flatMap(
    (part) => /** @type {ServerResult[]} */ (results[part]?.result ?? []),
  );
  const rows = servers.filter((server) => server.platform === platform).flatMap((server) => server.rows);
  return SHOWN.flatMap((id) => rows.find((row) => row.id === id) ?? []);
}

/** @param {Results} results */
function sentences(results) {
  const validation = /** @type {Record<string, Compared[]>} */ (results['validation']?.result);
  const us = (/** @type {string} */ workload, /** @type {string} */ name) =>
    show(validation[workload]?.find((row) => row.name === name)?.us.median ?? NaN);
  const batches =
    /** @type {{ algorithm: string, size: number, throughput: Spread, delayP99Ms: Spread }[]} */ (
      results['batches']?.result
    );
  const batch = (/** @type {string} */ algorithm, /** @type {number} */ size) =>
    batches.find((row) => row.algorithm === algorithm && row.size === size);
  const cold = /** @type {Record<'coldMs' | 'beyondNetworkMs', Spread>} */ (results['cold-start']?.result);
  const imports = /** @type {Record<'oursAfterNestMs' | 'stackAfterNestMs' | 'ratio', Spread>} */ (
    results['import']?.result
  );
  const memory = /** @type {{ issuerBytes: Spread, tokenBytes: number }} */ (results['memory']?.result);
  const times = (/** @type {string} */ algorithm, /** @type {number} */ size) =>
    show(batch(algorithm, size)?.throughput.median ?? NaN);
  return [
    `- One validation in a loop, RS256: ${us('RS256 valid', 'this module, validateSync')} µs, of which ${us('RS256 valid', 'crypto.verify (the floor)')} are the signature. A hit of the token cache: ${us('RS256 valid', 'this module, token cache')} µs.`,
    `- A batch of 1,000 tokens against a plain loop over them: ${times('ES256', 1_000)} times the throughput for ES256, ${times('RS256', 1_000)} for RS256; with 10,000 tokens ${times('ES256', 10_000)} and ${times('RS256', 10_000)}.`,
    `- The first token of a cold module, with a provider 20 ms away: ${show(cold.coldMs.median)} ms, of which ${show(cold.beyondNetworkMs.median)} are not the provider's.`,
    `- Import of the package once NestJS is loaded: ${show(imports.oursAfterNestMs.median)} ms of processor time; the packages that it replaces take ${show(imports.stackAfterNestMs.median)}.`,
    `- Memory: ${show(memory.issuerBytes.median / 1_024)} KB for an issuer with 3 keys, ${show(memory.tokenBytes / 1_024)} KB for a token in the token cache.`,
  ];
}

/**
 * @param {Results} results
 * @returns {Bars}
 */
export function serverBars(results) {
  return {
    title: 'Requests a second of a guarded route, of the unguarded one, 64 connections',
    bars: ['fastify', 'express'].flatMap((platform) =>
      shownRows(results, platform)
        .filter(({ id }) => id !== 'none')
        .map(({ id, name, ofUnguarded }) => ({
          name: `${platform}: ${(NAMES.get(id) ?? name).replaceAll('**', '')}`,
          value: ofUnguarded.median,
          own: name.startsWith('this module'),
        })),
    ),
  };
}

/**
 * @param {Results} results
 * @returns {Bars}
 */
export function validationBars(results) {
  const validation = /** @type {Record<string, Compared[]>} */ (results['validation']?.result);
  return {
    title: 'Validating one RS256 token, as multiples of the signature check alone',
    bars: (validation['RS256 valid'] ?? [])
      .toSorted((a, b) => a.ratio.median - b.ratio.median)
      .map(({ name, ratio }) => ({ name, value: ratio.median, own: name.startsWith('this module') })),
  };
}
