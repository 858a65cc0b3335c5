import type { PreparedKey } from '../tokens/verify-signature.js';
import { importKey, type SkippedKey, type VerificationKey } from './import-key.js';

/** The usable keys of an issuer. The same object as long as the same keys are in it. */
export interface KeySet {
  readonly keys: readonly VerificationKey[];
  readonly skipped: readonly SkippedKey[];
  /**
   * What `selectKeys` found in this set, by key id (undefined for tokens without one) and algorithm: filled by use,
   * because most keys of most issuers are never used.
   *
   * @internal
   */
  selected: Map<string | undefined, Map<string, readonly PreparedKey[]>> | undefined;
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
  return {
    keys,
    skipped,
    selected: undefined,
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
