import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../cache/clock.js';
import { MetricsRecorder } from '../metrics/metrics-recorder.js';
import { periodStats, type Totals } from '../metrics/totals.js';
import { historyPoint, type HistoryPoint } from './history-point.js';
import { Ring } from './ring.js';

/** One point each five seconds, for a quarter of an hour. */
export const SAMPLE_MS = 5_000;
const CAPACITY = 180;

/** What was measured lately, interval by interval. */
@Injectable()
export class DashboardHistory {
  private readonly ring = new Ring<HistoryPoint>(CAPACITY);
  private last: { readonly totals: Totals; readonly atMs: number } | undefined;

  constructor(
    @Inject(MetricsRecorder) private readonly metrics: MetricsRecorder,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Ends an interval. The first call begins one. */
  sample(): HistoryPoint | undefined {
    const { now, nowMs } = this.metrics.totals();
    const { last } = this;
    this.last = { totals: now, atMs: nowMs };
    if (last === undefined) return undefined;
    const point = historyPoint(periodStats(now, last.totals, nowMs - last.atMs), this.clock.wallMs());
    this.ring.push(point);
    return point;
  }

  points(): readonly HistoryPoint[] {
    return this.ring.items();
  }
}
