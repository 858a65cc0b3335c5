import { describe, expect, it } from 'vitest';
import type { DocumentState, IssuerState } from '../dashboard-state.js';
import { firstCauses, isOver, nextRefreshOf } from './issuer-text.js';

const NOW_MS = 100_000;
const fresh: DocumentState = { state: 'fresh', ageMs: 1_000, nextRefreshAtMs: undefined, failures: 0 };

function issuer(keySet: Partial<DocumentState>, rest: Partial<IssuerState> = {}): IssuerState {
  return {
    issuer: 'https://id.example.com',
    configured: true,
    keySet: { ...fresh, count: 1, ...keySet },
    metadata: fresh,
    faults: [],
    keys: [],
    moreKeys: 0,
    ...rest,
  };
}

describe('the next refresh', () => {
  it.each<[string, IssuerState, string]>([
    ['that is planned', issuer({ nextRefreshAtMs: NOW_MS + 61_000 }), 'in 1 min 1 s'],
    ['whose time has come', issuer({ nextRefreshAtMs: NOW_MS }), 'due'],
    ['that is under way', issuer({}), 'now'],
    ['that is under way in an outage', issuer({ state: 'expired', failures: 9 }), 'now'],
    ['before the first', issuer({ state: 'cold', ageMs: undefined }), 'now, or with the next token'],
    ['of a tenant', issuer({}, { configured: false }), 'now, or with the next token'],
    [
      'of keys without a document',
      issuer({}, { metadata: undefined }),
      'now, or none: the keys are configured',
    ],
  ])('%s', (_name, given, text) => {
    expect(nextRefreshOf(given, NOW_MS)).toBe(text);
  });
});

describe('a failure', () => {
  it.each<[string, IssuerState, boolean]>([
    ['is over when all is fresh and the keys came later', issuer({ ageMs: 4_000 }), true],
    [
      'is over when the metadata came later',
      issuer({ ageMs: 9_000 }, { metadata: { ...fresh, ageMs: 4_000 } }),
      true,
    ],
    [
      'goes on while nothing came since',
      issuer({ ageMs: 9_000 }, { metadata: { ...fresh, ageMs: 9_000 } }),
      false,
    ],
    ['goes on while a document fails', issuer({}, { metadata: { ...fresh, failures: 1 } }), false],
    ['goes on while keys are stale', issuer({ state: 'stale' }), false],
  ])('%s', (_name, given, expected) => {
    expect(isOver(given, NOW_MS - 5_000, NOW_MS)).toBe(expected);
  });
});

describe('what is at fault', () => {
  it('is said once where one document fails for the other', () => {
    const metadata = { document: 'metadata', reason: 'status 500', sinceMs: 1 } as const;
    const keys = { document: 'keys', reason: 'Nothing could be fetched: status 500', sinceMs: 2 } as const;
    expect(firstCauses([metadata, keys])).toEqual([metadata]);
  });
});
