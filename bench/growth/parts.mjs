// Parts that measure costs that grow. Each curve is drawn into bench/results.
import { show, showSpread, table } from '../support/markdown.mjs';
import { definePart, less } from '../support/part.mjs';
import { valueAt } from './curve.mjs';
import { measureConcurrentBatches } from './measure-concurrent-batches.mjs';
import { measureKeys } from './measure-keys.mjs';
import { measureTenants } from './measure-tenants.mjs';
import { measureTokens } from './measure-tokens.mjs';

/** @typedef {import('./curve.mjs').Curve} Curve */

const TOLERANCE = 0.15;
const shared = { group: 'growth', tolerance: TOLERANCE };

/** @param {Curve} curve */
function curveTable({ title, x, y, series }) {
  const places = [...new Set(series.flatMap(({ points }) => points.map((point) => point.x)))];
  const rows = places.map((place) => [
    place.toLocaleString('en'),
    ...series.map(({ points }) => {
      const point = points.find((one) => one.x === place);
      return point === undefined ? '' : showSpread(point.y);
    }),
  ]);
  return [`${title}, ${y}`, '', ...table([x, ...series.map(({ name }) => name)], rows), ''];
}

/**
 * @param {Curve} curve
 * @param {string} name
 * @param {number} from
 * @param {number} to
 */
const growth = (curve, name, from, to) => less(valueAt(curve, name, to) / valueAt(curve, name, from));

export const GROWTH_PARTS = [
  definePart({
    ...shared,
    name: 'tenants',
    about: 'time and memory by the number of issuers',
    rounds: 5,
    measure: async (extent) => ({ result: await measureTenants(extent), noise: [] }),
    figures: ({ time }) =>
      Object.fromEntries(
        ['configured issuers', 'tenants of a function'].map((kind) => [
          `10,000 ${kind} against one`,
          growth(time, kind, 1, 10_000),
        ]),
      ),
    table: ({ time, memory }) => [
      ...curveTable(time),
      ...table(
        ['issuers', 'kind', 'heap KB each', 'process KB each'],
        memory.map(({ count, kind, heapBytes, rssBytes }) => [
          count.toLocaleString('en'),
          kind,
          show(heapBytes / 1_024),
          show(rssBytes / 1_024),
        ]),
      ),
    ],
  }),
  definePart({
    ...shared,
    name: 'keys',
    about: 'time by the number of keys in a set',
    rounds: 15,
    measure: async (extent) => ({ result: await measureKeys(extent), noise: [] }),
    figures: ({ time }) => ({
      '100 keys in a set against one': growth(time, 'the token names its key', 1, 100),
    }),
    table: ({ time, imported }) => [...curveTable(time), ...curveTable(imported)],
  }),
  definePart({
    ...shared,
    name: 'tokens',
    about: 'time by the size of tokens and the number of their claims',
    rounds: 15,
    measure: async (extent) => ({ result: await measureTokens(extent), noise: [] }),
    figures: ({ size, claims }) => ({
      'token of 8,000 characters against 300': growth(size, 'validateSync', 300, 8_000),
      'token of 1,000 claims against 10': growth(claims, 'validateSync', 10, 1_000),
    }),
    table: ({ size, claims }) => [...curveTable(size), ...curveTable(claims)],
  }),
  definePart({
    ...shared,
    name: 'concurrent-batches',
    about: '1 to 1,000 batches at once',
    rounds: 5,
    measure: async (extent) => ({ result: await measureConcurrentBatches(extent), noise: [] }),
    figures: ({ time }) => ({
      '1,000 batches at once against one, RS256': growth(time, 'RS256', 1, 1_000),
      '1,000 batches at once against one, ES256': growth(time, 'ES256', 1, 1_000),
    }),
    table: ({ time, delay }) => [...curveTable(time), ...curveTable(delay)],
  }),
];
