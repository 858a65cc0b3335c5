import type { PreparedKey } from '../tokens/verify-signature.js';
import { importKey, type SkippedKey, type VerificationKey } from './import-key.js';

/** The usable keys of an issuer. The same object as long as the same keys are in it. */
export interface KeySet {
  readonly keys: readonly VerificationKey[];
  readonly byKid: ReadonlyMap<string, readonly VerificationKey[]>;
  readonly skipped: readonly SkippedKey[];
  /**
   * Keys that may have signed a token, made ready, by key id (undefined for tokens without one) and algorithm.
   *
   * @internal
   */
  readonly candidates: ReadonlyMap<string | undefined, ReadonlyMap<string, readonly PreparedKey[]>>;
  /** Equal for two sets exactly if they hold the same (kid, alg, thumbprint) triples. */
  readonly fingerprint: string;
}

/** No provider needs more; a document full of keys must not cost us an import for each. */
const MAX_KEYS = 256;

/** Imports the keys of a set; those that cannot be used are listed in `skipped`. */
export async function importKeySet(jwks: readonly unknown[]): Promise<KeySet> {
  const imported = await Promise.all(jwks.slice(0, MAX_KEYS).map(importKey));
  const skipped = imported.filter((key): key is SkippedKey => 'reason' in key);
  if (jwks.length > MAX_KEYS) {
    const reason = `only the first ${String(MAX_KEYS)} of ${String(jwks.length)} keys are used`;
    skipped.push({ kid: undefined, reason });
  }
  const distinct = new Map<string, VerificationKey>();
  for (const key of imported) if (!('reason' in key)) distinct.set(identityOf(key), key);
  const keys = [...distinct.values()];
  const byKid = groupByKid(keys);
  return {
    keys,
    byKid,
    skipped,
    candidates: new Map([
      [undefined, candidatesAmong(keys)],
      ...[...byKid].map(([kid, group]) => [kid, candidatesAmong(group)] as const),
    ]),
    fingerprint: [...distinct.keys()].toSorted().join('\n'),
  };
}

/** How a key is called in messages: by its id, else by its thumbprint. */
export function nameOf(key: VerificationKey): string {
  return key.kid ?? key.thumbprint;
}

export function identityOf(key: VerificationKey): string {
  return JSON.stringify([key.kid ?? null, key.alg ?? null, key.thumbprint]);
}

/** More keys than this are not tried for one token: each costs a signature check. */
const MAX_CANDIDATES = 4;

function candidatesAmong(keys: readonly VerificationKey[]): ReadonlyMap<string, readonly PreparedKey[]> {
  const candidates = new Map<string, PreparedKey[]>();
  for (const { prepared } of keys) {
    for (const [algorithm, key] of prepared) {
      const list = candidates.get(algorithm);
      if (list === undefined) candidates.set(algorithm, [key]);
      else if (list.length < MAX_CANDIDATES) list.push(key);
    }
  }
  return candidates;
}

function groupByKid(keys: readonly VerificationKey[]): ReadonlyMap<string, readonly VerificationKey[]> {
  const groups = new Map<string, VerificationKey[]>();
  for (const key of keys) {
    if (key.kid === undefined) continue;
    const group = groups.get(key.kid);
    if (group === undefined) groups.set(key.kid, [key]);
    else group.push(key);
  }
  return groups;
}
