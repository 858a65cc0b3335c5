import type { KeyObject } from 'node:crypto';
import type { PreparedKey } from '../tokens/verify-signature.js';
import { maxCandidatesOf } from './candidate-limits.js';
import type { KeySet } from './key-set.js';

/** The members of a JOSE header that a key is found by. */
export interface KeyQuery {
  readonly alg: string;
  readonly kid?: string | undefined;
}

/**
 * The keys that may have signed a token: those that fit its `alg`, with the same `kid`, or all if the
 * token has none (RFC 7515 section 4.1.4, RFC 7517 section 4.5).
 *
 * `unknown` means that a newer set may have the key; `unfit` that the id is known, but not for this algorithm.
 */
export function selectKeys(set: KeySet, query: KeyQuery): readonly PreparedKey[] | 'unknown' | 'unfit' {
  const { alg, kid } = query;
  // Two look-ups without a string made of both: this runs for each token.
  const known = set.selected?.get(kid)?.get(alg);
  if (known !== undefined) return known;
  const named = kid === undefined ? set.keys : set.keys.filter((key) => key.kid === kid);
  const fitting = named.flatMap(
    ({ prepared }) => prepared.find(({ algorithm }) => algorithm.name === alg) ?? [],
  );
  // An id that is known, with a key for another algorithm, is no reason to fetch: a stranger could cause a request with each
  // token by naming a real id and a wrong algorithm.
  const [first] = fitting;
  if (first === undefined) return kid === undefined || named.length === 0 ? 'unknown' : 'unfit';
  const selected = fitting.slice(0, maxCandidatesOf(first.algorithm));
  if (selected.length < fitting.length) {
    set.onCut?.({ alg, kid, fitting: fitting.length, tried: selected.length });
  }
  set.selected ??= new Map();
  const byAlgorithm = set.selected.get(kid) ?? new Map<string, readonly PreparedKey[]>();
  set.selected.set(kid, byAlgorithm.set(alg, selected));
  return selected;
}

/** The key inside, for those who verify by other means. */
export function keyObjectOf({ input }: PreparedKey): KeyObject {
  return 'asymmetricKeyType' in input ? input : (input as { key: KeyObject }).key;
}
