import { Inject, Injectable } from '@nestjs/common';
import type { EntryState } from '../cache/refreshing-cache.js';
import { DiscoveryService } from '../issuers/discovery.service.js';
import { EventReporter } from '../events/event-reporter.js';
import { JwksService } from '../issuers/jwks.service.js';
import { IssuerRegistry } from '../issuers/issuer-registry.js';
import { TokenValidationService } from '../validation/token-validation.service.js';
import { isWithoutToken } from './denials.js';
import type { IssuerRow } from './issuer-rows.js';
import { MetricsRecorder } from './metrics-recorder.js';
import type { IdentitySnapshot, IssuerSnapshot, PerCache } from './snapshot.types.js';
import { periodStats } from './totals.js';

/** Everything that is measured. Always on; reading it is the only thing that costs. */
@Injectable()
export class IdentityStats {
  constructor(
    @Inject(MetricsRecorder) private readonly measurements: MetricsRecorder,
    @Inject(IssuerRegistry) private readonly directory: IssuerRegistry,
    @Inject(DiscoveryService) private readonly discovery: DiscoveryService,
    @Inject(JwksService) private readonly jwks: JwksService,
    @Inject(TokenValidationService) private readonly tokens: TokenValidationService,
    @Inject(EventReporter) reporter: EventReporter,
  ) {
    measurements.watchCaches(() => this.perCache(({ hits, misses }) => ({ hits, misses })));
    reporter.listen((event) => measurements.recordEvent(event));
  }

  /** What was measured, since the start and over the last five minutes. Holds no token and no claim. */
  snapshot(): IdentitySnapshot {
    const { now, nowMs, startMs, before } = this.measurements.totals();
    const { rows } = this.measurements;
    return {
      sinceStart: periodStats(now, undefined, nowMs - startMs),
      window: periodStats(now, before.totals, nowMs - before.atMs),
      issuers: rows.all().map((row) => this.describe(row)),
      other: rows.other.rows('other'),
      otherDenials: rows.otherDenials.rows().filter(({ code }) => isWithoutToken(code)),
      entries: this.perCache(({ size, maxSize }) => ({ size, maxSize })),
    };
  }

  private describe({ issuer, configured, results, denials, generation }: IssuerRow): IssuerSnapshot {
    const found = this.directory.look(issuer);
    const discovers = found?.jwks === undefined && found?.jwksUri === undefined;
    const metadata: EntryState | undefined = discovers ? this.discovery.state(issuer) : undefined;
    return {
      issuer,
      configured,
      results: results.rows(configured ? 'configured' : 'tenant'),
      denials: denials.rows().filter(({ code }) => !isWithoutToken(code)),
      keySet: { ...this.jwks.state(issuer), generation },
      ...(metadata && { metadata }),
    };
  }

  private perCache<T>(pick: (stats: CountedCache) => T): PerCache<T> {
    const { tokenCache } = this.tokens.stats();
    return {
      discovery: pick(this.discovery.stats()),
      jwks: pick(this.jwks.stats()),
      ...(tokenCache === undefined ? {} : { tokens: pick(tokenCache) }),
    };
  }
}

interface CountedCache {
  readonly hits: number;
  readonly misses: number;
  readonly size: number;
  readonly maxSize: number;
}
