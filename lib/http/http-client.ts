import { isUtf8 } from 'node:buffer';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { request, type Dispatcher } from 'undici';
import { describeError, IdentityError } from '../errors/identity-error.js';
import { createDispatcher } from './dispatcher.js';
import {
  completeAnswer,
  conditionsOf,
  renewedAnswer,
  type DocumentAnswer,
  type DocumentSource,
} from './document.js';
import type { HttpSettings } from './http-settings.js';
import {
  ACCEPT_ENCODING,
  BodyTooLargeError,
  discardBody,
  readBody,
  UnknownEncodingError,
} from './read-body.js';
import { requestOutcome, statusOfOutcome, type Outcome } from './request-outcome.js';
import type { Endpoint, RequestRecorder } from './request-recorder.js';
import { isTransientStatus, readRetryAfterMs, retryDelayMs } from './retry.js';
import { SharedFetches } from './shared-fetches.js';
import { isUrlAllowed, parseUrl } from './url-policy.js';

export interface FetchOptions {
  /** What the request is counted as. */
  readonly endpoint: Endpoint;
  /** `performance.now()` after which nothing is waited for any more, retries included. */
  readonly deadlineAtMs: number;
  /** Whether transient faults are tried again. */
  readonly retry: boolean;
  /** Ends the fetch early. */
  readonly signal: AbortSignal;
  /** Where the document that is known came from: it is asked for only if it has changed. */
  readonly previous?: DocumentSource | undefined;
  /** No fetch that began earlier will do, and no copy that a cache on the way holds. */
  readonly mustBeginNow: boolean;
}

/** The status of an answer that was refused for it; some callers decide by it. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof IdentityError ? STATUSES.get(error) : undefined;
}

const STATUSES = new WeakMap<IdentityError, number>();
const MAX_REDIRECTS = 3;

/** The only door to the network. Everything it throws is an IdentityError of kind `unavailable`. */
export class HttpClient {
  private readonly dispatcher: Dispatcher;
  private readonly fetches = new SharedFetches<DocumentAnswer>();

  constructor(
    private readonly settings: HttpSettings,
    private readonly recorder?: RequestRecorder,
  ) {
    this.dispatcher = settings.dispatcher ?? createDispatcher(settings);
  }

  /**
   * GETs a JSON document. Several callers that want the same one at the same time share a fetch.
   *
   * @throws {IdentityError} `url_not_allowed`, `provider_unreachable`, `provider_response_invalid`.
   */
  async getJson(url: string, options: FetchOptions): Promise<DocumentAnswer> {
    const wanted = JSON.stringify([url, options.retry, conditionsOf(options.previous, url)]);
    const begin = (signal: AbortSignal): Promise<DocumentAnswer> => this.fetch(url, { ...options, signal });
    try {
      return await this.fetches.run(wanted, !options.mustBeginNow, options.signal, begin);
    } catch (error) {
      if (error instanceof IdentityError) throw error;
      throw new IdentityError('provider_unreachable', `GET ${printable(url)} was given up`, { cause: error });
    }
  }

  /** Ends the connections; requests in flight fail. A dispatcher of the application is left alone. */
  async close(): Promise<void> {
    if (this.settings.dispatcher === undefined) await this.dispatcher.destroy();
  }

  /** Ends the connections once the requests in flight have ended. */
  retire(): void {
    if (this.settings.dispatcher === undefined) this.dispatcher.close().catch(() => undefined);
  }

  private async fetch(url: string, options: FetchOptions): Promise<DocumentAnswer> {
    const retries = options.retry ? this.settings.retries : 0;
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.recordAttempt(url, options);
      if ('answer' in outcome) return outcome.answer;
      const waitMs = Math.max(retryDelayMs(attempt, Math.random()), outcome.error.retryAfterMs ?? 0);
      const goOn = outcome.transient && attempt <= retries && !options.signal.aborted;
      if (!goOn || performance.now() + waitMs >= options.deadlineAtMs) throw outcome.error;
      await delay(waitMs, undefined, { signal: options.signal, ref: false }).catch(() => undefined);
    }
  }

  private async recordAttempt(url: string, options: FetchOptions): Promise<Outcome> {
    const startMs = performance.now();
    const outcome = await this.attempt(url, options);
    this.recorder?.recordRequest({
      endpoint: options.endpoint,
      url,
      outcome: requestOutcome(outcome, options.signal.aborted),
      status: statusOfOutcome(outcome),
      durationMs: performance.now() - startMs,
    });
    return outcome;
  }

  private async attempt(url: string, options: FetchOptions): Promise<Outcome> {
    const budgetMs = Math.min(this.settings.timeoutMs, options.deadlineAtMs - performance.now());
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    const timer = setTimeout(abort, Math.max(0, budgetMs));
    options.signal.addEventListener('abort', abort, { once: true });
    try {
      if (options.signal.aborted || budgetMs <= 0) abort();
      return await this.exchange(url, options, controller.signal);
    } catch (error) {
      if (error instanceof BodyTooLargeError) return invalid(url, `its body is too long: ${error.message}`);
      if (error instanceof UnknownEncodingError) return invalid(url, 'its Content-Encoding was not offered');
      const why =
        controller.signal.aborted && !options.signal.aborted
          ? `no complete answer within ${String(Math.round(Math.max(0, budgetMs)))} ms`
          : describeError(error);
      return unreachable(url, why, { cause: error, transient: !options.signal.aborted });
    } finally {
      clearTimeout(timer);
      options.signal.removeEventListener('abort', abort);
    }
  }

  private async exchange(
    url: string,
    options: FetchOptions,
    signal: AbortSignal,
    redirects = 0,
  ): Promise<Outcome> {
    if (!isUrlAllowed(url, this.settings.allowInsecureOrigins)) {
      const message = `${printable(url)} is not https; http.allowInsecureOrigins can allow an origin by name`;
      return { error: new IdentityError('url_not_allowed', message), transient: false };
    }
    const { statusCode, headers, body } = await request(url, {
      dispatcher: this.dispatcher,
      signal,
      headers: {
        accept: 'application/json',
        'accept-encoding': ACCEPT_ENCODING,
        'user-agent': USER_AGENT,
        ...(options.mustBeginNow ? { 'cache-control': 'no-cache' } : {}),
        ...this.settings.headers,
        ...conditionsOf(options.previous, url),
      },
    });
    const fields = flatten(headers);
    if (statusCode === 200) {
      const bytes = await readBody(
        body,
        (fields['content-encoding'] ?? '').trim().toLowerCase(),
        this.settings.maxResponseBytes,
      );
      // undici frees a connection one turn after its answer: whoever asks earlier opens another one.
      await nextTurn();
      return parse(url, bytes, fields);
    }
    const { previous } = options;
    if (statusCode === 304 && previous?.url === url) {
      await readBody(body, '', 0);
      return { answer: renewedAnswer(previous, fields, Date.now()) };
    }
    discardBody(body);
    if (statusCode >= 300 && statusCode < 400 && this.settings.followRedirects && redirects < MAX_REDIRECTS) {
      const target = redirectTarget(url, fields['location']);
      if (target !== undefined) return this.exchange(target, options, signal, redirects + 1);
    }
    return this.refuseStatus(url, statusCode, fields);
  }

  private refuseStatus(url: string, status: number, headers: Readonly<Record<string, string>>): Outcome {
    const retryAfterMs = readRetryAfterMs(headers['retry-after'], Date.now());
    const outcome =
      status >= 300 && status < 400
        ? invalid(
            url,
            `status ${String(status)}; redirects are not followed (http.followRedirects, same origin)`,
          )
        : unreachable(url, `status ${String(status)}`, {
            transient: isTransientStatus(status),
            ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
          });
    if ('error' in outcome) STATUSES.set(outcome.error, status);
    return { ...outcome, status };
  }
}

const USER_AGENT = 'nestjs-identity-model';

function parse(url: string, bytes: Buffer, headers: Readonly<Record<string, string>>): Outcome {
  if (!isUtf8(bytes)) return invalid(url, 'its body is not UTF-8');
  try {
    return { answer: completeAnswer(url, JSON.parse(bytes.toString('utf8')), headers, Date.now()) };
  } catch {
    return invalid(
      url,
      `its body is not JSON (Content-Type ${printable(headers['content-type'] ?? 'absent')})`,
    );
  }
}

function redirectTarget(from: string, location: string | undefined): string | undefined {
  if (location === undefined || !URL.canParse(location, from)) return undefined;
  const target = new URL(location, from);
  return target.origin === parseUrl(from)?.origin ? target.href : undefined;
}

function unreachable(
  url: string,
  why: string,
  details: { transient: boolean; cause?: unknown; retryAfterMs?: number },
): Outcome {
  const error = new IdentityError('provider_unreachable', `GET ${printable(url)} failed: ${why}`, details);
  return { error, transient: details.transient };
}

function invalid(url: string, why: string): Outcome {
  const message = `GET ${printable(url)} was not answered with what was asked for: ${why}`;
  return { error: new IdentityError('provider_response_invalid', message), transient: false };
}

/** For messages: no control characters, no query (it may hold a secret), bounded. */
function printable(text: string): string {
  return (text.split('?')[0] ?? '').replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 200);
}

function flatten(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}
