import { REQUIREMENT_CODES, type ErrorCode } from '../errors/error-codes.js';
import { Counters } from './counters.js';

/** No token was judged: anybody can be denied access like that. */
const WITHOUT_TOKEN = ['token_missing', 'authorization_malformed'] as const satisfies readonly ErrorCode[];

/**
 * Codes of denials that no validation has counted: the request had no token that could be validated, or its token was
 * valid and did not meet the requirements of the route.
 */
export const DENIAL_CODES = [
  ...WITHOUT_TOKEN,
  ...REQUIREMENT_CODES,
  // A claim that only a requirement reads; an audience that only a route demands.
  'claim_invalid',
  'audience_mismatch',
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

/** Whether no token was validated: anybody can cause such a denial. */
export function isWithoutToken(code: string): boolean {
  return (WITHOUT_TOKEN as readonly string[]).includes(code);
}

/** Accepted tokens that did not meet the requirements of a route. */
export function deniedByRoutes(denials: readonly DenialCount[]): number {
  return denials.reduce((all, { code, count }) => all + (isWithoutToken(code) ? 0 : count), 0);
}

/** Counts of one issuer, or of all together; one counter for each code. */
export class DenialCounts {
  constructor(private readonly counters = new Counters(DENIAL_CODES.length)) {}

  /** Ignores other codes: they come from a validation, which has counted them. */
  add(code: ErrorCode): void {
    const index = (DENIAL_CODES as readonly ErrorCode[]).indexOf(code);
    if (index !== -1) this.counters.increment(index);
  }

  copy(): DenialCounts {
    return new DenialCounts(this.counters.copy());
  }

  since(earlier: DenialCounts): DenialCounts {
    return new DenialCounts(this.counters.since(earlier.counters));
  }

  /** All codes, those that never happened too: alerts see the first denial as an increase from 0. */
  rows(): readonly DenialCount[] {
    return DENIAL_CODES.map((code, index) => ({ code, count: this.counters.at(index) }));
  }
}
