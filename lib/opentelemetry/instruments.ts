import type { Attributes } from '@opentelemetry/api';
import type { MetricsReading } from '../stats/metrics-reader.js';

/** One measurement of an observable instrument. */
export type Observation = readonly [value: number, attributes: Attributes];

/** An observable instrument, and what it observes of a reading. */
export interface InstrumentSpec {
  readonly kind: 'createObservableCounter' | 'createObservableGauge';
  readonly name: string;
  readonly unit: string;
  readonly observe: (reading: MetricsReading) => readonly Observation[];
}

/**
 * Upper bounds in seconds, fewer than for Prometheus: these histograms are exported whole at each interval.
 */
export const BOUNDS_SEC = [0.00001, 0.00005, 0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

/** All observable instruments. They carry the counts that Prometheus gets as well, under OpenTelemetry's kind of names. */
export const INSTRUMENTS: readonly InstrumentSpec[] = [
  {
    kind: 'createObservableCounter',
    name: 'identity.token.validations',
    unit: '{validation}',
    observe: ({ issuers, other }) =>
      [...issuers, { issuer: 'other', results: other }].flatMap(({ issuer, results }) =>
        results.map(({ result, verified, count }): Observation => [
          count,
          { 'identity.issuer': issuer, 'identity.result': result, 'identity.verified': verified },
        ]),
      ),
  },
  {
    kind: 'createObservableCounter',
    name: 'identity.access.denied',
    unit: '{request}',
    observe: ({ issuers, otherDenials }) =>
      [...issuers, { issuer: 'other', denials: otherDenials }].flatMap(({ issuer, denials }) =>
        denials.map(({ code, count }): Observation => [
          count,
          { 'identity.issuer': issuer, 'identity.code': code },
        ]),
      ),
  },
  {
    kind: 'createObservableCounter',
    name: 'identity.access.would_deny',
    unit: '{request}',
    observe: ({ issuers, otherWouldDeny }) =>
      [...issuers, { issuer: 'other', wouldDeny: otherWouldDeny }].flatMap(({ issuer, wouldDeny }) =>
        wouldDeny.map(({ code, client, count }): Observation => [
          count,
          { 'identity.issuer': issuer, 'identity.code': code, 'identity.client': client },
        ]),
      ),
  },
  {
    kind: 'createObservableCounter',
    name: 'identity.token.senders',
    unit: '{token}',
    observe: ({ issuers }) =>
      issuers.flatMap(({ issuer, senders }) =>
        senders.map(({ sender, client, count }): Observation => [
          count,
          { 'identity.issuer': issuer, 'identity.sender': sender, 'identity.client': client },
        ]),
      ),
  },
  {
    kind: 'createObservableCounter',
    name: 'identity.resource.tokens',
    unit: '{token}',
    observe: ({ resources }) =>
      resources.flatMap(({ resource, tokens, mismatches }): Observation[] => [
        [tokens - mismatches, { 'identity.resource': resource, 'identity.result': 'accepted' }],
        [mismatches, { 'identity.resource': resource, 'identity.result': 'mismatch' }],
      ]),
  },
  {
    kind: 'createObservableCounter',
    name: 'identity.cache.requests',
    unit: '{request}',
    observe: ({ caches }) =>
      [...caches].flatMap(([cache, { hits, misses }]): Observation[] => [
        [hits, { 'identity.cache': cache, 'identity.result': 'hit' }],
        [misses, { 'identity.cache': cache, 'identity.result': 'miss' }],
      ]),
  },
  {
    kind: 'createObservableGauge',
    name: 'identity.cache.entries',
    unit: '{entry}',
    observe: ({ caches }) =>
      [...caches].map(([cache, { size }]): Observation => [size, { 'identity.cache': cache }]),
  },
  {
    kind: 'createObservableCounter',
    name: 'identity.upstream.requests',
    unit: '{request}',
    observe: ({ requests }) =>
      requests.map(({ endpoint, outcome, count }): Observation => [
        count,
        { 'identity.endpoint': endpoint, 'identity.outcome': outcome },
      ]),
  },
  {
    kind: 'createObservableGauge',
    name: 'identity.key_set.age',
    unit: 's',
    observe: ({ issuers }) =>
      issuers.flatMap(({ issuer, keySet: { ageMs } }): Observation[] =>
        ageMs === undefined ? [] : [[ageMs / 1000, { 'identity.issuer': issuer }]],
      ),
  },
  {
    kind: 'createObservableGauge',
    name: 'identity.key_set.keys',
    unit: '{key}',
    observe: ({ issuers }) =>
      issuers.map(({ issuer, keySet }): Observation => [keySet.keys, { 'identity.issuer': issuer }]),
  },
  {
    kind: 'createObservableGauge',
    // 1 for the state of now alone: an observable gauge stops a series that is no longer observed.
    name: 'identity.state',
    unit: '1',
    observe: ({ issuers }) =>
      issuers.flatMap(({ issuer, keySet, metadata }) =>
        Object.entries({ keys: keySet, ...(metadata && { metadata }) }).map(
          ([document, { state }]): Observation => [
            1,
            { 'identity.issuer': issuer, 'identity.document': document, 'identity.state': state },
          ],
        ),
      ),
  },
  {
    kind: 'createObservableCounter',
    name: 'identity.store.requests',
    unit: '{request}',
    observe: ({ store }) =>
      (store?.results ?? []).map(({ result, count }): Observation => [count, { 'identity.result': result }]),
  },
  {
    kind: 'createObservableGauge',
    name: 'identity.store.up',
    unit: '1',
    observe: ({ store }) => (store === undefined ? [] : [[store.available ? 1 : 0, {}]]),
  },
];
