import { Counters } from './counters.js';
import { DurationHistogram } from './duration-histogram.js';

/**
 * How a use of the store ended. `put`: the key was absent; `present`: it was there; `timeout`, `error`: no answer;
 * `spared`: not asked, because it had failed just before.
 */
export type StoreResult = (typeof STORE_RESULTS)[number];
const STORE_RESULTS = ['put', 'present', 'timeout', 'error', 'spared'] as const;

/** Uses of the store that ended alike. */
export interface StoreResultCount {
  readonly result: StoreResult;
  readonly count: number;
}

/** What metrics read of the store that replicas share. */
export interface StoreMetrics {
  /** Whether the last question was answered. A store that was never asked is available. */
  readonly isAvailable: boolean;
  /** Failures in a row. */
  readonly failures: number;
  readonly counts: StoreCounts;
}

/** Counts uses of the store. */
export class StoreCounts {
  /** Live, of questions: `ok` are those with an answer. */
  readonly durations = { ok: DurationHistogram.empty(), unavailable: DurationHistogram.empty() } as const;
  private readonly results = new Counters(STORE_RESULTS.length);

  record(result: Exclude<StoreResult, 'spared'>, durationMs: number): void {
    this.results.increment(STORE_RESULTS.indexOf(result));
    const isAnswer = result === 'put' || result === 'present';
    this.durations[isAnswer ? 'ok' : 'unavailable'].record(durationMs);
  }

  recordSpared(): void {
    this.results.increment(STORE_RESULTS.indexOf('spared'));
  }

  /** All results, those that never happened too: alerts on an increase need the 0 before it. */
  rows(): readonly StoreResultCount[] {
    return STORE_RESULTS.map((result, index) => ({ result, count: this.results.at(index) }));
  }
}
