import { ERROR_CODES, type ErrorCode } from '../errors/error-codes.js';
import { clipped, printable } from '../model/printable.js';
import type { MismatchName } from './mismatches.js';
import type { ExplainedStep } from '../validation/steps.js';

/**
 * - `ok`: as it should be.
 * - `note`: worth knowing, nothing to do.
 * - `warning`: works, and will not for ever or not well.
 * - `fault`: the module would not work with it.
 */
export type Verdict = 'ok' | 'note' | 'warning' | 'fault';

/** One thing that was looked at. */
export interface Finding {
  readonly about:
    | 'options'
    | 'metadata'
    | 'keys'
    | 'key'
    | 'caching'
    | 'time'
    | 'tls'
    | 'token'
    | 'api'
    | 'document'
    | 'resource'
    | 'server'
    | 'scopes'
    | 'audience'
    | 'cors';
  readonly verdict: Verdict;
  /** What was found. Never a token, nor a value of a claim. */
  readonly text: string;
  /** What to do about it. Of a token at most `exp`, `nbf`, `iat`, `aud`, `iss` and `kid`: it is the reader's own. */
  readonly advice?: string;
  /** Of an API: what does not fit, by a name that stays. */
  readonly mismatch?: MismatchName;
  /** Of a token: which step of the validation was run. */
  readonly step?: ExplainedStep;
  /** Of a token that would be refused: the code, as in the table of errors. */
  readonly code?: ErrorCode;
}

/** What was looked at: a provider or an API, never both. */
export type Examined =
  | { readonly issuer: string; readonly resource?: never }
  | { readonly resource: string; readonly issuer?: never };

export type DoctorReport = Examined & {
  /** No `fault` among the findings. */
  readonly healthy: boolean;
  readonly findings: readonly Finding[];
};

/** Whether the token alone is at fault: the provider was found sound. */
export function isTokenAlone({ healthy, findings }: DoctorReport): boolean {
  return (
    !healthy &&
    findings.every(
      ({ verdict, code }) =>
        verdict !== 'fault' || (code !== undefined && ERROR_CODES[code].kind === 'rejected'),
    )
  );
}

/** Characters of a text: what strangers say is repeated in part. */
const MOST_SHOWN = 1_000;

/** Whoever reads the report, a program too, shows it to people: what a provider or a token says must not steer their terminal. */
export function toReport(examined: Examined, findings: readonly Finding[]): DoctorReport {
  return {
    ...(examined.issuer === undefined
      ? { resource: printable(examined.resource) }
      : { issuer: printable(examined.issuer) }),
    healthy: findings.every(({ verdict }) => verdict !== 'fault'),
    findings: findings.map(({ text, advice, ...finding }) => ({
      ...finding,
      text: clipped(text, MOST_SHOWN),
      ...(advice === undefined ? {} : { advice: clipped(advice, MOST_SHOWN) }),
    })),
  };
}
