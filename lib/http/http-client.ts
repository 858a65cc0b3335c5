import type { LookupFunction } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../cache/clock.js';
import { IdentityError } from '../errors/identity-error.js';
import { Connections } from './connections.js';
import { ACCEPT_ENCODING, BodyTooLargeError } from './decode-body.js';
import { conditionsOf, renewedAnswer, type DocumentAnswer, type DocumentSource } from './document.js';
import { invalid, notAllowed, unreachable } from './failures.js';
import { describeBrokenConnection, privateMessage, whyNotAllowed } from './failure-messages.js';
import type { HttpSettings } from '../options/http-settings.js';
import { printableUrl } from './printable-url.js';
import { chooseProxy, describeProxy } from './proxy-rules.js';
import { isPublicHost } from './public-address.js';
import { PrivateAddressError } from './public-lookup.js';
import { readDocument } from './read-document.js';
import { redirectTarget, rejectStatus } from './reject-status.js';
import { HeadersError, headersFor } from './request-headers.js';
import { requestOutcome, statusOfOutcome, wasSent, type Outcome } from './request-outcome.js';
import type { RequestRecorder } from './request-recorder.js';
import { retryDelayMs } from './retry.js';
import { send } from './send.js';
import { SharedFetches } from './shared-fetches.js';
import { nameAlert } from './tls-alerts.js';
import { isUrlAllowed, parseUrl } from '../model/url-policy.js';

export interface FetchOptions {
  /** What the request is counted as: a name that is registered for metrics. */
  readonly endpoint: string;
  /** Monotonic time after which nothing is waited for any more, retries included. */
  readonly deadlineAtMs: number;
  /** Whether transient faults are tried again. */
  readonly retry: boolean;
  /** Ends the fetch early. */
  readonly signal: AbortSignal;
  /** Where the document that is known came from: it is asked for only if it has changed. */
  readonly previous?: DocumentSource | undefined;
  /** No fetch that began earlier will do, and no copy that a cache on the way holds. */
  readonly noSharing: boolean;
}

/** Each one costs a request of the same deadline; more of them are a loop. */
const MAX_REDIRECTS = 3;

/** The only door to the network. Everything it throws is an IdentityError of kind `unavailable`. */
export class HttpClient {
  private readonly connections: Connections;
  private readonly fetches = new SharedFetches<DocumentAnswer>();

  /** @param lookup - resolves names, as that of `node:dns` does. */
  constructor(
    private readonly settings: HttpSettings,
    private readonly clock: Clock,
    private readonly recorder?: RequestRecorder,
    lookup?: LookupFunction,
  ) {
    this.connections = new Connections(settings, lookup);
  }

  /**
   * GETs a JSON document. Several callers that want the same one at the same time share a fetch.
   *
   * @throws {IdentityError} `url_not_allowed`, `provider_unreachable`, `provider_response_invalid`, `check_failed`.
   */
  async getJson(url: string, options: FetchOptions): Promise<DocumentAnswer> {
    // Two callers share a fetch only if they want the same: the same URL, the same patience, and the same idea of what is
    // known already. A 304 to one of them would be no answer for another.
    const wanted = JSON.stringify([url, options.retry, conditionsOf(options.previous, url)]);
    const begin = (signal: AbortSignal): Promise<DocumentAnswer> => this.fetch(url, { ...options, signal });
    try {
      return await this.fetches.run(wanted, !options.noSharing, options.signal, begin);
    } catch (error) {
      if (error instanceof IdentityError) throw error;
      throw new IdentityError('provider_unreachable', `GET ${printableUrl(url)} was given up`, {
        cause: error,
      });
    }
  }

  /** Ends the connections; requests in flight fail. A dispatcher of the application is left alone. */
  async close(): Promise<void> {
    await this.connections.destroy();
  }

  /** Ends the connections once the requests in flight have ended. */
  retire(): void {
    this.connections.close().catch(() => undefined);
  }

  /**
   * Attempts until one answers, nothing is left to try, or the next one could not end before the deadline: a caller is told at
   * once then, and not after a wait that brings nothing.
   */
  private async fetch(url: string, options: FetchOptions): Promise<DocumentAnswer> {
    const { clock } = this;
    const retries = options.retry ? this.settings.retries : 0;
    // Ahead of the attempts: loading undici does not count against the time of one.
    await this.connections.open();
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.recordAttempt(url, options);
      if ('answer' in outcome) return outcome.answer;
      const waitMs = Math.max(retryDelayMs(attempt, clock.random()), outcome.error.retryAfterMs ?? 0);
      const goOn = outcome.transient && attempt <= retries && !options.signal.aborted;
      if (!goOn || clock.monotonicMs() + waitMs >= options.deadlineAtMs) throw outcome.error;
      await pause(clock, waitMs, options.signal);
    }
  }

  /** Each attempt counts for itself: retries that succeed are the first sign of a provider in trouble. */
  private async recordAttempt(url: string, options: FetchOptions): Promise<Outcome> {
    const startMs = this.clock.monotonicMs();
    const outcome = await this.attempt(url, options);
    if (!wasSent(outcome)) return outcome;
    this.recorder?.recordRequest({
      endpoint: options.endpoint,
      url,
      outcome: requestOutcome(outcome, options.signal.aborted),
      status: statusOfOutcome(outcome),
      durationMs: this.clock.monotonicMs() - startMs,
    });
    return outcome;
  }

  /** One attempt has the smaller one of `timeoutMs` and what is left of the deadline, from connect to the last byte. */
  private async attempt(url: string, options: FetchOptions): Promise<Outcome> {
    const budgetMs = Math.min(this.settings.timeoutMs, options.deadlineAtMs - this.clock.monotonicMs());
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    const stopTimer = this.clock.schedule(abort, Math.max(0, budgetMs));
    options.signal.addEventListener('abort', abort, { once: true });
    try {
      if (options.signal.aborted || budgetMs <= 0) abort();
      return await this.exchange(url, options, controller.signal);
    } catch (error) {
      if (error instanceof HeadersError) return headersFailed(url, error);
      if (error instanceof PrivateAddressError) return notAllowed(privateMessage(url, error.message));
      const what = this.describe(url);
      if (error instanceof BodyTooLargeError) return invalid(what, `its body is too long: ${error.message}`);
      const broken = nameAlert(error);
      const why =
        controller.signal.aborted && !options.signal.aborted
          ? `no complete answer within ${String(Math.round(Math.max(0, budgetMs)))} ms`
          : describeBrokenConnection(url, broken);
      return unreachable(what, why, { cause: broken, transient: !options.signal.aborted });
    } finally {
      stopTimer();
      options.signal.removeEventListener('abort', abort);
    }
  }

  /** The URL is judged here, at each hop: a redirect is as untrusted as the metadata that names a URL. */
  private async exchange(
    url: string,
    options: FetchOptions,
    signal: AbortSignal,
    redirects = 0,
  ): Promise<Outcome> {
    const { settings } = this;
    const parsed = parseUrl(url);
    if (parsed === undefined || !isUrlAllowed(url, settings.allowInsecureOrigins)) {
      return notAllowed(`${printableUrl(url)} ${whyNotAllowed(parsed)}`);
    }
    // Addresses in the URL; names are judged when the socket connects, by the address that they resolve to.
    if (!settings.allowPrivateNetworks && !isPublicHost(parsed)) {
      return notAllowed(privateMessage(url, `${parsed.hostname} is not a public address`));
    }
    const { previous } = options;
    const answer = await send(await this.connections.open(), parsed, {
      headers: {
        accept: ACCEPT,
        'accept-encoding': ACCEPT_ENCODING,
        'user-agent': USER_AGENT,
        // RFC 9111 section 5.2.1.4: a cache on the way asks the provider before it answers.
        ...(options.noSharing ? { 'cache-control': 'no-cache' } : {}),
        // Of the application, in front of ours; the conditions stand last, because the answer is read by them.
        ...(await headersFor(parsed, settings, signal)),
        ...conditionsOf(previous, url),
      },
      signal,
      wantedStatuses: WANTED_STATUSES,
      maxBytes: settings.maxResponseBytes,
      clock: this.clock,
    });
    // undici frees a connection one turn after its answer: whoever asks earlier opens another one.
    await nextTurn();
    const { status, headers } = answer;
    const arrived = {
      ...answer,
      url: parsed,
      documentUrl: url,
      what: this.describe(url),
      atMs: this.clock.wallMs(),
    };
    if (status === 200) return readDocument(arrived, settings.maxResponseBytes);
    if (status === 304 && previous?.url === url) {
      return { answer: renewedAnswer(previous, headers, arrived.atMs) };
    }
    if (status >= 300 && status < 400 && settings.followRedirects && redirects < MAX_REDIRECTS) {
      const target = redirectTarget(parsed, headers['location']);
      if (target !== undefined) return this.exchange(target, options, signal, redirects + 1);
    }
    return rejectStatus(arrived, settings);
  }

  /** What was asked for, and on which way. */
  private describe(url: string): string {
    const parsed = parseUrl(url);
    const proxy = parsed && chooseProxy(parsed, this.settings.proxies);
    const way = proxy === undefined ? '' : ` through the proxy ${describeProxy(proxy)}`;
    return `GET ${printableUrl(url)}${way}`;
  }
}

const USER_AGENT = 'nestjs-identity-model';
/** RFC 7517 section 8.5.2 has a type for key sets; whatever else a provider calls its JSON is read, too. */
const ACCEPT = 'application/json, application/jwk-set+json, */*;q=0.5';
const WANTED_STATUSES = [200, 304];

/** Ends early, without an error, when the signal aborts. */
async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const end = (): void => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.schedule(end, ms);
    signal.addEventListener('abort', end, { once: true });
  });
}

function headersFailed(url: string, cause: HeadersError): Outcome {
  const message = `The application's own "http.headers" failed, so ${printableUrl(url)} was not asked`;
  return { error: new IdentityError('check_failed', message, { cause }), transient: false, wasSent: false };
}
