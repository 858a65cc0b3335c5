import { connect } from 'node:net';
import os from 'node:os';
import { type CanActivate } from '@nestjs/common';
import { describe, expect, it, vi } from 'vitest';
import { TokenValidationService } from 'nestjs-identity-model';
import type { DashboardState } from '../../lib/dashboard/dashboard-state.js';
import type { HistoryPoint } from '../../lib/dashboard/history-point.js';
import { LiveStreams } from '../../lib/dashboard/live-streams.js';
import { EventStream } from '../support/ask.js';
import { PLATFORMS } from '../support/create-app.js';
import { rejectionOf } from '../support/create-module.js';
import { SCOPE, startDashboard, type Dashboard } from '../support/start-dashboard.js';

const stateOf = async (stream: EventStream): Promise<DashboardState> =>
  (await stream.next('state')) as DashboardState;

/** Waits for something that the server does when a connection ends. */
async function until(isSo: () => boolean): Promise<void> {
  await vi.waitFor(() => expect(isSo()).toBe(true), { interval: 2, timeout: 5_000 });
}

const streamsOf = ({ app }: Dashboard): LiveStreams => app.get(LiveStreams, { strict: false });

describe.each(PLATFORMS)('the live stream on %s', (platform) => {
  it('begins with the history and the state, and tells both as they go on', async () => {
    const { app, clock, issuer, stream } = await startDashboard(platform);
    const live = await stream();
    expect(live.status).toBe(200);
    expect(live.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    expect(await live.next('history')).toEqual([]);
    const first = await stateOf(live);
    // The page's own token is the only one so far.
    expect(first.window).toMatchObject({ total: 1, accepted: 1 });
    expect(first.process).toMatchObject({ host: os.hostname(), pid: process.pid });
    expect(first.process.startedAtMs).toBeLessThan(first.nowMs);
    expect(first.issuers).toMatchObject([
      {
        issuer: issuer.issuer,
        configured: true,
        keySet: { state: 'fresh', count: 1 },
        faults: [],
        moreKeys: 0,
      },
    ]);
    await app.get(TokenValidationService).validate(issuer.token());
    await rejectionOf(app.get(TokenValidationService).validate(issuer.token({ wrong: 'expired' })));
    await clock.advance(2_000);
    const { window } = await stateOf(live);
    expect(window).toMatchObject({ total: 3, accepted: 2 });
    expect(window.rejections).toMatchObject([{ code: 'token_expired', count: 1 }]);
    await clock.advance(3_000);
    expect((await live.next('point')) as HistoryPoint).toMatchObject({
      accepted: 0.4,
      rejectedUnverified: 0.2,
    });
    const later = await stream();
    expect(await later.next('history')).toHaveLength(1);
  });

  it('goes on while nothing happens: what comes every two seconds says that it is alive', async () => {
    const { clock, stream } = await startDashboard(platform);
    const live = await stream();
    await stateOf(live);
    for (let round = 0; round < 5; round++) {
      await clock.advance(2_000);
      await stateOf(live);
    }
  });

  it('tells an outage, its end and a rotation soon, once for a burst', async () => {
    const { clock, issuer, stream, post } = await startDashboard(platform, {
      dashboard: { guard: { canActivate: () => true } },
    });
    const live = await stream();
    await stateOf(live);
    const { kid: former } = issuer.keys[0] ?? {};
    issuer.misbehave('error');
    await post('/identity/data/refresh', { issuer: issuer.issuer });
    await clock.advance(200);
    const down = await stateOf(live);
    expect(down.incidents[0]).toMatchObject({ kind: 'failed', issuer: issuer.issuer, document: 'metadata' });
    expect(down.issuers[0]?.faults).toMatchObject([
      { document: 'metadata', reason: expect.stringContaining('500') },
    ]);
    issuer.behave();
    const { kid: added } = issuer.rotate();
    issuer.withdraw();
    await clock.advance(300);
    await post('/identity/data/refresh', { issuer: issuer.issuer });
    await clock.advance(200);
    const up = await stateOf(live);
    expect(up.issuers[0]?.faults).toEqual([]);
    expect(up.incidents.map(({ kind }) => kind)).toEqual(['rotated', 'recovered', 'failed']);
    expect(up.incidents[0]).toMatchObject({ added: [added], removed: [former] });
    const keys = up.issuers[0]?.keys ?? [];
    expect(keys.map(({ kid, alg }) => [kid, alg])).toEqual([
      [added, 'ES256'],
      [former, 'ES256'],
    ]);
    expect(keys[0]?.withdrawnAtMs).toBeUndefined();
    expect(keys[1]?.withdrawnAtMs).toBeGreaterThan(keys[1]?.firstSeenAtMs ?? Infinity);
  });

  it('ends when its token does, tolerance included', async () => {
    const { clock, issuer, stream } = await startDashboard(platform);
    const live = await stream({ authorization: issuer.bearer({ scope: SCOPE, expiresInMs: 60_000 }) });
    await stateOf(live);
    await clock.advance(88_000);
    await stateOf(live);
    await clock.advance(2_000);
    expect(await live.next('end')).toEqual({ reason: 'expired' });
    await live.end();
  });

  it('ends after five minutes, so that the guard is asked again', async () => {
    let isIn = true;
    const guard: CanActivate = { canActivate: () => isIn };
    const { clock, stream } = await startDashboard(platform, { dashboard: { guard } });
    const live = await stream({});
    await clock.advance(300_000);
    expect(await live.next('end')).toEqual({ reason: 'renew' });
    isIn = false;
    expect((await stream({})).status).toBe(403);
  });

  it('has a bounded number of readers, and a place again when one goes', async () => {
    const dashboard = await startDashboard(platform, {
      dashboard: { requiredScopes: [SCOPE], maxStreams: 2 },
    });
    const [first] = [await dashboard.stream(), await dashboard.stream()];
    const refused = await dashboard.get('/identity/data/events');
    expect([refused.status, refused.text]).toEqual([503, '{"code":"too_many_streams"}']);
    expect(refused.headers['retry-after']).toBe('10');
    first.close();
    await until(() => !streamsOf(dashboard).isFull);
    expect((await dashboard.stream()).status).toBe(200);
  });

  it('takes no place for a page that went away while the guard was asked', async () => {
    let letIn: (isIn: boolean) => void = () => undefined;
    const asked = new Promise<void>((resolve) => {
      letIn = () => resolve();
    });
    let isAsked = false;
    const guard: CanActivate = {
      canActivate: async () => {
        isAsked = true;
        await asked;
        return true;
      },
    };
    const dashboard = await startDashboard(platform, { dashboard: { guard } });
    const { hostname, port } = new URL(dashboard.url);
    const socket = connect(Number(port), hostname);
    socket.write(`GET /identity/data/events HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`);
    await until(() => isAsked);
    socket.destroy();
    const server = dashboard.app.getHttpServer() as {
      getConnections(tell: (e: unknown, n: number) => void): void;
    };
    let connections = 1;
    await until(() => {
      server.getConnections((_error, count) => (connections = count));
      return connections === 0;
    });
    letIn(true);
    await dashboard.clock.advance(0);
    expect(streamsOf(dashboard).isOpen).toBe(false);
  });

  it('does not hold up the end of the application', async () => {
    const { app, stream } = await startDashboard(platform);
    const live = await stream();
    await stateOf(live);
    const closing = app.close();
    expect(await live.next('end')).toEqual({ reason: 'closing' });
    await closing;
    await live.end();
  });
});

describe('while nobody looks', () => {
  it('nothing is made ready', async () => {
    const dashboard = await startDashboard('express');
    const told = vi.spyOn(streamsOf(dashboard), 'send');
    await dashboard.clock.advance(4_900);
    expect(told).not.toHaveBeenCalled();
    const live = await dashboard.stream();
    live.close();
    await until(() => !streamsOf(dashboard).isOpen);
    told.mockClear();
    await dashboard.clock.advance(60_000);
    expect(new Set(told.mock.calls.map(([event]) => event))).toEqual(new Set(['point']));
  });
});
