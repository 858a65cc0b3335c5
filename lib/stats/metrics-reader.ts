import { Inject, Injectable } from '@nestjs/common';
import type { EntryState } from '../cache/value-source.js';
import { DiscoveryService } from '../issuers/discovery.service.js';
import { IssuerRegistry } from '../issuers/issuer-registry.js';
import { JwksService } from '../issuers/jwks.service.js';
import { isWithoutToken, type DenialCount } from '../metrics/denials.js';
import type { IssuerRow } from '../metrics/issuer-rows.js';
import { MetricsRecorder } from '../metrics/metrics-recorder.js';
import type { CacheCounts } from '../metrics/metrics-registry.js';
import type { RequestCount } from '../metrics/period-stats.js';
import { requestCounts } from '../metrics/totals.js';
import type { ResourceUse } from '../metrics/resource-use.js';
import type { WouldDenyCount } from '../metrics/would-deny-counts.js';
import type { ResultCount } from '../metrics/validation-results.js';
import type { StoreMetrics } from '../metrics/store-counts.js';
import type { IssuerSnapshot, StoreSnapshot } from './identity-snapshot.js';

/** Everything that exporters export besides histograms, since the start, at one moment. */
export interface MetricsReading {
  readonly issuers: readonly IssuerSnapshot[];
  /** Tokens that named no accepted issuer. */
  readonly other: readonly ResultCount[];
  /** Denials of requests without a token. */
  readonly otherDenials: readonly DenialCount[];
  /** Calls without a token that a requirement would have denied, if it were enforced. */
  readonly otherWouldDeny: readonly WouldDenyCount[];
  readonly resources: readonly ResourceUse[];
  readonly caches: ReadonlyMap<string, CacheCounts>;
  readonly requests: readonly RequestCount[];
  /** The store that replicas share; absent if there is none. */
  readonly store?: StoreSnapshot;
}

/**
 * Reads counts and the state of each issuer. Cheaper than a snapshot of {@link IdentityStats}, which copies every
 * histogram and computes two periods; exporters need neither.
 */
@Injectable()
export class MetricsReader {
  constructor(
    @Inject(MetricsRecorder) private readonly recorder: MetricsRecorder,
    @Inject(IssuerRegistry) private readonly issuers: IssuerRegistry,
    @Inject(DiscoveryService) private readonly discovery: DiscoveryService,
    @Inject(JwksService) private readonly jwks: JwksService,
  ) {}

  read(): MetricsReading {
    const { rows, registry } = this.recorder;
    return {
      issuers: rows.all((issuer) => this.issuers.peek(issuer) !== undefined).map((row) => this.describe(row)),
      other: rows.other.rows('other'),
      otherDenials: rows.otherDenials.rows().filter(({ code }) => isWithoutToken(code)),
      otherWouldDeny: rows.otherWouldDeny.rows(),
      resources: registry.readResources(),
      caches: registry.readCaches(),
      requests: requestCounts(registry.allEndpoints()),
      ...(registry.store && { store: storeSnapshot(registry.store) }),
    };
  }

  private describe({
    issuer,
    configured,
    results,
    denials,
    wouldDeny,
    senders,
    generation,
  }: IssuerRow): IssuerSnapshot {
    const found = this.issuers.peek(issuer)?.options;
    const discovers = found?.jwks === undefined && found?.jwksUri === undefined;
    const metadata: EntryState | undefined = discovers ? this.discovery.state(issuer) : undefined;
    return {
      issuer,
      configured,
      results: results.rows(configured ? 'configured' : 'tenant'),
      denials: denials.rows().filter(({ code }) => !isWithoutToken(code)),
      wouldDeny: wouldDeny.rows(),
      senders: senders.rows(),
      keySet: { ...this.jwks.state(issuer), generation },
      ...(metadata && { metadata }),
    };
  }
}

function storeSnapshot({ isAvailable, failures, counts }: StoreMetrics): StoreSnapshot {
  return { available: isAvailable, failures, results: counts.rows() };
}
