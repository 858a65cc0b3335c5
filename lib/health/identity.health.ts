import { Inject, Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import type { EntryState } from '../cache/value-source.js';
import { IssuerRegistry } from '../issuers/issuer-registry.js';
import { JwksService } from '../issuers/jwks.service.js';
import type { IdentitySnapshot, IssuerSnapshot, StoreSnapshot } from '../stats/identity-snapshot.js';
import { IdentityStats } from '../stats/identity-stats.js';
import { assessHealth } from './assess-health.js';
import { readThresholds, type HealthThresholds } from './health-thresholds.js';

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
  /** Absent if the configuration names the keys or their URL. */
  readonly discovery?: DocumentHealth;
}

/** What the health page says of the store that replicas share. */
export interface StoreHealth {
  /** Whether it answered the last question. */
  readonly available: boolean;
  /** Failures in a row. */
  readonly failures: number;
}

/**
 * A Terminus health indicator. {@link check} is for readiness: `up` while every issuer serves fresh keys,
 * `degraded` (HTTP 200) while some cannot or are stale, `down` (503) only if none can.
 * {@link checkLiveness} is for liveness: a provider's outage is no reason to restart, and a restart would
 * throw the last good keys away. Neither waits for a provider. Tenants, which a function names, are
 * counted and not assessed: one that is broken says nothing of this instance. Terminus 11 has no `degraded`: there the
 * indicator is `up` with `degraded: true`.
 *
 * @example
 * @Get('ready') @HealthCheck() ready() {
 *   return this.health.check([() => this.identity.check('identity', { maxStaleMs: 600_000 })]);
 * }
 */
@Injectable()
export class IdentityHealthIndicator {
  constructor(
    @Inject(HealthIndicatorService) private readonly health: HealthIndicatorService,
    @Inject(IssuerRegistry) private readonly issuers: IssuerRegistry,
    @Inject(JwksService) private readonly jwks: JwksService,
    @Inject(IdentityStats) private readonly stats: IdentityStats,
  ) {}

  /**
   * @param key - name of the indicator in the response, for example `identity`.
   * @throws {IdentityError} `options_invalid`: a threshold is wrong.
   */
  check<const Key extends string>(key: Key, thresholds?: HealthThresholds): HealthIndicatorResult<Key> {
    const limits = readThresholds(thresholds);
    // A cold issuer asks for its keys, so that a lazy one becomes ready without any traffic.
    for (const { keys } of this.issuers.configured) keys.warm();
    const snapshot = this.stats.snapshot();
    const issuers = snapshot.issuers.filter(({ configured }) => configured);
    const { status, reasons } = assessHealth(
      {
        issuers: issuers.map(({ keySet }) => ({ serving: isServing(keySet), staleMs: keySet.staleMs })),
        lookUps: snapshot.window.caches.jwks,
        storeAvailable: snapshot.store?.available ?? true,
      },
      limits,
    );
    const details = {
      ...(limits.details ? this.describe(issuers, snapshot) : {}),
      ...(reasons.length === 0 ? {} : { reasons }),
    };
    const session = this.health.check(key);
    if (status === 'down') return session.down(details);
    return status === 'up' ? session.up(details) : degraded(session, details);
  }

  /** The same as {@link check}, under the name that other indicators use. */
  isHealthy<const Key extends string>(key: Key, thresholds?: HealthThresholds): HealthIndicatorResult<Key> {
    return this.check(key, thresholds);
  }

  /** `up` as long as the module runs, whatever the provider does. */
  checkLiveness<const Key extends string>(key: Key): HealthIndicatorResult<Key> {
    return this.health.check(key).up();
  }

  private describe(
    issuers: readonly IssuerSnapshot[],
    { sinceStart: { caches }, store }: IdentitySnapshot,
  ): Record<string, unknown> {
    const tenants = this.issuers.tenantCount;
    return {
      issuers: Object.fromEntries(issuers.map((issuer) => [issuer.issuer, issuerHealth(issuer)])),
      ...(tenants === undefined ? {} : { tenants }),
      ...(store === undefined ? {} : { store: storeHealth(store) }),
      hitRate: Object.fromEntries(
        Object.entries(caches).map(([cache, lookUps]) => [cache, round(lookUps?.hitRate ?? 0)]),
      ),
    };
  }
}

/** Terminus 11 has no such status, and leaves out a result with one that it does not know: to it the indicator is up. */
function degraded<Key extends string>(
  session: ReturnType<typeof HealthIndicatorService.prototype.check<Key>>,
  details: Record<string, unknown>,
): HealthIndicatorResult<Key> {
  const mark: unknown = Reflect.get(session, 'degraded');
  return typeof mark === 'function'
    ? (mark.call(session, details) as HealthIndicatorResult<Key>)
    : session.up({ ...details, degraded: true });
}

function issuerHealth({ keySet, metadata }: IssuerSnapshot): IssuerHealth {
  return {
    serving: isServing(keySet),
    keys: keySet.keys,
    jwks: documentHealth(keySet),
    ...(metadata === undefined ? {} : { discovery: documentHealth(metadata) }),
  };
}

function storeHealth({ available, failures }: StoreSnapshot): StoreHealth {
  return { available, failures };
}

function isServing({ state }: EntryState): boolean {
  return state === 'fresh' || state === 'stale';
}

function documentHealth({ state, ageMs }: EntryState): DocumentHealth {
  return { state, ageSec: ageMs === undefined ? null : Math.round(ageMs / 1000) };
}

function round(rate: number): number {
  return Math.round(rate * 10_000) / 10_000;
}
