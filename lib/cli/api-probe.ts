import dns, { type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { systemClock } from '../cache/clock.js';
import { BodyTooLargeError, ACCEPT_ENCODING } from '../http/decode-body.js';
import { createDispatcher } from '../http/dispatcher.js';
import { describeBrokenConnection } from '../http/failure-messages.js';
import { readDocument } from '../http/read-document.js';
import { headersFor } from '../http/request-headers.js';
import { send, type RawAnswer, type RawRequest } from '../http/send.js';
import { nameAlert } from '../http/tls-alerts.js';
import type { HttpSettings } from '../options/http-settings.js';

/** What a request brought: an answer, or why there is none. */
export type Probed = { readonly answer: RawAnswer } | { readonly failure: string };

/**
 * Asks one API, request by request, and looks at answers of every status. Nothing is retried, no redirect is followed, and no
 * request takes longer than `timeoutMs` of the settings or brings more than their `maxResponseBytes`.
 */
export class ApiProbe {
  private readonly pool: ReturnType<typeof createDispatcher>;
  private readonly resolved = new Set<string>();

  constructor(readonly settings: HttpSettings) {
    this.pool = createDispatcher(settings, this.lookup);
  }

  /** What the name of the API was resolved to, for each connection; none behind a proxy, and for an address. */
  get addresses(): readonly string[] {
    return [...this.resolved];
  }

  /**
   * @param url - of the origin that was asked for: no other one is spoken to.
   * @param wantedStatuses - of which the body is read.
   */
  async ask(
    method: NonNullable<RawRequest['method']>,
    url: URL,
    headers: Readonly<Record<string, string>> = {},
    wantedStatuses: readonly number[] = [],
  ): Promise<Probed> {
    const { settings } = this;
    const signal = AbortSignal.timeout(settings.timeoutMs);
    try {
      const answer = await send(this.pool, url, {
        method,
        headers: {
          accept: 'application/json, */*;q=0.5',
          'accept-encoding': ACCEPT_ENCODING,
          'user-agent': 'nestjs-identity-model',
          ...(await headersFor(url, settings, signal)),
          ...headers,
        },
        signal,
        wantedStatuses,
        maxBytes: settings.maxResponseBytes,
        clock: systemClock,
      });
      return { answer };
    } catch (error) {
      if (signal.aborted) return { failure: `no complete answer within ${String(settings.timeoutMs)} ms` };
      if (error instanceof BodyTooLargeError) return { failure: `its body is too long: ${error.message}` };
      return { failure: describeBrokenConnection(url.href, nameAlert(error)) };
    }
  }

  /** The JSON of an answer with the status 200, or why it is none. */
  async readJson(
    url: URL,
    answer: RawAnswer,
  ): Promise<{ readonly json: unknown } | { readonly problem: string }> {
    try {
      const arrived = { ...answer, url, documentUrl: url.href, what: `GET ${url.href}`, atMs: Date.now() };
      const outcome = await readDocument(arrived, this.settings.maxResponseBytes);
      return { json: 'answer' in outcome ? outcome.answer.json?.body : undefined };
    } catch (error) {
      if (error instanceof BodyTooLargeError)
        return { problem: `is too long once it is decoded: ${error.message}` };
      return { problem: 'cannot be decoded' };
    }
  }

  private readonly lookup: LookupFunction = (hostname, options, callback) => {
    dns.lookup(hostname, options, (error, found, family) => {
      const addresses: readonly Pick<LookupAddress, 'address'>[] =
        typeof found === 'string' ? [{ address: found }] : (found ?? []);
      for (const { address } of addresses) this.resolved.add(address);
      callback(error, found, family);
    });
  };

  async close(): Promise<void> {
    await this.pool.destroy();
  }
}
