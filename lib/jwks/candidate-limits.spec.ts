import { describe, expect, it } from 'vitest';
import { createKey } from '../../test/support/signing-key.js';
import { SIGNATURE_ALGORITHMS } from '../model/algorithms.js';
import { findUnreachable, maxCandidatesOf } from './candidate-limits.js';
import { importKey, type VerificationKey } from './import-key.js';

/** Keys of an algorithm; all are equal, which makes no difference here. */
async function keysOf(count: number, alg: string, members: object): Promise<readonly VerificationKey[]> {
  const imported = await importKey({ ...createKey(alg, 'k').jwk, ...members });
  if ('reason' in imported) throw new Error(imported.reason);
  return Array.from({ length: count }, () => ({ ...imported }));
}

const anonymous = { kid: undefined };

describe('the number of keys that are tried for one token', () => {
  it('is 4 for the algorithms whose checks are slow, and 16 for the others', () => {
    const slow = SIGNATURE_ALGORITHMS.filter((algorithm) => maxCandidatesOf(algorithm) === 4);
    expect(slow.map(({ name }) => name)).toEqual([
      'ES384',
      'ES512',
      'ES256K',
      'ML-DSA-44',
      'ML-DSA-65',
      'ML-DSA-87',
    ]);
    const others = SIGNATURE_ALGORITHMS.filter((algorithm) => !slow.includes(algorithm));
    expect(new Set(others.map(maxCandidatesOf))).toEqual(new Set([16]));
  });
});

describe('the keys that no token can reach', () => {
  it.each([
    ['ES256', 16],
    ['RS256', 16],
    ['EdDSA', 16],
    ['ES384', 4],
  ])('are those of %s without an id behind %i others', async (alg, most) => {
    const keys = await keysOf(most + 2, alg, anonymous);
    expect([...findUnreachable(keys)]).toEqual(
      keys
        .slice(most)
        .map((key) => [
          key,
          `it has no "kid", and a token without one is tried with the first ${String(most)} keys`,
        ]),
    );
    expect([...findUnreachable(keys.slice(0, most))]).toEqual([]);
  });

  it('are also those behind keys with an id, but none with an id itself', async () => {
    const named = await keysOf(20, 'ES384', { kid: 'named' });
    const [open] = await keysOf(1, 'ES384', anonymous);
    expect([...findUnreachable([...named.slice(0, 3), open as VerificationKey]).keys()]).toEqual([]);
    expect([...findUnreachable([...named.slice(0, 4), open as VerificationKey]).keys()]).toEqual([open]);
    expect([...findUnreachable(named).keys()]).toEqual([]);
  });

  it('are counted for each algorithm apart', async () => {
    const es256 = await keysOf(10, 'ES256', anonymous);
    const es384 = await keysOf(4, 'ES384', anonymous);
    const eddsa = await keysOf(10, 'EdDSA', anonymous);
    expect([...findUnreachable([...es384, ...es256, ...eddsa]).keys()]).toEqual([]);
  });

  it('are none of those that one of their algorithms still reaches', async () => {
    const rs256 = await keysOf(16, 'RS256', anonymous);
    const open = await keysOf(17, 'RS256', { kid: undefined, alg: undefined });
    // The 16 are the only ones for RS256; the open ones still serve the five other algorithms of RSA.
    expect([...findUnreachable([...rs256, ...open]).keys()]).toEqual([open[16]]);
  });

  it('does not count a key that cannot be reached before those behind it', async () => {
    const rs256 = await keysOf(20, 'RS256', anonymous);
    const [open] = await keysOf(1, 'RS256', { kid: undefined, alg: undefined });
    expect([...findUnreachable([...rs256, open as VerificationKey]).keys()]).toEqual(rs256.slice(16));
  });
});
