/**
 * - `ok`: as it should be.
 * - `note`: worth knowing, nothing to do.
 * - `warning`: works, and will not for ever or not well.
 * - `fault`: the module would not work with it.
 */
export type Verdict = 'ok' | 'note' | 'warning' | 'fault';

/** One thing that was looked at. */
export interface Finding {
  readonly about: 'options' | 'metadata' | 'keys' | 'key' | 'caching' | 'time' | 'tls' | 'token';
  readonly verdict: Verdict;
  /** What was found. Never a token, nor a value of a claim. */
  readonly text: string;
  /** What to do about it. */
  readonly advice?: string;
}

export interface DoctorReport {
  readonly issuer: string;
  /** No `fault` among the findings. */
  readonly healthy: boolean;
  readonly findings: readonly Finding[];
}

export function toReport(issuer: string, findings: readonly Finding[]): DoctorReport {
  return { issuer, healthy: findings.every(({ verdict }) => verdict !== 'fault'), findings };
}
