import { Inject, Injectable } from '@nestjs/common';
import { MetricsRecorder } from '../metrics/metrics-recorder.js';
import { mapValues, type CacheCounts } from '../metrics/metrics-registry.js';
import { periodStats } from '../metrics/totals.js';
import type { IdentitySnapshot } from './identity-snapshot.js';
import { MetricsReader } from './metrics-reader.js';

/** Everything that is measured. Measuring is always on; only reading it costs anything worth mentioning. */
@Injectable()
export class IdentityStats {
  constructor(
    @Inject(MetricsRecorder) private readonly recorder: MetricsRecorder,
    @Inject(MetricsReader) private readonly reader: MetricsReader,
  ) {}

  /**
   * All metrics, since the start and over the last five minutes. Contains no token and no claim.
   *
   * @example
   * const { window } = stats.snapshot();
   * logger.log(`p95 ${window.validations.durations.ok.p95Ms} ms, hit rate of keys ${window.caches.jwks.hitRate}`);
   */
  snapshot(): IdentitySnapshot {
    const { now, nowMs, startMs, before } = this.recorder.totals();
    const { caches, requests: _, store, ...reading } = this.reader.read();
    return {
      sinceStart: periodStats(now, undefined, nowMs - startMs),
      window: periodStats(now, before.totals, nowMs - before.atMs),
      ...reading,
      reported: this.recorder.reportedRoutes.rows(),
      ...(store && { store }),
      entries: entriesOf(caches),
    };
  }
}

/** The services whose names the type promises have registered them in their constructors. */
function entriesOf(caches: ReadonlyMap<string, CacheCounts>): IdentitySnapshot['entries'] {
  const entries = mapValues(caches, ({ size, maxSize }) => ({ size, maxSize }));
  return Object.fromEntries(entries) as IdentitySnapshot['entries'];
}
