import { Inject, Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import type { EntryState } from '../cache/refreshing-cache.js';
import { DiscoveryService } from '../discovery/discovery.service.js';
import { JwksService } from '../jwks/jwks.service.js';
import { IssuerDirectory } from '../options/issuer-directory.js';
import type { ResolvedIssuer } from '../options/resolved-options.js';
import { TokenValidationService } from '../validation/token-validation.service.js';

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
 * A Terminus health indicator: `up` while every issuer serves fresh keys, `degraded` (HTTP 200) while
 * some cannot or are stale, `down` (503) only when none can. It never waits for a provider. Tenants, which
 * a function names, are counted and not judged: one that is broken says nothing of this instance.
 */
@Injectable()
export class IdentityHealthIndicator {
  constructor(
    @Inject(HealthIndicatorService) private readonly health: HealthIndicatorService,
    @Inject(IssuerDirectory) private readonly directory: IssuerDirectory,
    @Inject(DiscoveryService) private readonly discovery: DiscoveryService,
    @Inject(JwksService) private readonly jwks: JwksService,
    @Inject(TokenValidationService) private readonly tokens: TokenValidationService,
  ) {}

  /** @param key - name of the indicator in the answer, for example `identity`. */
  check<const Key extends string>(key: Key): HealthIndicatorResult<Key> {
    const configured = this.directory.configured;
    // A cold issuer asks for its keys, so that a lazy one becomes ready without any traffic.
    for (const issuer of configured) this.jwks.warm(issuer);
    const issuers = Object.fromEntries(configured.map((issuer) => [issuer.issuer, this.healthOf(issuer)]));
    const all = Object.values(issuers);
    const tenants = this.directory.tenantCount;
    const { tokenCache } = this.tokens.stats();
    const details = {
      issuers,
      ...(tenants === undefined ? {} : { tenants }),
      hitRate: {
        discovery: round(this.discovery.stats().hitRate),
        jwks: round(this.jwks.stats().hitRate),
        ...(tokenCache === undefined ? {} : { tokens: round(tokenCache.hitRate) }),
      },
    };
    const session = this.health.check(key);
    if (all.length > 0 && !all.some((issuer) => issuer.serving)) return session.down(details);
    return all.every((issuer) => issuer.jwks.state === 'fresh')
      ? session.up(details)
      : session.degraded(details);
  }

  /** The same as {@link check}, under the name that other indicators use. */
  isHealthy<const Key extends string>(key: Key): HealthIndicatorResult<Key> {
    return this.check(key);
  }

  private healthOf(issuer: ResolvedIssuer): IssuerHealth {
    const { keys, ...jwks } = this.jwks.state(issuer.issuer);
    const discovers = issuer.jwks === undefined && issuer.jwksUri === undefined;
    return {
      serving: jwks.state === 'fresh' || jwks.state === 'stale',
      keys,
      jwks: toHealth(jwks),
      ...(discovers ? { discovery: toHealth(this.discovery.state(issuer.issuer)) } : {}),
    };
  }
}

function toHealth({ state, ageMs }: EntryState): DocumentHealth {
  return { state, ageSec: ageMs === undefined ? null : Math.round(ageMs / 1000) };
}

function round(rate: number): number {
  return Math.round(rate * 10_000) / 10_000;
}
