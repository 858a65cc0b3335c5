import type { EntryState } from '../cache/value-source.js';
import type { MetricsReading } from '../stats/metrics-reader.js';
import { METRICS } from './metric-names.js';

/** One series of a metric. */
export type Row = readonly [labels: Readonly<Record<string, string>>, value: number];

type MetricName = Exclude<keyof typeof METRICS, 'validationDuration' | 'upstreamDuration' | 'storeDuration'>;

const STATES: readonly EntryState['state'][] = ['cold', 'fresh', 'stale', 'expired'];

/** How the series of each metric follow from a reading. Histograms are made by {@link DurationMetric}. */
export const ROWS: Readonly<Record<MetricName, (reading: MetricsReading) => readonly Row[]>> = {
  validations: ({ issuers, other }) =>
    [...issuers, { issuer: 'other', results: other }].flatMap(({ issuer, results }) =>
      results.map(({ result, verified, count }): Row => [
        { issuer, result, verified: String(verified) },
        count,
      ]),
    ),
  denials: ({ issuers, otherDenials }) =>
    [...issuers, { issuer: 'other', denials: otherDenials }].flatMap(({ issuer, denials }) =>
      denials.map(({ code, count }): Row => [{ issuer, code }, count]),
    ),
  wouldDeny: ({ issuers, otherWouldDeny }) =>
    [...issuers, { issuer: 'other', wouldDeny: otherWouldDeny }].flatMap(({ issuer, wouldDeny }) =>
      wouldDeny.map(({ code, client, count }): Row => [{ issuer, code, client }, count]),
    ),
  senders: ({ issuers }) =>
    issuers.flatMap(({ issuer, senders }) =>
      senders.map(({ sender, client, count }): Row => [{ issuer, sender, client }, count]),
    ),
  resourceTokens: ({ resources }) =>
    resources.flatMap(({ resource, tokens, mismatches }): Row[] => [
      [{ resource, result: 'accepted' }, tokens - mismatches],
      [{ resource, result: 'mismatch' }, mismatches],
    ]),
  cacheRequests: ({ caches }) =>
    [...caches].flatMap(([cache, { hits, misses }]): Row[] => [
      [{ cache, result: 'hit' }, hits],
      [{ cache, result: 'miss' }, misses],
    ]),
  cacheEntries: ({ caches }) => [...caches].map(([cache, { size }]): Row => [{ cache }, size]),
  upstreamRequests: ({ requests }) =>
    requests.map(({ endpoint, outcome, count }): Row => [{ endpoint, outcome }, count]),
  keySetAge: ({ issuers }) =>
    issuers.flatMap(({ issuer, keySet: { ageMs } }): Row[] =>
      ageMs === undefined ? [] : [[{ issuer }, ageMs / 1000]],
    ),
  keySetKeys: ({ issuers }) => issuers.map(({ issuer, keySet }): Row => [{ issuer }, keySet.keys]),
  state: ({ issuers }) =>
    issuers.flatMap(({ issuer, keySet, metadata }) => [
      ...stateRows(issuer, 'keys', keySet),
      ...(metadata === undefined ? [] : stateRows(issuer, 'metadata', metadata)),
    ]),
  storeRequests: ({ store }) => (store?.results ?? []).map(({ result, count }): Row => [{ result }, count]),
  storeUp: ({ store }) => (store === undefined ? [] : [[{ store: 'shared' }, store.available ? 1 : 0]]),
};

function stateRows(issuer: string, document: string, { state: now }: EntryState): Row[] {
  return STATES.map((state): Row => [{ issuer, document, state }, state === now ? 1 : 0]);
}
