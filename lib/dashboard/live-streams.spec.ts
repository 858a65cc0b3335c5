import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.js';
import { LiveStreams } from './live-streams.js';

/** A response whose reader reads, or does not. */
class Reader extends EventEmitter {
  reads = true;
  text = '';
  status = 0;
  sent: Record<string, unknown> = {};
  writableLength = 0;
  destroyed = false;
  shouldKeepAlive = true;
  readonly socket = new EventEmitter();
  ended = false;

  writeHead(status: number, headers: Record<string, unknown>): this {
    Object.assign(this, { status, sent: headers });
    return this;
  }

  write(text: string): boolean {
    this.text += text;
    if (!this.reads) this.writableLength += text.length;
    return this.reads;
  }

  end(text: string): void {
    this.write(text);
    this.ended = true;
    if (this.reads) this.emit('close');
  }

  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }

  get response(): ServerResponse {
    return this as unknown as ServerResponse;
  }
}

let clock: FakeClock;
let streams: LiveStreams;
beforeEach(() => {
  vi.useFakeTimers();
  clock = new FakeClock();
  streams = new LiveStreams({ path: 'identity', protection: { kind: 'none' }, maxStreams: 2 }, clock);
});
afterEach(() => {
  vi.useRealTimers();
});

function open(untilMs = Infinity): Reader {
  const reader = new Reader();
  streams.add(reader.response, untilMs, { history: [], state: { line: 'a\nb' } });
  return reader;
}

describe('a stream', () => {
  it('begins with what it is given, each event in a line of its own', () => {
    const { text, status, sent, shouldKeepAlive } = open();
    expect(status).toBe(200);
    expect(text).toBe('event: history\ndata: []\n\nevent: state\ndata: {"line":"a\\nb"}\n\n');
    expect(sent).toMatchObject({
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store, no-transform',
      'X-Content-Type-Options': 'nosniff',
    });
    expect(shouldKeepAlive).toBe(false);
  });

  it('is told what the others are told, made once', () => {
    const readers = [open(), open()];
    const make = vi.fn(() => ({ n: 1 }));
    streams.send('point', make);
    for (const { text } of readers) expect(text).toMatch(/event: point\ndata: {"n":1}\n\n$/);
    expect(make).toHaveBeenCalledTimes(1);
  });

  it('ends when the right of its reader does', async () => {
    const reader = open(clock.wallMs() + 10_000);
    await clock.advance(9_999);
    expect(reader.ended).toBe(false);
    await clock.advance(1);
    expect(reader.text).toMatch(/event: end\ndata: {"reason":"expired"}\n\n$/);
    expect(reader.ended).toBe(true);
    expect(streams.isOpen).toBe(false);
  });

  it('ends after five minutes in any case, so that the guard is asked again', async () => {
    const readers = [open(), open(clock.wallMs() + 3_600_000)];
    await clock.advance(300_000);
    for (const { text } of readers) expect(text).toMatch(/{"reason":"renew"}\n\n$/);
  });

  it('ends at once where the right is over already', async () => {
    const reader = open(clock.wallMs() - 5);
    await clock.advance(0);
    expect(reader.text).toMatch(/{"reason":"expired"}\n\n$/);
  });

  it('gives its place and its timer back when the page goes away', () => {
    const reader = open();
    open();
    expect(streams.isFull).toBe(true);
    reader.destroy();
    expect(streams.isFull).toBe(false);
    expect(clock.pendingTimers).toBe(1);
  });

  it('gives it back when the connection ends, though its answer waits behind another one', () => {
    const reader = open();
    reader.socket.emit('close');
    expect(streams.isOpen).toBe(false);
    expect(clock.pendingTimers).toBe(0);
  });

  it('has one line of data, whatever is in it', () => {
    const reader = open();
    streams.send('point', () => ({ kid: 'a\u2028b\u2029c' }));
    expect(reader.text).toMatch(/data: \{"kid":"a\\u2028b\\u2029c"\}\n\n$/);
  });

  it('is not cut off for one event that is large', () => {
    const reader = open();
    reader.reads = false;
    streams.send('state', () => 'x'.repeat(1_100_000));
    expect(reader.destroyed).toBe(false);
  });

  it('takes no place where the page went away before it began', () => {
    const reader = new Reader();
    reader.destroy();
    streams.add(reader.response, Infinity, { state: {} });
    expect(streams.isOpen).toBe(false);
    expect(reader.text).toBe('');
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('a page that does not read', () => {
  it('is cut off before it fills the memory, and the others go on', () => {
    const [slow, quick] = [open(), open()];
    slow.reads = false;
    const big = 'x'.repeat(100_000);
    for (let told = 0; told < 100; told++) streams.send('state', () => big);
    expect(slow.destroyed).toBe(true);
    expect(slow.writableLength).toBeLessThan(1_200_000);
    expect(quick.destroyed).toBe(false);
    expect(quick.text.length).toBeGreaterThan(10_000_000);
    expect(streams.isFull).toBe(false);
  });

  it('does not keep the connection after the end', () => {
    const reader = open();
    reader.reads = false;
    streams.close();
    expect(reader.ended).toBe(true);
    expect(reader.destroyed).toBe(false);
    vi.advanceTimersByTime(1_000);
    expect(reader.destroyed).toBe(true);
  });
});

describe('when the application ends', () => {
  it('all streams are told, and no other one begins', () => {
    const readers = [open(), open()];
    streams.close();
    for (const { text, ended } of readers) {
      expect(text).toMatch(/event: end\ndata: {"reason":"closing"}\n\n$/);
      expect(ended).toBe(true);
    }
    expect(streams.isFull).toBe(true);
    expect(clock.pendingTimers).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('nothing is made for nobody', () => {
    const make = vi.fn();
    streams.send('state', make);
    expect(make).not.toHaveBeenCalled();
  });
});
