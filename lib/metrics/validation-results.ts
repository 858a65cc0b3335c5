import { ERROR_CODES, type ErrorCode } from '../errors/error-codes.js';
import { OK, type ValidationResult } from '../validation/validation-recorder.js';
import { Counters } from './counters.js';

/** Validations that ended alike. */
export interface ResultCount {
  readonly result: ValidationResult;
  /** Whether the signature was verified: alerts look at these alone, since anybody can send the others. */
  readonly verified: boolean;
  readonly count: number;
}

/** How a validation ended, for its duration: passed, refused, or not to be judged now. */
export const DURATION_OUTCOMES = ['ok', 'rejected', 'unavailable'] as const;
export type DurationOutcome = (typeof DURATION_OUTCOMES)[number];

const RESULTS: readonly ValidationResult[] = [OK, ...(Object.keys(ERROR_CODES) as ErrorCode[])];
const INDEXES: ReadonlyMap<ValidationResult, number> = new Map(
  RESULTS.map((result, index) => [result, index]),
);
const RESULT_CELLS = 2 * RESULTS.length;

/** Results without an issuer, which bytes alone decide; and those that can come of an issuer's tokens. */
const UNNAMED: ReadonlySet<ValidationResult> = new Set<ValidationResult>([
  'token_too_large',
  'token_malformed',
  'header_unsupported',
  'algorithm_not_allowed',
  'issuer_unknown',
  'keys_cold',
  'keys_busy',
  'check_failed',
  'shutting_down',
]);
const UNVERIFIED: ReadonlySet<ValidationResult> = new Set<ValidationResult>([
  'algorithm_not_allowed',
  'token_type_not_accepted',
  'not_an_access_token',
  'issuer_not_accepted',
  'audience_mismatch',
  'claim_missing',
  'claim_invalid',
  'token_expired',
  'token_not_yet_valid',
  'issued_in_future',
  'sender_constrained',
  'key_not_found',
  'signature_invalid',
  'keys_cold',
  'keys_unavailable',
  'keys_busy',
  'shutting_down',
]);
/** With the cache of verified tokens, all that is checked on every use comes after the signature. */
const VERIFIED: ReadonlySet<ValidationResult> = new Set<ValidationResult>([
  OK,
  'algorithm_not_allowed',
  'token_type_not_accepted',
  'issuer_not_accepted',
  'audience_mismatch',
  'claim_missing',
  'token_expired',
  'scope_missing',
  'check_refused',
  'check_failed',
  'sync_unavailable',
]);

/** Whose rows are there from the start: so that the first fault is seen as an increase, and a flood makes no new ones. */
export type Owner = 'configured' | 'tenant' | 'other';

/** Counts of one issuer, or of all together: one cell for each result, verified or not. */
export class ResultCounts {
  constructor(private readonly cells = new Counters(RESULT_CELLS)) {}

  add(result: ValidationResult, verified: boolean): void {
    this.cells.add(cellOf(result === OK ? 0 : (INDEXES.get(result) ?? 0), verified));
  }

  copy(): ResultCounts {
    return new ResultCounts(this.cells.copy());
  }

  since(earlier: ResultCounts): ResultCounts {
    return new ResultCounts(this.cells.since(earlier.cells));
  }

  get total(): number {
    return this.cells.total;
  }

  /** What was counted, and besides it the rows that are always there for this owner. */
  rows(owner: Owner = 'tenant'): readonly ResultCount[] {
    const rows: ResultCount[] = [];
    for (const [index, result] of RESULTS.entries()) {
      for (const verified of [false, true]) {
        const count = this.cells.at(cellOf(index, verified));
        if (count > 0 || isStanding(owner, result, verified)) rows.push({ result, verified, count });
      }
    }
    return rows;
  }
}

function cellOf(index: number, verified: boolean): number {
  return 2 * index + (verified ? 1 : 0);
}

export function outcomeOf(result: ValidationResult): DurationOutcome {
  if (result === OK) return 'ok';
  return ERROR_CODES[result].kind === 'rejected' ? 'rejected' : 'unavailable';
}

function isStanding(owner: Owner, result: ValidationResult, verified: boolean): boolean {
  if (owner === 'tenant') return false;
  if (owner === 'other') return !verified && UNNAMED.has(result);
  return verified ? VERIFIED.has(result) : UNVERIFIED.has(result);
}
