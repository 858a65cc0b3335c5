import type { IncomingHttpHeaders } from 'node:http';
import { DecoratorHandler, type Dispatcher } from 'undici';

/** One request to the provider and its answer. */
export interface Exchange {
  readonly url: string;
  readonly status: number;
  /** By name in lower case; of repeated ones the last. */
  readonly headers: Readonly<Record<string, string>>;
  /** From the request to the first byte of the answer. */
  readonly durationMs: number;
  /** Milliseconds since 1970, halfway between request and answer: what `Date` is compared with. */
  readonly atWallMs: number;
}

/** Listens to what goes over a dispatcher, and changes nothing of it. */
export class ExchangeRecorder {
  readonly exchanges: Exchange[] = [];

  over(dispatcher: Dispatcher): Dispatcher {
    return dispatcher.compose((dispatch) => (options, handler) => {
      const url = `${String(options.origin)}${options.path}`;
      return dispatch(
        options,
        new Listener(handler, (exchange) => this.exchanges.push({ url, ...exchange })),
      );
    });
  }

  /** The last answer that a document at this URL got. */
  find(url: string): Exchange | undefined {
    return this.exchanges.findLast((exchange) => exchange.url === url);
  }
}

/**
 * Sees the head of each answer on its way to the real handler. The time of the first byte is taken, because the body adds
 * what its size costs, and clocks are compared by the head.
 */
class Listener extends DecoratorHandler {
  private readonly begunMs = performance.now();

  constructor(
    private readonly inner: Dispatcher.DispatchHandler,
    private readonly record: (exchange: Omit<Exchange, 'url'>) => void,
  ) {
    super(inner);
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
    message?: string,
  ): void {
    const durationMs = performance.now() - this.begunMs;
    this.record({ status, headers: flatten(headers), durationMs, atWallMs: Date.now() - durationMs / 2 });
    this.inner.onResponseStart?.(controller, status, headers, message);
  }
}

function flatten(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const last = Array.isArray(value) ? value.at(-1) : value;
    if (last !== undefined) flat[name.toLowerCase()] = last;
  }
  return flat;
}
