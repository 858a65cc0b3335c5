import { ERROR_CODES, type ErrorCode, type Stage } from '../errors/error-codes.js';
import { OK, type ValidationResult } from './validation-recorder.js';
import { Counters } from './counters.js';

/** Validations that ended alike. */
export interface ResultCount {
  readonly result: ValidationResult;
  /** Whether the signature was verified: alerts look at these alone, since anybody can send the others. */
  readonly verified: boolean;
  readonly count: number;
}

/** How a validation ended, for its duration: accepted, rejected, or not decidable now. */
export const DURATION_OUTCOMES = ['ok', 'rejected', 'unavailable'] as const;
export type DurationOutcome = (typeof DURATION_OUTCOMES)[number];

const RESULTS: readonly ValidationResult[] = [OK, ...(Object.keys(ERROR_CODES) as ErrorCode[])];
const INDEXES: ReadonlyMap<ValidationResult, number> = new Map(
  RESULTS.map((result, index) => [result, index]),
);
const RESULT_COUNTERS = 2 * RESULTS.length;

/** Results that are shown from the start, by the stage they can come at; see {@link Stage}. */
function resultsAt(stage: Stage): ReadonlySet<ValidationResult> {
  return new Set(RESULTS.filter((result) => result !== OK && ERROR_CODES[result].stages?.includes(stage)));
}

const UNNAMED = resultsAt('unnamed');
const UNVERIFIED = resultsAt('unverified');
const VERIFIED = new Set<ValidationResult>([OK, ...resultsAt('verified')]);

/**
 * The owner of a row decides which results are exported from the start: so alerts see the first error as an increase from
 * 0, and a flood of bad tokens adds no series.
 */
export type Owner = 'configured' | 'tenant' | 'other';

/** Counts of one issuer, or of all together: one counter for each result, verified or not. */
export class ResultCounts {
  constructor(private readonly counters = new Counters(RESULT_COUNTERS)) {}

  add(result: ValidationResult, verified: boolean): void {
    this.counters.increment(indexOf(result === OK ? 0 : (INDEXES.get(result) ?? 0), verified));
  }

  copy(): ResultCounts {
    return new ResultCounts(this.counters.copy());
  }

  since(earlier: ResultCounts): ResultCounts {
    return new ResultCounts(this.counters.since(earlier.counters));
  }

  get total(): number {
    return this.counters.total;
  }

  /** Everything that was counted, and the rows that are always exported for this owner. */
  rows(owner: Owner = 'tenant'): readonly ResultCount[] {
    const rows: ResultCount[] = [];
    for (const [index, result] of RESULTS.entries()) {
      for (const verified of [false, true]) {
        const count = this.counters.at(indexOf(index, verified));
        if (count > 0 || alwaysExported(owner, result, verified)) rows.push({ result, verified, count });
      }
    }
    return rows;
  }
}

/** Two counters for each result, side by side: a validation adds one, and looks nothing up by a string made for it. */
function indexOf(index: number, verified: boolean): number {
  return 2 * index + (verified ? 1 : 0);
}

export function outcomeOf(result: ValidationResult): DurationOutcome {
  if (result === OK) return 'ok';
  return ERROR_CODES[result].kind === 'rejected' ? 'rejected' : 'unavailable';
}

/**
 * Of tenants only what happened: with all rows, each tenant would cost dozens of series. Configured issuers have them all, since
 * `increase()` cannot see the first count of a series that was not there.
 */
function alwaysExported(owner: Owner, result: ValidationResult, verified: boolean): boolean {
  if (owner === 'tenant') return false;
  if (owner === 'other') return !verified && UNNAMED.has(result);
  return verified ? VERIFIED.has(result) : UNVERIFIED.has(result);
}
