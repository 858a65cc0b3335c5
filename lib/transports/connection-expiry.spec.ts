import { ExecutionContextHost } from '../../test/support/execution-context.js';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.js';
import type { ResolvedOptions } from '../options/resolved-options.js';
import { ConnectionExpiry } from './connection-expiry.js';
import type { ErrorResponse } from './error-response.js';
import type { Connection, Transport } from './transport.js';

const HOUR_MS = 3_600_000;
const EXPIRED: ErrorResponse = { status: 401, code: 'token_expired', message: 'Unauthorized' };

/** A connection, what it was closed with, and how it is told that it is. */
class FakeConnection implements Connection {
  readonly socket = {};
  readonly answers: ErrorResponse[] = [];
  readonly listeners: (() => void)[] = [];
  constructor(readonly closeOnExpiry: boolean) {}
  close(response: ErrorResponse): void {
    this.answers.push(response);
  }
  onClosed(run: () => void): void {
    this.listeners.push(run);
  }
}

function create({ closeExpired = false, clockToleranceMs = 0 } = {}): {
  clock: FakeClock;
  expiry: ConnectionExpiry;
  /** `exp` of a token that is valid for so long. */
  inSec: (seconds: number) => number;
} {
  const clock = new FakeClock();
  const options = { transports: { closeExpired }, clockToleranceMs } as unknown as ResolvedOptions;
  const expiry = new ConnectionExpiry(clock, options);
  return { clock, expiry, inSec: (seconds) => clock.wallMs() / 1_000 + seconds };
}

describe('a connection whose requests go on unchecked', () => {
  it('is closed in the moment in which its token expires', async () => {
    const { clock, expiry, inSec } = create();
    const connection = new FakeConnection(true);
    expiry.watch(connection, inSec(60), true);
    await clock.advance(59_999);
    expect(connection.answers).toEqual([]);
    await clock.advance(1);
    expect(connection.answers).toEqual([EXPIRED]);
    await clock.advance(HOUR_MS);
    expect([connection.answers.length, clock.pendingTimers]).toEqual([1, 0]);
  });

  it('is closed later by the tolerance of the clock', async () => {
    const { clock, expiry, inSec } = create({ clockToleranceMs: 5_000 });
    const connection = new FakeConnection(true);
    expiry.watch(connection, inSec(60), true);
    await clock.advance(64_999);
    expect(connection.answers).toEqual([]);
    await clock.advance(1);
    expect(connection.answers).toEqual([EXPIRED]);
  });

  it('is closed at once if its token has expired already', () => {
    const { clock, expiry, inSec } = create();
    const connection = new FakeConnection(true);
    expiry.watch(connection, inSec(0), true);
    expect([connection.answers, clock.pendingTimers]).toEqual([[EXPIRED], 0]);
  });

  it('is watched also with a token that did not come with it', () => {
    const { expiry, inSec } = create();
    const connection = new FakeConnection(true);
    expiry.watch(connection, inSec(-1), false);
    expect(connection.answers).toEqual([EXPIRED]);
  });

  it('looks at the wall clock once an hour, which may have been set', async () => {
    const { clock, expiry, inSec } = create();
    const connection = new FakeConnection(true);
    expiry.watch(connection, inSec(3 * 3_600), true);
    clock.jumpWall(2 * HOUR_MS + 1);
    await clock.advance(HOUR_MS - 1);
    expect(connection.answers).toEqual([]);
    await clock.advance(1);
    expect(connection.answers).toEqual([EXPIRED]);
  });

  it('goes by the token that expires first', async () => {
    const { clock, expiry, inSec } = create();
    const connection = new FakeConnection(true);
    for (const seconds of [60, 90, 60, 30]) expiry.watch(connection, inSec(seconds), true);
    expect(clock.pendingTimers).toBe(1);
    await clock.advance(29_999);
    expect(connection.answers).toEqual([]);
    await clock.advance(1);
    expect(connection.answers).toEqual([EXPIRED]);
    await clock.advance(HOUR_MS);
    expect(connection.answers).toEqual([EXPIRED]);
  });

  it('stays with the token that expires first, whichever comes later', async () => {
    const { clock, expiry, inSec } = create();
    const connection = new FakeConnection(true);
    for (const seconds of [30, 90]) expiry.watch(connection, inSec(seconds), true);
    await clock.advance(30_000);
    expect(connection.answers).toEqual([EXPIRED]);
  });

  it('is closed once with one token', () => {
    const { expiry, inSec } = create();
    const connection = new FakeConnection(true);
    for (const seconds of [-1, -1]) expiry.watch(connection, inSec(seconds), true);
    expect(connection.answers).toEqual([EXPIRED]);
  });

  it('is left alone once it is closed, whatever token came last', async () => {
    const { clock, expiry, inSec } = create();
    const connection = new FakeConnection(true);
    for (const seconds of [60, 30]) expiry.watch(connection, inSec(seconds), true);
    expect(connection.listeners).toHaveLength(1);
    connection.listeners[0]?.();
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(HOUR_MS);
    expect(connection.answers).toEqual([]);
  });

  it('is left alone once it is closed, hours after it was watched', async () => {
    const { clock, expiry, inSec } = create();
    const connection = new FakeConnection(true);
    expiry.watch(connection, inSec(10 * 3_600), true);
    await clock.advance(3 * HOUR_MS);
    connection.listeners[0]?.();
    expect(clock.pendingTimers).toBe(0);
  });

  it('does not keep the process alive', () => {
    const clock = new FakeClock();
    const options: unknown[] = [];
    const watching = Object.assign(clock, {
      schedule: (_run: () => void, _delayMs: number, given: unknown) => {
        options.push(given);
        return () => undefined;
      },
    });
    const resolved = {
      transports: { closeExpired: false },
      clockToleranceMs: 0,
    } as unknown as ResolvedOptions;
    new ConnectionExpiry(watching, resolved).watch(new FakeConnection(true), clock.wallMs(), true);
    expect(options).toEqual([{ ref: false }]);
  });
});

describe('a connection whose requests are checked one by one', () => {
  it.each([
    [false, true, []],
    [true, false, []],
    [true, true, [EXPIRED]],
  ])('with closeExpired %s, and a token of its own %s, is answered %j', (closeExpired, isOwn, answers) => {
    const { clock, expiry, inSec } = create({ closeExpired });
    const connection = new FakeConnection(false);
    expiry.watch(connection, inSec(-1), isOwn);
    expect([connection.answers, clock.pendingTimers]).toEqual([answers, 0]);
  });

  it('goes by the token of the last request, be it valid for longer or shorter', async () => {
    const { clock, expiry, inSec } = create({ closeExpired: true });
    const connection = new FakeConnection(false);
    for (const seconds of [30, 90, 60]) expiry.watch(connection, inSec(seconds), true);
    expect([clock.pendingTimers, connection.listeners.length]).toEqual([1, 1]);
    await clock.advance(59_999);
    expect(connection.answers).toEqual([]);
    await clock.advance(1);
    expect(connection.answers).toEqual([EXPIRED]);
  });

  it('keeps its timer while the same token comes again', async () => {
    const { clock, expiry, inSec } = create({ closeExpired: true });
    const connection = new FakeConnection(false);
    const expSec = inSec(60);
    expiry.watch(connection, expSec, true);
    await clock.advance(60_000);
    // The token was accepted within the tolerance of another clock: the connection is not closed twice.
    expiry.watch(connection, expSec, true);
    expect(connection.answers).toEqual([EXPIRED]);
  });

  it('is another one than that of another socket', async () => {
    const { clock, expiry, inSec } = create({ closeExpired: true });
    const [one, other] = [new FakeConnection(false), new FakeConnection(false)];
    expiry.watch(one, inSec(30), true);
    expiry.watch(other, inSec(60), true);
    await clock.advance(30_000);
    expect([one.answers, other.answers]).toEqual([[EXPIRED], []]);
  });
});

describe('a call', () => {
  const context = new ExecutionContextHost([]);
  const validated = (expSec: number): never => ({ claims: { exp: expSec } }) as never;
  const over = (connection: Connection | undefined): Transport =>
    ({ connectionOf: (given: unknown) => (given === context ? connection : undefined) }) as never;

  it('has its connection watched, until its token expires', async () => {
    const { clock, expiry, inSec } = create({ closeExpired: true });
    const connection = new FakeConnection(false);
    expiry.watchCall({ context, transport: over(connection) }, validated(inSec(60)), true);
    await clock.advance(60_000);
    expect(connection.answers).toEqual([EXPIRED]);
  });

  it('hands on that its token is not its own', () => {
    const { clock, expiry, inSec } = create({ closeExpired: true });
    const connection = new FakeConnection(false);
    expiry.watchCall({ context, transport: over(connection) }, validated(inSec(60)), false);
    expect(clock.pendingTimers).toBe(0);
  });

  it('over nothing that can be closed is not watched', () => {
    const { clock, expiry, inSec } = create({ closeExpired: true });
    expiry.watchCall({ context, transport: over(undefined) }, validated(inSec(60)), true);
    expect(clock.pendingTimers).toBe(0);
  });
});
