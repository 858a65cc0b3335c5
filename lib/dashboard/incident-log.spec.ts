import { describe, expect, it } from 'vitest';
import type { IdentityEvent } from '../events/identity-event.js';
import { IncidentLog } from './incident-log.js';

const OURS = 'https://id.example.com';
const log = (): IncidentLog => new IncidentLog();

const failed = (
  issuer = OURS,
  reason = 'status 500',
  type: 'jwks' | 'discovery' = 'jwks',
): IdentityEvent => ({
  type: `${type}.failed`,
  issuer,
  reason,
  failures: 1,
  retryInMs: 1_000,
});
const refreshed = (issuer = OURS, type: 'jwks' | 'discovery' = 'jwks'): IdentityEvent => ({
  type: `${type}.refreshed`,
  issuer,
});

describe('an outage', () => {
  it('is one line however many attempts it takes, and one for its end', () => {
    const incidents = log();
    incidents.record(refreshed(), 1);
    incidents.record(failed(), 2);
    incidents.record(failed(OURS, 'status 503'), 3);
    expect(incidents.faultsOf(OURS)).toEqual([{ document: 'keys', reason: 'status 503', sinceMs: 2 }]);
    incidents.record(refreshed(), 4);
    incidents.record(refreshed(), 5);
    expect(incidents.faultsOf(OURS)).toEqual([]);
    expect(incidents.incidents()).toEqual([
      { kind: 'recovered', issuer: OURS, document: 'keys', atMs: 4 },
      { kind: 'failed', issuer: OURS, document: 'keys', reason: 'status 500', atMs: 2 },
    ]);
  });

  it('of one document is not that of the other', () => {
    const incidents = log();
    incidents.record(failed(), 1);
    incidents.record(failed(OURS, 'no route', 'discovery'), 2);
    incidents.record(refreshed(), 3);
    expect(incidents.faultsOf(OURS)).toEqual([{ document: 'metadata', reason: 'no route', sinceMs: 2 }]);
    incidents.record(refreshed(OURS, 'discovery'), 4);
    expect(incidents.faultsOf(OURS)).toEqual([]);
    expect(incidents.incidents().map(({ kind }) => kind)).toEqual([
      'recovered',
      'recovered',
      'failed',
      'failed',
    ]);
  });
});

describe('a rotation', () => {
  it('names what came and what left, of a bounded number and length', () => {
    const incidents = log();
    const added = Array.from({ length: 200 }, (_, index) => `kid-${String(index)}${'x'.repeat(1_000)}`);
    incidents.record({ type: 'jwks.rotated', issuer: OURS, added, removed: ['old'] }, 7);
    const [line] = incidents.incidents();
    expect(line).toMatchObject({
      kind: 'rotated',
      issuer: OURS,
      removed: ['old'],
      addedCount: 200,
      removedCount: 1,
      atMs: 7,
    });
    expect(JSON.stringify(line).length).toBeLessThan(800);
  });

  it('shows nothing that steers a reader', () => {
    const incidents = log();
    const added = ['a\u2028b', 'c\u0000d', 'e\u202ef'];
    incidents.record({ type: 'jwks.rotated', issuer: OURS, added, removed: [] }, 7);
    expect(incidents.incidents()[0]).toMatchObject({ added: ['a\\u2028b', 'c\\u0000d', 'e\\u202ef'] });
  });

  it('are not driven out by a provider that comes and goes', () => {
    const incidents = log();
    incidents.record({ type: 'jwks.rotated', issuer: OURS, added: ['new'], removed: [] }, 1);
    for (let time = 0; time < 500; time++) {
      incidents.record(
        { type: 'jwks.failed', issuer: OURS, reason: 'down', failures: 1, retryInMs: 1 },
        time,
      );
      incidents.record({ type: 'jwks.refreshed', issuer: OURS }, time);
    }
    expect(incidents.incidents().filter(({ kind }) => kind === 'rotated')).toHaveLength(1);
  });
});

describe('what happens at each request', () => {
  it('is not told', () => {
    const incidents = log();
    incidents.record({ type: 'token.validated', issuer: OURS }, 1);
    incidents.record(
      { type: 'token.rejected', code: 'token_expired', reason: 'x', issuer: OURS, verified: true },
      1,
    );
    incidents.record({ type: 'access.denied', code: 'scope_missing', reason: 'x', issuer: OURS }, 1);
    incidents.record({ type: 'jwks.key-skipped', issuer: OURS, kid: 'x', reason: 'it is malformed' }, 1);
    expect(incidents.incidents()).toEqual([]);
  });

  it('is told once a minute where a function "issuers" breaks for each token in another way', () => {
    const incidents = log();
    for (let atMs = 0; atMs < 180_000; atMs += 100) {
      incidents.record({ type: 'issuers.failed', reason: `no ${String(atMs)}` }, atMs);
    }
    expect(incidents.incidents().map(({ atMs }) => atMs)).toEqual([120_000, 60_000, 0]);
  });
});

describe('the store', () => {
  const storeFailed = (reason: string) =>
    ({ type: 'store.failed', reason, failures: 1, retryInMs: 125 }) as const;

  it('is told when it fails and when it answers again', () => {
    const incidents = log();
    incidents.record(storeFailed('no answer within 100 ms'), 1_000);
    incidents.record(storeFailed('no answer within 100 ms'), 2_000);
    incidents.record({ type: 'store.recovered', downMs: 2_000 }, 3_000);
    incidents.record({ type: 'replays.full', ofOneKey: false, maxEntries: 5 }, 4_000);
    expect(incidents.incidents()).toEqual([
      { kind: 'replays-full', atMs: 4_000 },
      { kind: 'store-recovered', atMs: 3_000 },
      { kind: 'store-failed', reason: 'no answer within 100 ms', atMs: 1_000 },
    ]);
  });

  it('is told once a minute if it fails and answers in turns', () => {
    const incidents = log();
    for (let atMs = 0; atMs < 120_000; atMs += 500) {
      incidents.record(storeFailed('OOM'), atMs);
      incidents.record({ type: 'store.recovered', downMs: 100 }, atMs + 100);
    }
    expect(incidents.incidents().map(({ kind, atMs }) => [kind, atMs])).toEqual([
      ['store-recovered', 60_100],
      ['store-failed', 60_000],
      ['store-recovered', 100],
      ['store-failed', 0],
    ]);
  });
});

describe('many issuers', () => {
  it('take bounded memory, whatever they are called and their providers say', () => {
    const incidents = log();
    for (let index = 0; index < 20_000; index++) {
      const issuer = `https://${String(index)}.example/${'x'.repeat(900)}`;
      incidents.record(failed(issuer, 'y'.repeat(5_000)), index);
    }
    const all = incidents.incidents();
    expect(all).toHaveLength(100);
    expect(all[0]).toMatchObject({ atMs: 19_999 });
    expect(JSON.stringify(all).length).toBeLessThan(100 * 1_000);
    expect((Reflect.get(incidents, 'ongoing') as Map<string, unknown>).size).toBe(512);
  });
});
