import { setImmediate } from 'node:timers/promises';
import type { PreparedKey } from '../tokens/verify-signature.js';
import { findUnreachable, type CandidatesCut } from './candidate-limits.js';
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
  /**
   * Called when keys that fit a token are left out, once for each key id and algorithm.
   *
   * @internal
   */
  readonly onCut: ((cut: CandidatesCut) => void) | undefined;
  /** Equal for two sets exactly if they hold the same (kid, alg, thumbprint) triples. */
  readonly fingerprint: string;
}

/** No provider needs more; a document full of keys must not cost us an import for each. */
const MAX_KEYS = 256;
/** After this long the event loop gets a turn. A P-521 key, the most expensive one, takes up to a millisecond more. */
const SLICE_MS = 4;

export interface ImportOptions {
  /** Its keys are taken over as they are if they are still in the document. */
  readonly previous?: KeySet | undefined;
  /** Called once for each query that has more keys than are tried. */
  readonly onCut?: ((cut: CandidatesCut) => void) | undefined;
  /** @default performance.now */
  readonly nowMs?: (() => number) | undefined;
  /** Lets the event loop go on. @default setImmediate */
  readonly nextTurn?: (() => Promise<void>) | undefined;
}

/** Imports the keys of a set; those that cannot be used are listed in `skipped`. */
export async function importKeySet(jwks: readonly unknown[], options: ImportOptions = {}): Promise<KeySet> {
  const { previous, onCut, nowMs = () => performance.now(), nextTurn = () => setImmediate() } = options;
  const known = new Map(previous?.keys.map((key) => [key.source, key]));
  const distinct = new Map<string, VerificationKey>();
  const skipped: SkippedKey[] = [];
  let sliceStartMs = nowMs();
  for (const jwk of jwks.slice(0, MAX_KEYS)) {
    const key = await importKey(jwk, known);
    if ('reason' in key) skipped.push(key);
    else {
      known.set(key.source, key);
      distinct.set(identityOf(key), key);
    }
    if (nowMs() - sliceStartMs < SLICE_MS) continue;
    await nextTurn();
    sliceStartMs = nowMs();
  }
  if (jwks.length > MAX_KEYS) {
    const reason = `only the first ${String(MAX_KEYS)} of ${String(jwks.length)} keys are used`;
    skipped.push({ kid: undefined, reason });
  }
  // A key that no token can reach is said to be skipped: otherwise its tokens would fail without an explanation.
  for (const [key, reason] of findUnreachable(distinct.values())) {
    distinct.delete(identityOf(key));
    skipped.push({ kid: undefined, reason });
  }
  return {
    keys: [...distinct.values()],
    skipped,
    selected: undefined,
    onCut,
    fingerprint: [...distinct.keys()].toSorted().join(),
  };
}

/** How a key is called in messages: by its id, else by its thumbprint. */
export function nameOf(key: VerificationKey): string {
  return key.kid ?? key.thumbprint;
}

/** The triple by which sets are compared: a provider that reorders its keys has not rotated them. */
export function identityOf(key: VerificationKey): string {
  return JSON.stringify([key.kid ?? null, key.alg ?? null, key.thumbprint]);
}
