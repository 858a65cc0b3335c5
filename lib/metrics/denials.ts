import type { ErrorCode } from '../errors/error-codes.js';
import { Counters } from './counters.js';

/**
 * Why a guard refused what no validation had refused: nothing came that could be validated, or the token was good and
 * the route demanded more.
 */
export const DENIAL_CODES = [
  'token_missing',
  'authorization_malformed',
  'scope_missing',
  'role_missing',
  'claim_not_met',
  'issuer_not_met',
  'user_refused',
  'check_refused',
  'check_failed',
] as const satisfies readonly ErrorCode[];
export type DenialCode = (typeof DENIAL_CODES)[number];

/** Denials of a code. */
export interface DenialCount {
  readonly code: DenialCode;
  readonly count: number;
}

const WITHOUT_TOKEN: ReadonlySet<string> = new Set<DenialCode>(['token_missing', 'authorization_malformed']);

/** Whether no token was judged: anybody can be refused like that. */
export function isWithoutToken(code: string): boolean {
  return WITHOUT_TOKEN.has(code);
}

/** Good tokens that a route demanded more of: accepted by a validation, and refused all the same. */
export function refusedByRoutes(denials: readonly DenialCount[]): number {
  return denials.reduce((all, { code, count }) => all + (isWithoutToken(code) ? 0 : count), 0);
}

/** Counts of one issuer, or of all together; one cell for each code. */
export class DenialCounts {
  constructor(private readonly cells = new Counters(DENIAL_CODES.length)) {}

  /** Codes that are none of these come from a validation, which has counted them. */
  add(code: ErrorCode): void {
    const cell = (DENIAL_CODES as readonly ErrorCode[]).indexOf(code);
    if (cell !== -1) this.cells.add(cell);
  }

  copy(): DenialCounts {
    return new DenialCounts(this.cells.copy());
  }

  since(earlier: DenialCounts): DenialCounts {
    return new DenialCounts(this.cells.since(earlier.cells));
  }

  /** All codes, those that were never counted too: so that the first one is seen as an increase. */
  rows(): readonly DenialCount[] {
    return DENIAL_CODES.map((code, cell) => ({ code, count: this.cells.at(cell) }));
  }
}
