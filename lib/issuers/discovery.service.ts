import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { CLOCK, type Clock } from '../cache/clock.js';
import {
  RefreshingCache,
  type EntryState,
  type Loaded,
  type LoadContext,
} from '../cache/refreshing-cache.js';
import type { CacheStats } from '../cache/cache-stats.js';
import { describeError, IdentityError } from '../errors/identity-error.js';
import { EventReporter } from '../events/event-reporter.js';
import type { DocumentAnswer } from '../http/document.js';
import { chooseTtlMs } from '../http/freshness.js';
import { saysNoSuchDocument } from '../http/failures.js';
import type { FetchOptions } from '../http/http-client.js';
import { HttpClients } from '../http/http-clients.js';
import { MetricsRegistry } from '../metrics/metrics-registry.js';
import { IssuerRegistry } from './issuer-registry.js';
import type { Sourced } from './sourced.js';
import { isSameKeySource } from './tenant-resolver.js';
import {
  GUARDS_PER_ENTRY,
  RESOLVED_OPTIONS,
  type ResolvedIssuer,
  type ResolvedOptions,
} from '../options/resolved-options.js';
import { toUnavailable } from './cache-errors.js';
import { checkMetadata, type ProviderMetadata } from '../discovery/check-metadata.js';
import { wellKnownUrls } from '../discovery/well-known.js';

/** The provider metadata of the configured issuers, cached. */
@Injectable()
export class DiscoveryService implements OnApplicationShutdown {
  private readonly cache: RefreshingCache<Sourced<ProviderMetadata>>;
  /** Issuers that have answered once: their document does not move to another URL. */
  private readonly acceptedUrls: LRUCache<string, string>;
  private readonly keySetListeners: ((issuer: string) => void)[] = [];

  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    @Inject(IssuerRegistry) private readonly directory: IssuerRegistry,
    @Inject(HttpClients) private readonly clients: HttpClients,
    @Inject(EventReporter) reporter: EventReporter,
    @Inject(CLOCK) clock: Clock,
    @Inject(MetricsRegistry) metrics: MetricsRegistry,
  ) {
    metrics.cache('discovery', () => this.stats());
    metrics.endpoint('discovery');
    this.acceptedUrls = new LRUCache({
      max: Math.max(options.issuers.length, GUARDS_PER_ENTRY * options.cache.maxEntries),
    });
    this.cache = new RefreshingCache({
      load: async (issuer, context) => this.fetch(await this.directory.pick(issuer), context),
      maxEntries: options.cache.maxEntries,
      maxColdEntries: GUARDS_PER_ENTRY * options.cache.maxEntries,
      pinned: new Set(directory.configured.map((issuer) => issuer.issuer)),
      staleIfErrorMs: options.discovery.staleIfErrorMs,
      refreshAheadRatio: options.refreshAheadRatio,
      clock,
      onRefreshed: (issuer, { value }, previous) => {
        reporter.report({ type: 'discovery.refreshed', issuer });
        if (previous !== undefined && previous.value.jwks_uri !== value.jwks_uri)
          this.tellKeySetMoved(issuer);
      },
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
    const found = await this.directory.pick(issuer);
    const name = found.issuer;
    const held = this.cache.look(name);
    if (held !== undefined && !isSameKeySource(held.owner, found)) {
      this.acceptedUrls.delete(name);
      this.cache.clear(name);
    }
    try {
      return (await this.cache.get(name)).value;
    } catch (error) {
      throw toUnavailable('metadata_unavailable', name, error);
    }
  }

  /**
   * Fetches the metadata now.
   *
   * @throws {IdentityError} `metadata_unavailable`; the last good document stays. `issuer_unknown`, `issuer_ambiguous`.
   */
  async refresh(issuer?: string): Promise<ProviderMetadata> {
    const { issuer: name } = await this.directory.pick(issuer);
    try {
      return (await this.cache.refresh(name)).value;
    } catch (error) {
      throw toUnavailable('metadata_unavailable', name, error);
    }
  }

  /** Forgets the metadata of one issuer, or of all, and the answers of a function "issuers"; the next look-up fetches. */
  clear(issuer?: string): void {
    const name = issuer === undefined ? undefined : this.directory.nameOf(issuer);
    this.directory.forgetTenants(name);
    this.cache.clear(name);
  }

  stats(): CacheStats {
    return this.cache.stats();
  }

  /** @throws {IdentityError} `issuer_unknown`, `issuer_ambiguous`. */
  state(issuer?: string): EntryState {
    return this.cache.state(this.directory.nameOf(issuer));
  }

  /**
   * Calls back when the document of an issuer names another `jwks_uri` than before.
   *
   * @internal
   */
  onKeySetMoved(listener: (issuer: string) => void): void {
    this.keySetListeners.push(listener);
  }

  /**
   * A token of the issuer was verified: only that keeps its document.
   *
   * @internal
   */
  prove(issuer: string): void {
    this.cache.prove(issuer);
  }

  onApplicationShutdown(): void {
    this.cache.close();
  }

  private tellKeySetMoved(issuer: string): void {
    for (const listener of this.keySetListeners) listener(issuer);
  }

  private async fetch(
    issuer: ResolvedIssuer,
    { previous, signal, mustBeginNow }: LoadContext<Sourced<ProviderMetadata>>,
  ): Promise<Loaded<Sourced<ProviderMetadata>>> {
    const answer = await this.fetchDocument(issuer, {
      endpoint: 'discovery',
      deadlineAtMs: performance.now() + issuer.http.deadlineMs,
      retry: previous === undefined,
      signal,
      mustBeginNow,
      previous: previous?.source,
    });
    const { source } = answer;
    const value =
      answer.json === undefined ? previous?.value : this.check(issuer, source.url, answer.json.body);
    if (value === undefined) throw new Error('a 304 to a request without conditions');
    this.acceptedUrls.set(issuer.issuer, source.url);
    return {
      value: { value, source, owner: issuer },
      ttlMs: chooseTtlMs(answer.freshnessMs, this.options.discovery),
    };
  }

  private check(issuer: ResolvedIssuer, documentUrl: string, body: unknown): ProviderMetadata {
    return checkMetadata(body, {
      metadataIssuer: issuer.metadataIssuer,
      documentUrl,
      allowInsecureOrigins: issuer.http.allowInsecureOrigins,
    });
  }

  private async fetchDocument(issuer: ResolvedIssuer, fetchOptions: FetchOptions): Promise<DocumentAnswer> {
    const client = this.clients.for(issuer.http);
    const known = issuer.discoveryUrl ?? this.acceptedUrls.get(issuer.issuer);
    if (known !== undefined) return client.getJson(known, fetchOptions);
    const [openid, oauth] = wellKnownUrls(issuer.issuer);
    try {
      return await client.getJson(openid, fetchOptions);
    } catch (error) {
      // RFC 8414's place is for providers that have none of OpenID's: an outage must not lead there.
      if (!saysNoSuchDocument(error)) throw error;
      return client.getJson(oauth, fetchOptions).catch((other: unknown) => {
        throw mergeErrors(error, other);
      });
    }
  }
}

/** Neither place has the document. The second answer decides, unless only the first was one that can be read. */
function mergeErrors(first: unknown, second: unknown): unknown {
  if (!(first instanceof IdentityError && second instanceof IdentityError)) return second;
  const code = saysNoSuchDocument(second) ? first.code : second.code;
  return new IdentityError(code, `${first.message}; ${second.message}`, {
    cause: second.cause,
    retryAfterMs: second.retryAfterMs,
  });
}
