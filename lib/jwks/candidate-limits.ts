import type { SignatureAlgorithm } from '../model/algorithms.js';
import type { VerificationKey } from './import-key.js';

/** What was left out when the keys for a token were selected. */
export interface CandidatesCut {
  readonly alg: string;
  /** undefined for tokens without one, which every key of the algorithm may have signed. */
  readonly kid: string | undefined;
  /** Keys that may have signed such a token. */
  readonly fitting: number;
  /** Those that are tried: the first ones of the set. */
  readonly tried: number;
}

const MAX_CANDIDATES = 16;
const MAX_SLOW_CANDIDATES = 4;

/**
 * How many keys are tried for one token. Whoever sends a token without a key id, signed by nobody, makes us check
 * them all: 16 checks with the most expensive RSA key take 2 ms here, and so do 4 with P-384.
 */
export function maxCandidatesOf(algorithm: SignatureAlgorithm): number {
  return algorithm.slow === true ? MAX_SLOW_CANDIDATES : MAX_CANDIDATES;
}

/**
 * The keys that no token can reach: they have no id, and as many keys as are tried stand before them for each of
 * their algorithms.
 *
 * @param keys - in the order of the set.
 * @returns each of them with the reason, as it is reported.
 */
export function findUnreachable(keys: Iterable<VerificationKey>): ReadonlyMap<VerificationKey, string> {
  const found = new Map<VerificationKey, string>();
  const before = new Map<string, number>();
  for (const key of keys) {
    const full = key.prepared.filter(
      ({ algorithm }) => (before.get(algorithm.name) ?? 0) >= maxCandidatesOf(algorithm),
    );
    if (key.kid === undefined && full.length === key.prepared.length) {
      // Stryker disable next-line MethodExpression: all algorithms of one key have the same limit.
      const limit = Math.max(...full.map(({ algorithm }) => maxCandidatesOf(algorithm)));
      found.set(
        key,
        `it has no "kid", and a token without one is tried with the first ${String(limit)} keys`,
      );
      continue;
    }
    for (const { algorithm } of key.prepared) {
      before.set(algorithm.name, (before.get(algorithm.name) ?? 0) + 1);
    }
  }
  return found;
}
