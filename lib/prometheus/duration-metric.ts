import { Histogram } from 'prom-client';
import { DURATION_BOUNDS_MS, type DurationHistogram } from '../metrics/duration-histogram.js';

interface Row {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** Prometheus counts in seconds; the histograms of the module count in milliseconds, with the same bounds. */
const BOUNDS_SEC = DURATION_BOUNDS_MS.map((ms) => ms / 1000);

/** A histogram over counts that the module keeps already: a scrape reads them, and recording costs prom-client nothing. */
export class DurationMetric extends Histogram {
  /** @param read - the histograms by value of the only label. */
  constructor(
    private readonly metric: {
      readonly name: string;
      readonly help: string;
      readonly labels: readonly [string];
    },
    private readonly read: () => Iterable<readonly [label: string, histogram: DurationHistogram]>,
  ) {
    super({
      name: metric.name,
      help: metric.help,
      labelNames: [...metric.labels],
      buckets: [...BOUNDS_SEC],
      registers: [],
    });
  }

  override async get(): ReturnType<Histogram['get']> {
    const { name, help, labels } = this.metric;
    const [label] = labels;
    return Promise.resolve({
      name,
      help,
      type: 'histogram',
      values: [...this.read()].flatMap(([value, histogram]) => rowsOf(name, { [label]: value }, histogram)),
      aggregator: 'sum',
    } as unknown as Awaited<ReturnType<Histogram['get']>>);
  }

  /** prom-client calls this instead of `get` to write text. */
  async getForPromString(): ReturnType<Histogram['get']> {
    return this.get();
  }
}

/** Buckets are cumulative, each one with all that is shorter; `+Inf` is the count (Prometheus exposition format). */
function rowsOf(name: string, labels: Readonly<Record<string, string>>, histogram: DurationHistogram): Row[] {
  const counts = histogram.cumulative();
  const { count, sumMs } = histogram;
  return [
    ...BOUNDS_SEC.map((le, index) => ({
      metricName: `${name}_bucket`,
      labels: { le, ...labels },
      value: counts[index] ?? 0,
    })),
    { metricName: `${name}_bucket`, labels: { le: '+Inf', ...labels }, value: count },
    { metricName: `${name}_sum`, labels, value: sumMs / 1000 },
    { metricName: `${name}_count`, labels, value: count },
  ];
}
