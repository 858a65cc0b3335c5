import { readable } from '../errors/readable-error.js';
import type { Dispatcher } from 'undici';
import type { Clock } from '../cache/clock.js';
import { BodyTooLargeError } from './decode-body.js';
import type { HttpDispatcher } from '../options/options.types.js';

/** An answer. */
export interface RawAnswer {
  readonly status: number;
  /** By name in lower case; fields that are repeated are joined (RFC 9110 section 5.3). */
  readonly headers: Readonly<Record<string, string>>;
  /** Empty if the status is not one of those that were asked for. */
  readonly bytes: Buffer;
}

export interface RawRequest {
  /** Without a body, whatever it is. @default 'GET' */
  readonly method?: 'GET' | 'HEAD' | 'OPTIONS' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** The body is kept for these; that of another status is read to its end if it is short, so that the connection lasts. */
  readonly wantedStatuses: readonly number[];
  /** Longest body. */
  readonly maxBytes: number;
  readonly clock: Clock;
}

/**
 * Asks for a URL through a dispatcher of undici 6, 7, 8 or of Node.js itself. The function `request` of one version
 * refuses dispatchers of another, and Node's has none; `dispatch` all of them have.
 *
 * @throws {BodyTooLargeError}
 * @throws {Error} what the dispatcher says; the signal's reason as soon as it aborts.
 */
export async function send(dispatcher: HttpDispatcher, url: URL, request: RawRequest): Promise<RawAnswer> {
  const exchange = new Exchange(request);
  const options = {
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    method: request.method ?? 'GET',
    headers: { ...request.headers },
  };
  const abort = (): void => exchange.abort(abortError(request.signal));
  request.signal.addEventListener('abort', abort, { once: true });
  try {
    if (request.signal.aborted) abort();
    else exchange.run((handler) => (dispatcher as unknown as Dispatcher).dispatch(options, handler));
    return await exchange.answer;
  } finally {
    request.signal.removeEventListener('abort', abort);
  }
}

/** A body that nobody wants is read so far, and so long: more of it costs more than another connection. */
const MAX_UNWANTED_BYTES = 65_536;
const MAX_UNWANTED_MS = 250;

interface Controller {
  abort(reason: Error): void;
}

type Fields = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A handler in the words of undici 7 and 8, and in those of 6 and of Node's own. */
class Exchange {
  readonly answer: Promise<RawAnswer>;
  private readonly resolve: (answer: RawAnswer) => void;
  private readonly reject: (error: Error) => void;
  private status = 0;
  private headers: Record<string, string> = {};
  private chunks: Buffer[] = [];
  private length = 0;
  private settled: Error | undefined;
  /** Reads an unwanted body to its end. */
  private draining: (() => void) | undefined;
  private abortRequest: ((reason: Error) => void) | undefined;

  constructor(private readonly request: Pick<RawRequest, 'wantedStatuses' | 'maxBytes' | 'clock'>) {
    let resolve!: (answer: RawAnswer) => void;
    let reject!: (error: Error) => void;
    this.answer = new Promise((accept, refuse) => ([resolve, reject] = [accept, refuse]));
    this.resolve = resolve;
    this.reject = reject;
  }

  run(dispatch: (handler: Dispatcher.DispatchHandler) => boolean): void {
    try {
      dispatch(this);
    } catch (error) {
      this.abort(asError(error));
    }
  }

  /** Waits for nothing, not even for a connection that is being made: that request ends when it begins. */
  abort(reason: Error): void {
    if (this.settled !== undefined) return;
    // The status is known, and is all that is wanted.
    if (this.draining === undefined) {
      this.settled = reason;
      this.chunks = [];
      this.reject(reason);
    } else this.settle();
    // Aborted while undici hands out an answer, a request has it open another connection: a turn later it does not.
    setImmediate(() => this.abortRequest?.(reason));
  }

  onRequestStart(controller: Controller): void {
    this.begin((reason) => controller.abort(reason));
  }

  onResponseStart(_controller: Controller, status: number, headers: Fields): void {
    this.head(status, headers);
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    this.data(chunk);
  }

  onResponseEnd(): void {
    this.end();
  }

  onResponseError(_controller: Controller, error: unknown): void {
    this.abort(asError(error));
  }

  onConnect(abort: (reason?: Error) => void): void {
    this.begin(abort);
  }

  onHeaders(status: number, rawHeaders: readonly (Buffer | string)[] | null): boolean {
    this.head(status, pairUp(rawHeaders ?? []));
    return true;
  }

  onData(chunk: Buffer): boolean {
    this.data(chunk);
    return true;
  }

  onComplete(): void {
    this.end();
  }

  onError(error: unknown): void {
    this.abort(asError(error));
  }

  /** A dispatcher that retries begins more than once. */
  private begin(abort: (reason: Error) => void): void {
    this.abortRequest = abort;
    this.chunks = [];
    this.length = 0;
    if (this.settled !== undefined) abort(this.settled);
  }

  /** Informational answers (RFC 9110 section 15.2) come before the one that counts. */
  private head(status: number, headers: Fields): void {
    if (status < 200 || this.settled !== undefined) return;
    this.status = status;
    this.headers = flatten(headers);
    // The body of an error page is not needed, and may be endless: it is read only as far as that is cheaper than a new connection.
    if (this.request.wantedStatuses.includes(status)) return;
    const isLong = Number(this.headers['content-length'] ?? 0) > MAX_UNWANTED_BYTES;
    this.draining = this.request.clock.schedule(() => this.stopDraining(), isLong ? 0 : MAX_UNWANTED_MS);
  }

  private stopDraining(): void {
    this.abort(new Error(`the body of status ${String(this.status)} is not read`));
  }

  private data(chunk: Buffer): void {
    if (this.settled !== undefined) return;
    // Counted as it arrives, whatever Content-Length says: the limit holds for chunked and for lying answers, too.
    this.length += chunk.length;
    if (this.draining !== undefined) {
      if (this.length > MAX_UNWANTED_BYTES) this.stopDraining();
    } else if (this.length > this.request.maxBytes) this.abort(new BodyTooLargeError(this.request.maxBytes));
    else this.chunks.push(chunk);
  }

  private end(): void {
    if (this.settled === undefined) this.settle();
  }

  private settle(): void {
    this.settled = new Error('the answer has been read');
    this.draining?.();
    this.resolve({
      status: this.status,
      headers: this.headers,
      bytes: Buffer.concat(this.chunks),
    });
    this.chunks = [];
  }
}

/** RFC 9110 section 5.3: fields with the same name are one list. Names are lower case, so that look-ups are exact. */
function flatten(headers: Fields): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name.toLowerCase()] = typeof value === 'string' ? value : value.join(', ');
  }
  return flat;
}

/** Names and values in turn, as they came. */
function pairUp(raw: readonly (Buffer | string)[]): Fields {
  const fields = new Map<string, string[]>();
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = textOf(raw[at]).toLowerCase();
    fields.set(name, [...(fields.get(name) ?? []), textOf(raw[at + 1])]);
  }
  return Object.fromEntries(fields);
}

function textOf(value: Buffer | string | undefined): string {
  return typeof value === 'string' ? value : (value?.toString('latin1') ?? '');
}

/** Dispatchers of the application may fail with anything. */
function asError(error: unknown): Error {
  const cause = readable(error);
  return cause instanceof Error ? cause : new Error('not an Error object', { cause });
}

/** The name is what callers and undici know an abort by; the reason of the signal is its cause. */
function abortError(signal: AbortSignal): Error {
  const error = new Error('the request was aborted', { cause: signal.reason });
  error.name = 'AbortError';
  return error;
}
