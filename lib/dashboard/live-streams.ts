import type { ServerResponse } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../cache/clock.js';
import { printableJson } from '../model/printable.js';
import { DASHBOARD_OPTIONS, type ResolvedDashboardOptions } from './dashboard-options.js';
import { DATA_HEADERS } from './response-headers.js';

/** Events of the stream. `end` says why it ends: `expired`, `renew` or `closing`. */
export type StreamEvent = 'history' | 'state' | 'point' | 'end';

/**
 * A stream ends at the latest then, and the page opens another one: so the guard is asked again, which may
 * know by now that a session is over or a token is revoked.
 */
const MAX_STREAM_MS = 300_000;
/** How much may wait for a page that does not read. */
const MAX_WAITING_BYTES = 1_000_000;
/** Time for the last event of a stream to arrive, before its connection is cut. */
const END_GRACE_MS = 1_000;

/** The open pages, in a bounded number. Server-Sent Events, as the HTML standard has them. */
@Injectable()
export class LiveStreams {
  private readonly open = new Map<ServerResponse, () => void>();
  private closed = false;

  constructor(
    @Inject(DASHBOARD_OPTIONS) private readonly options: ResolvedDashboardOptions,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  get isOpen(): boolean {
    return this.open.size > 0;
  }

  /** Each stream costs a timer, a connection and the serialization of the state; a bound is needed whoever may open one. */
  get isFull(): boolean {
    return this.closed || this.open.size >= this.options.maxStreams;
  }

  /** @param untilMs - milliseconds since 1970 after which the reader's right is over. */
  add(
    response: ServerResponse,
    untilMs: number,
    first: Readonly<Partial<Record<StreamEvent, unknown>>>,
  ): void {
    // The client left while the guard decided: no "close" event would come any more.
    const { socket } = response;
    if (response.destroyed || socket === null) return;
    // The connection ends with the stream: a server that closes waits for it no longer than that.
    response.shouldKeepAlive = false;
    response.writeHead(200, {
      ...DATA_HEADERS,
      // Proxies that compress or convert hold events back. So does nginx, unless X-Accel-Buffering is "no".
      'Cache-Control': 'no-store, no-transform',
      'Content-Type': 'text/event-stream; charset=utf-8',
      'X-Accel-Buffering': 'no',
    });
    for (const [event, data] of Object.entries(first)) response.write(format(event, printableJson(data)));
    const leftMs = untilMs - this.clock.wallMs();
    const reason = leftMs < MAX_STREAM_MS ? 'expired' : 'renew';
    const delayMs = Math.min(leftMs, MAX_STREAM_MS);
    const cancel = this.clock.schedule(() => this.end(response, reason), delayMs, { ref: false });
    this.open.set(response, cancel);
    response.on('close', () => this.forget(response));
    // A response that waits behind another one of its connection (pipelining) gets no "close" when the connection ends.
    socket.once('close', () => this.forget(response));
    response.on('error', () => this.forget(response));
  }

  /** @param make - called only if a page is open. */
  send(event: StreamEvent, make: () => unknown): void {
    if (!this.isOpen) return;
    const text = format(event, printableJson(make()));
    for (const response of this.open.keys()) {
      // What has been waiting since the last time counts, not what is written now.
      if (response.writableLength > MAX_WAITING_BYTES) this.cut(response);
      else response.write(text);
    }
  }

  /** Ends all streams for good. */
  close(): void {
    this.closed = true;
    for (const response of this.open.keys()) this.end(response, 'closing');
  }

  /** Tells the page why, so that it can open another stream or ask for a new token, and cuts a connection that does not close. */
  private end(response: ServerResponse, reason: string): void {
    this.forget(response);
    // Real time: it is about a connection.
    const cutting = setTimeout(() => response.destroy(), END_GRACE_MS).unref();
    response.once('close', () => clearTimeout(cutting));
    response.end(format('end', printableJson({ reason })));
  }

  private cut(response: ServerResponse): void {
    this.forget(response);
    response.destroy();
  }

  private forget(response: ServerResponse): void {
    this.open.get(response)?.();
    this.open.delete(response);
  }
}

/** Printable JSON has no line breaks, and none of the characters that ECMA-262 section 12.3 counts as such. */
function format(event: string, json: string): string {
  return `event: ${event}\ndata: ${json}\n\n`;
}
