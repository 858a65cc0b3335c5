import { Counters } from '../metrics/counters.js';
import { DurationHistogram } from '../metrics/duration-histogram.js';

/**
 * How a use of the store ended. `put`: the key was absent; `present`: it was there; `timeout`, `error`: no answer;
 * `spared`: not asked, because it had failed just before.
 */
export const STORE_RESULTS = ['put', 'present', 'timeout', 'error', 'spared'] as const;
export type StoreResult = (typeof STORE_RESULTS)[number];

/** Counts uses of the store. */
export class StoreCounts {
  /** Live, of questions that were asked. */
  readonly durations = DurationHistogram.empty();
  private readonly results = new Counters(STORE_RESULTS.length);

  record(result: Exclude<StoreResult, 'spared'>, durationMs: number): void {
    this.results.increment(STORE_RESULTS.indexOf(result));
    this.durations.record(durationMs);
  }

  recordSpared(): void {
    this.results.increment(STORE_RESULTS.indexOf('spared'));
  }

  /** All results, those that never happened too: alerts on an increase need the 0 before it. */
  rows(): readonly { readonly result: StoreResult; readonly count: number }[] {
    return STORE_RESULTS.map((result, index) => ({ result, count: this.results.at(index) }));
  }
}
