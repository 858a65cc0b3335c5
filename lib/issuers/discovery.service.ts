import { Inject, Injectable } from '@nestjs/common';
import type { CacheStats } from '../cache/cache-stats.js';
import { COLD, type EntryState } from '../cache/value-source.js';
import type { ProviderMetadata } from '../discovery/check-metadata.js';
import { MetricsRegistry } from '../metrics/metrics-registry.js';
import { IssuerRegistry } from './issuer-registry.js';

/**
 * The provider metadata of the issuers, cached.
 *
 * The class has the name of one of `@nestjs/core`; it is also exported as `IdentityDiscoveryService`.
 */
@Injectable()
export class DiscoveryService {
  constructor(
    @Inject(IssuerRegistry) private readonly registry: IssuerRegistry,
    @Inject(MetricsRegistry) metrics: MetricsRegistry,
  ) {
    metrics.cache('discovery', () => this.stats());
    metrics.endpoint('discovery');
  }

  /**
   * The metadata of an issuer, from the cache if they may be served.
   *
   * @param issuer - a configured issuer, or a tenant; may be left out if only one is configured.
   * @throws {IdentityError} `metadata_unavailable`, `keys_busy`, `issuer_unknown`, `issuer_ambiguous`.
   * @example
   * const { token_endpoint } = await discovery.get();
   */
  async get(issuer?: string): Promise<ProviderMetadata> {
    return (await this.registry.pick(issuer)).metadata.get();
  }

  /**
   * Fetches the metadata now.
   *
   * @throws {IdentityError} `metadata_unavailable`, `keys_busy`; the last good document stays. `issuer_unknown`, `issuer_ambiguous`.
   */
  async refresh(issuer?: string): Promise<ProviderMetadata> {
    return (await this.registry.pick(issuer)).metadata.refresh();
  }

  /** Forgets the metadata of one issuer, or of all, and the answers of a function "issuers"; the next look-up fetches. */
  clear(issuer?: string): void {
    for (const found of this.registry.cached(issuer)) found.knownMetadata?.cached.clear();
    this.registry.forgetTenants(issuer);
  }

  /** What the cache has done since the start, of all issuers together. */
  stats(): CacheStats {
    return this.registry.statsOf('discovery');
  }

  /** @throws {IdentityError} `issuer_unknown`, `issuer_ambiguous`. */
  state(issuer?: string): EntryState {
    return this.registry.peekCached(issuer)?.knownMetadata?.state() ?? COLD;
  }
}
