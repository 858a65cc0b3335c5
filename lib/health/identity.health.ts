import { Inject, Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import type { EntryState } from '../cache/refreshing-cache.js';
import { DiscoveryService } from '../issuers/discovery.service.js';
import { JwksService } from '../issuers/jwks.service.js';
import { IssuerRegistry } from '../issuers/issuer-registry.js';
import type { ResolvedIssuer } from '../options/resolved-options.js';
import { IdentityStats } from '../stats/identity-stats.js';
import { TokenValidationService } from '../validation/token-validation.service.js';
import { readThresholds, type HealthThresholds } from './health-thresholds.js';
import { judgeHealth } from './judge-health.js';

/** What the health page says of one cached document. */
export interface DocumentHealth {
  readonly state: EntryState['state'];
  /** Seconds since it was fetched; null while there is none. */
  readonly ageSec: number | null;
}

/** What the health page says of one issuer. */
export interface IssuerHealth {
  /** Whether tokens of the issuer can be validated now. */
  readonly serving: boolean;
  /** Keys that can verify signatures. */
  readonly keys: number;
  readonly jwks: DocumentHealth;
  /** Absent where the configuration names the keys or their URL. */
  readonly discovery?: DocumentHealth;
}

/**
 * A Terminus health indicator. {@link check} is for readiness: `up` while every issuer serves fresh keys,
 * `degraded` (HTTP 200) while some cannot or are stale, `down` (503) only when none can.
 * {@link checkLiveness} is for liveness: a provider's outage is no reason to restart, and a restart would
 * throw the last good keys away. Neither waits for a provider. Tenants, which a function names, are
 * counted and not judged: one that is broken says nothing of this instance.
 */
@Injectable()
export class IdentityHealthIndicator {
  constructor(
    @Inject(HealthIndicatorService) private readonly health: HealthIndicatorService,
    @Inject(IssuerRegistry) private readonly directory: IssuerRegistry,
    @Inject(DiscoveryService) private readonly discovery: DiscoveryService,
    @Inject(JwksService) private readonly jwks: JwksService,
    @Inject(TokenValidationService) private readonly tokens: TokenValidationService,
    @Inject(IdentityStats) private readonly stats: IdentityStats,
  ) {}

  /**
   * @param key - name of the indicator in the answer, for example `identity`.
   * @throws {IdentityError} `options_invalid`: a threshold is wrong.
   */
  check<const Key extends string>(key: Key, thresholds?: HealthThresholds): HealthIndicatorResult<Key> {
    const limits = readThresholds(thresholds);
    const configured = this.directory.configured;
    // A cold issuer asks for its keys, so that a lazy one becomes ready without any traffic.
    for (const issuer of configured) this.jwks.warm(issuer);
    const all = configured.map((issuer) => this.healthOf(issuer));
    const facts = all.map(([, { serving }, staleMs]) => ({ serving, staleMs }));
    const lookUps = this.stats.snapshot().window.caches.jwks;
    const { status, reasons } = judgeHealth({ issuers: facts, lookUps }, limits);
    const details = {
      ...(limits.details ? this.describe(all) : {}),
      ...(reasons.length === 0 ? {} : { reasons }),
    };
    const session = this.health.check(key);
    if (status === 'down') return session.down(details);
    return status === 'up' ? session.up(details) : session.degraded(details);
  }

  /** The same as {@link check}, under the name that other indicators use. */
  isHealthy<const Key extends string>(key: Key, thresholds?: HealthThresholds): HealthIndicatorResult<Key> {
    return this.check(key, thresholds);
  }

  /** `up` as long as the module runs, whatever the provider does. */
  checkLiveness<const Key extends string>(key: Key): HealthIndicatorResult<Key> {
    return this.health.check(key).up();
  }

  private describe(all: readonly Judged[]): Record<string, unknown> {
    const tenants = this.directory.tenantCount;
    const { tokenCache } = this.tokens.stats();
    return {
      issuers: Object.fromEntries(all.map(([issuer, health]) => [issuer, health])),
      ...(tenants === undefined ? {} : { tenants }),
      hitRate: {
        discovery: round(this.discovery.stats().hitRate),
        jwks: round(this.jwks.stats().hitRate),
        ...(tokenCache === undefined ? {} : { tokens: round(tokenCache.hitRate) }),
      },
    };
  }

  private healthOf(issuer: ResolvedIssuer): Judged {
    const { keys, ...jwks } = this.jwks.state(issuer.issuer);
    const discovers = issuer.jwks === undefined && issuer.jwksUri === undefined;
    const health = {
      serving: jwks.state === 'fresh' || jwks.state === 'stale',
      keys,
      jwks: toHealth(jwks),
      ...(discovers ? { discovery: toHealth(this.discovery.state(issuer.issuer)) } : {}),
    };
    return [issuer.issuer, health, jwks.staleMs];
  }
}

type Judged = readonly [issuer: string, health: IssuerHealth, staleMs: number];

function toHealth({ state, ageMs }: EntryState): DocumentHealth {
  return { state, ageSec: ageMs === undefined ? null : Math.round(ageMs / 1000) };
}

function round(rate: number): number {
  return Math.round(rate * 10_000) / 10_000;
}
