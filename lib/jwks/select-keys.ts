import type { KeyObject } from 'node:crypto';
import type { PreparedKey } from '../tokens/verify-signature.js';
import type { KeySet } from './key-set.js';

/** The members of a JOSE header that a key is found by. */
export interface KeyQuery {
  readonly alg: string;
  readonly kid?: string | undefined;
}

/**
 * The keys that may have signed a token: those that fit its `alg`, with the same `kid`, or all where the
 * token has none (RFC 7515 section 4.1.4, RFC 7517 section 4.5).
 *
 * `unknown` means that a newer set may have the key; `unfit` that the id is known, but not for this algorithm.
 */
export function selectKeys(set: KeySet, query: KeyQuery): readonly PreparedKey[] | 'unknown' | 'unfit' {
  const named = set.candidates.get(query.kid);
  if (named === undefined) return 'unknown';
  return named.get(query.alg) ?? (query.kid === undefined ? 'unknown' : 'unfit');
}

/** The key inside, for those who verify by other means. */
export function keyObjectOf({ input }: PreparedKey): KeyObject {
  return 'asymmetricKeyType' in input ? input : (input as { key: KeyObject }).key;
}
