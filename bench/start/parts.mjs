// Parts that measure what a start costs, and what stays in memory.
import { show, showSpread, table } from '../support/markdown.mjs';
import { definePart, less } from '../support/part.mjs';
import { measureColdStart } from './measure-cold-start.mjs';
import { measureImport } from './measure-import.mjs';
import { measureMemory } from './measure-memory.mjs';

export const START_PARTS = [
  definePart({
    name: 'memory',
    ignoresOthers: true,
    about: 'memory of an issuer and of a cached token',
    rounds: 5,
    tolerance: 0.15,
    measure: async ({ rounds }) => ({ result: await measureMemory({ rounds }), noise: [] }),
    figures: ({ issuerBytes, tokenBytes }) => ({
      'memory of an issuer, KB': less(issuerBytes.median / 1_024),
      'memory of a cached token, KB': less(tokenBytes / 1_024),
    }),
    table: ({ issuerBytes, tokenBytes, estimatedTokenBytes }) =>
      table(
        ['what', 'KB'],
        [
          ['an issuer with 3 keys', show(issuerBytes.median / 1_024)],
          ['a token in the token cache', show(tokenBytes / 1_024)],
          ['the same, as the cache estimates it', show(estimatedTokenBytes / 1_024)],
        ],
      ),
  }),
  definePart({
    name: 'import',
    ignoresOthers: true,
    about: 'import of the root entry, beside the packages that it replaces',
    rounds: 10,
    tolerance: 0.15,
    measure: async ({ rounds }) => ({ result: await measureImport({ rounds }), noise: [] }),
    figures: ({ ratio, ratioAfterNest }) => ({
      'import, of the stack it replaces': less(ratio.median),
      'import once Nest is loaded, of the stack it replaces': less(ratioAfterNest.median),
    }),
    table: ({ oursMs, stackMs, oursAfterNestMs, stackAfterNestMs, ratio, ratioAfterNest }) =>
      table(
        ['', 'this module ms', 'the packages it replaces ms', 'ratio'],
        [
          ['nothing loaded before', showSpread(oursMs), showSpread(stackMs), showSpread(ratio)],
          [
            'Nest loaded before',
            showSpread(oursAfterNestMs),
            showSpread(stackAfterNestMs),
            showSpread(ratioAfterNest),
          ],
        ],
      ),
  }),
  definePart({
    name: 'cold-start',
    about: 'the first token of a cold module, with a provider 20 ms away',
    rounds: 15,
    tolerance: 0.5,
    measure: async ({ rounds }) => ({ result: await measureColdStart({ rounds }), noise: [] }),
    figures: ({ coldRequests, warmRequests }) => ({
      'requests of a cold module': less(coldRequests),
      'requests of a warm module': less(warmRequests),
    }),
    table: ({ coldMs, beyondNetworkMs, coldRequests, warmRequests }) =>
      table(
        ['what', 'figure'],
        [
          ['first token, ms', showSpread(coldMs)],
          ['of them beyond the two round trips, ms', showSpread(beyondNetworkMs)],
          ['requests for the first token', String(coldRequests)],
          ['requests for the second token', String(warmRequests)],
        ],
      ),
  }),
];
