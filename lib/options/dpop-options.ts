import { SIGNATURE_ALGORITHMS, withAliases } from '../model/algorithms.js';
import { count, duration, oneOf, option, optionalGroup, refused } from './kinds.js';
import { expected } from './option-issues.js';
import type { GivenOf, Group, Option, Rule, ValueOf } from './schema.js';

/** HMAC-SHA-256 wants a key as long as its output (RFC 2104 section 3). */
const MIN_SECRET_LENGTH = 32;

/** The text of a secret goes into no message. */
function secrets(): Option<readonly string[], readonly string[]> {
  return option<readonly string[], readonly string[]>(Object.freeze([]), (given) => {
    const isSecret = (item: unknown): item is string =>
      typeof item === 'string' && item.length >= MIN_SECRET_LENGTH && item.trim() === item;
    if (Array.isArray(given) && given.length > 0 && given.every(isSecret)) {
      return { value: Object.freeze([...given]) };
    }
    return refused(
      `expected a non-empty list of strings of ${String(MIN_SECRET_LENGTH)} random characters or more, without spaces around them`,
    );
  });
}

const NONCE_OPTIONS = {
  /**
   * Secrets that all replicas share, 32 characters or more. The first one signs nonces, all are accepted: put a new one
   * in front, and take the old one away once `lifetimeMs` is over.
   */
  secrets: secrets(),
  /** How long a nonce is accepted at the most, in milliseconds; a new one is given out after half of it. @default 60000 */
  lifetimeMs: duration(60_000, { min: 2_000, max: 3_600_000 }),
};

type Nonce = ValueOf<typeof NONCE_OPTIONS>;

/** Nonces of the server (RFC 9449 section 9). */
export interface DpopNonceOptions extends GivenOf<typeof NONCE_OPTIONS> {
  readonly secrets: readonly string[];
}

const secretsAreGiven: Rule<Nonce> = (_values, isGiven) =>
  isGiven('secrets')
    ? []
    : [{ path: 'secrets', message: 'is missing: secrets that all replicas of this API share' }];

const NONCE_GROUP: Group<Nonce> = {
  rows: NONCE_OPTIONS,
  hints: { secret: 'unknown option; it is "secrets", a list' },
  rules: [secretsAreGiven],
};

/** A key of ML-DSA and its signature are longer than a proof may be. */
const PROOF_ALGORITHMS: readonly string[] = SIGNATURE_ALGORITHMS.filter(({ kty }) => kty !== 'AKP').map(
  ({ name }) => name,
);

function proofAlgorithms(fallback: readonly string[]): Option<readonly string[], readonly string[]> {
  return option<readonly string[], readonly string[]>(Object.freeze(withAliases(fallback)), (given) => {
    const isKnown = (item: unknown): boolean => PROOF_ALGORITHMS.some((name) => name === item);
    if (Array.isArray(given) && given.length > 0 && given.every(isKnown)) {
      return { value: Object.freeze(withAliases(given as string[])) };
    }
    return refused(expected(`a non-empty list of ${PROOF_ALGORITHMS.join(', ')}`, given));
  });
}

const MAX_PROOFS = 10_000_000;
const DEFAULT_PROOFS = 500_000;
/** Proofs per second that the default must be enough for. */
const LEAST_RATE = 1_000;

/** undefined: a quarter of `maxProofs`. */
function maxProofsPerKey(): Option<number, number | undefined> {
  const places = count(0, { max: MAX_PROOFS });
  return option<number, number | undefined>(undefined, (given) => places.read(given, 0));
}

const DPOP_OPTIONS = {
  /**
   * Algorithms that proofs may be signed with. A check of ES384 takes 8 times, one of ES512 20 times as long as one of ES256.
   * @default ['ES256', 'EdDSA', 'Ed25519']
   */
  algorithms: proofAlgorithms(['ES256', 'EdDSA']),
  /** How long a proof passes after its `iat`, in milliseconds. @default 60000 */
  maxAgeMs: duration(60_000, { min: 1_000, max: 600_000 }),
  /** How far `iat` may be in the future, and clocks of replicas may differ, in milliseconds. @default 10000 */
  clockToleranceMs: duration(10_000, { max: 300_000 }),
  /**
   * `once` refuses a proof that was used before: at any replica with the option `store`, at the same one without. `off` lets a proof
   * be used again until it is too old. @default 'once'
   */
  replay: oneOf('once', ['once', 'off']),
  /**
   * Used proofs that this process remembers; more are answered with 503. As many as the proofs of a second times the seconds that they
   * last: `maxAgeMs`, with nonces `nonce.lifetimeMs`, and twice `clockToleranceMs`. It must be given if the default is enough for less
   * than 1,000 proofs per second. @default 500000
   */
  maxProofs: count(DEFAULT_PROOFS, { min: 1_000, max: MAX_PROOFS }),
  /** How many of them may be of one key of a client, so that no client alone fills the memory. @default a quarter of `maxProofs` */
  maxProofsPerKey: maxProofsPerKey(),
  /**
   * What is decided while the option `store` does not answer: `local` by what this replica has seen, `refuse` nothing, so that proofs
   * are answered with 503. @default 'local'
   */
  onStoreFailure: oneOf('local', ['local', 'refuse']),
  /** Asks clients for a nonce of the server in their proofs, so that none can be made ahead of time. @default none */
  nonce: optionalGroup<DpopNonceOptions>()(NONCE_GROUP),
};

/** What DPoP proofs must be (RFC 9449). All durations in milliseconds. */
export interface DpopOptions extends GivenOf<typeof DPOP_OPTIONS> {}

export type ResolvedDpop = ValueOf<typeof DPOP_OPTIONS>;

const keyFitsMemory: Rule<ResolvedDpop> = ({ maxProofs, maxProofsPerKey: ofKey = 0 }) =>
  ofKey <= maxProofs
    ? []
    : [{ path: 'maxProofsPerKey', message: `is more than "maxProofs" (${String(maxProofs)})` }];

/** Proofs are remembered for as long as they pass, also by a clock that is behind: with long times, the default is soon full. */
const memoryIsEnough: Rule<ResolvedDpop> = (dpop, isGiven) => {
  const { replay, maxAgeMs, clockToleranceMs, nonce } = dpop;
  const lastMs = (nonce?.lifetimeMs ?? maxAgeMs) + 2 * clockToleranceMs;
  // Places are given back once a second.
  const seconds = Math.ceil(lastMs / 1_000) + 1;
  const rate = Math.floor(DEFAULT_PROOFS / seconds);
  if (isGiven('maxProofs') || replay === 'off' || rate >= LEAST_RATE) return [];
  const times = nonce === undefined ? '"maxAgeMs"' : '"nonce.lifetimeMs"';
  const message =
    `must be given: with ${times} and "clockToleranceMs" a used proof is remembered for ${String(seconds)} s, so that the default of ` +
    `${String(DEFAULT_PROOFS)} is enough for ${String(rate)} proofs per second; it is your proofs per second times ${String(seconds)}`;
  return [{ path: 'maxProofs', message }];
};

export const DPOP_GROUP: Group<ResolvedDpop> = {
  rows: DPOP_OPTIONS,
  rules: [keyFitsMemory, memoryIsEnough],
  hints: {
    nonces: 'unknown option; it is "nonce": { secrets }',
    required: "unknown option; it is senderConstrained: 'require'",
    enabled: "unknown option; it is senderConstrained: 'accept'",
  },
};
