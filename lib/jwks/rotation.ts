import { identityOf, nameOf, type KeySet } from './key-set.js';

/** Which keys came and went, by their names. */
export interface Rotation {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** undefined if the same keys are in both sets. */
export function rotationOf(before: KeySet, after: KeySet): Rotation | undefined {
  if (before.fingerprint === after.fingerprint) return undefined;
  const former = new Set(before.keys.map(identityOf));
  const latter = new Set(after.keys.map(identityOf));
  return {
    added: after.keys.filter((key) => !former.has(identityOf(key))).map(nameOf),
    removed: before.keys.filter((key) => !latter.has(identityOf(key))).map(nameOf),
  };
}
