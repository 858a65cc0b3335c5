import { IdentityError } from '../errors/identity-error.js';
import { findUnknownName } from '../options/nearest-name.js';

/** When the health page says `degraded`, and how much it shows. */
export interface HealthThresholds {
  /** How long after their TTL keys may still serve before the page says `degraded`. @default 0 */
  readonly maxStaleMs?: number | undefined;
  /** Least share of key look-ups of the last five minutes that did not wait, from 0 to 1. @default 0 */
  readonly minHitRate?: number | undefined;
  /** With fewer look-ups than this in that time `minHitRate` is not assessed. @default 100 */
  readonly minLookUps?: number | undefined;
  /** Whether the page names the issuers and their state: `false` for a public page. @default true */
  readonly details?: boolean | undefined;
}

export interface ReadThresholds {
  readonly maxStaleMs: number;
  readonly minHitRate: number;
  readonly minLookUps: number;
  readonly details: boolean;
}

const NAMES = ['maxStaleMs', 'minHitRate', 'minLookUps', 'details'];

/** @throws {IdentityError} `options_invalid`: a threshold without effect would be worse than none. */
export function readThresholds(thresholds: HealthThresholds = {}): ReadThresholds {
  const unknown = findUnknownName(thresholds, NAMES);
  if (unknown !== undefined) throw invalid(unknown);
  const { details = true } = thresholds;
  if (typeof details !== 'boolean') throw invalid('"details" must be true or false');
  return {
    maxStaleMs: readNumber('maxStaleMs', thresholds.maxStaleMs ?? 0, Infinity),
    minHitRate: readNumber('minHitRate', thresholds.minHitRate ?? 0, 1),
    minLookUps: readNumber('minLookUps', thresholds.minLookUps ?? 100, Infinity),
    details,
  };
}

function readNumber(name: string, value: unknown, most: number): number {
  if (typeof value === 'number' && value >= 0 && value <= most) return value;
  throw invalid(`"${name}" must be a number, ${most === 1 ? 'from 0 to 1' : '0 or more'}`);
}

function invalid(problem: string): IdentityError {
  return new IdentityError('options_invalid', `The thresholds of this health check are wrong: ${problem}.`);
}
