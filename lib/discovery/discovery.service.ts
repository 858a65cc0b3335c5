import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { systemClock } from '../cache/clock.js';
import {
  RefreshingCache,
  type EntryState,
  type Loaded,
  type LoadContext,
} from '../cache/refreshing-cache.js';
import type { CacheStats } from '../cache/statistics.js';
import { describeError } from '../errors/identity-error.js';
import { EventReporter } from '../events/event-reporter.js';
import { statusOf, type FetchOptions, type JsonResponse } from '../http/http-client.js';
import { HttpClients } from '../http/http-clients.js';
import { IssuerDirectory } from '../options/issuer-directory.js';
import { RESOLVED_OPTIONS, type ResolvedIssuer, type ResolvedOptions } from '../options/resolved-options.js';
import { toUnavailable } from './cache-errors.js';
import { checkMetadata, type ProviderMetadata } from './check-metadata.js';
import { wellKnownUrls } from './well-known.js';

/** The provider metadata of the configured issuers, cached. */
@Injectable()
export class DiscoveryService implements OnApplicationShutdown {
  private readonly cache: RefreshingCache<ProviderMetadata>;
  /** Issuers that have answered once: their document does not move to another URL. */
  private readonly acceptedUrls = new Map<string, string>();

  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    @Inject(IssuerDirectory) private readonly directory: IssuerDirectory,
    @Inject(HttpClients) private readonly clients: HttpClients,
    @Inject(EventReporter) private readonly reporter: EventReporter,
  ) {
    this.cache = new RefreshingCache({
      load: (issuer, context) => this.fetch(this.directory.pick(issuer), context),
      maxEntries: options.cache.maxEntries,
      maxColdEntries: options.cache.maxEntries,
      pinned: new Set(directory.configured.map((issuer) => issuer.issuer)),
      staleIfErrorMs: options.discovery.staleIfErrorMs,
      refreshAheadRatio: options.refreshAheadRatio,
      clock: systemClock,
      onRefreshed: (issuer) => reporter.report({ type: 'discovery.refreshed', issuer }),
      onFailed: (issuer, { error, failures, retryInMs }) =>
        reporter.report({
          type: 'discovery.failed',
          issuer,
          reason: describeError(error),
          failures,
          retryInMs,
        }),
    });
  }

  /**
   * The metadata of an issuer, from the cache where it may be.
   *
   * @param issuer - a configured issuer; may be left out where there is only one.
   * @throws {IdentityError} `metadata_unavailable`, `issuer_unknown`, `issuer_ambiguous`.
   */
  async get(issuer?: string): Promise<ProviderMetadata> {
    const { issuer: name } = this.directory.pick(issuer);
    return this.cache.get(name).catch((error: unknown) => {
      throw toUnavailable('metadata_unavailable', name, error);
    });
  }

  /**
   * Fetches the metadata now.
   *
   * @throws {IdentityError} `metadata_unavailable`; the last good document stays. `issuer_unknown`, `issuer_ambiguous`.
   */
  async refresh(issuer?: string): Promise<ProviderMetadata> {
    const { issuer: name } = this.directory.pick(issuer);
    return this.cache.refresh(name).catch((error: unknown) => {
      throw toUnavailable('metadata_unavailable', name, error);
    });
  }

  /** Forgets the metadata of one issuer, or of all; the next look-up fetches. */
  clear(issuer?: string): void {
    this.cache.clear(issuer === undefined ? undefined : this.directory.pick(issuer).issuer);
  }

  stats(): CacheStats {
    return this.cache.stats();
  }

  /** @throws {IdentityError} `issuer_unknown`, `issuer_ambiguous`. */
  state(issuer?: string): EntryState {
    return this.cache.state(this.directory.pick(issuer).issuer);
  }

  onApplicationShutdown(): void {
    this.cache.close();
  }

  private async fetch(
    issuer: ResolvedIssuer,
    context: LoadContext<ProviderMetadata>,
  ): Promise<Loaded<ProviderMetadata>> {
    const fetchOptions: FetchOptions = {
      deadlineAtMs: performance.now() + issuer.http.deadlineMs,
      retry: context.previous === undefined,
      signal: context.signal,
    };
    const { url, response } = await this.fetchDocument(issuer, fetchOptions);
    const metadata = checkMetadata(response.body, {
      metadataIssuer: issuer.metadataIssuer,
      documentUrl: url,
      allowInsecureOrigins: issuer.http.allowInsecureOrigins,
    });
    this.acceptedUrls.set(issuer.issuer, url);
    return { value: metadata, ttlMs: this.options.discovery.ttlMs };
  }

  private async fetchDocument(
    issuer: ResolvedIssuer,
    fetchOptions: FetchOptions,
  ): Promise<{ url: string; response: JsonResponse }> {
    const client = this.clients.for(issuer.http);
    const known = issuer.discoveryUrl ?? this.acceptedUrls.get(issuer.issuer);
    if (known !== undefined) return { url: known, response: await client.getJson(known, fetchOptions) };
    const [openid, oauth] = wellKnownUrls(issuer.issuer);
    try {
      return { url: openid, response: await client.getJson(openid, fetchOptions) };
    } catch (error) {
      // RFC 8414's place is for providers that have none of OpenID's: an outage must not lead there.
      if (statusOf(error) !== 404) throw error;
      return { url: oauth, response: await client.getJson(oauth, fetchOptions) };
    }
  }
}
