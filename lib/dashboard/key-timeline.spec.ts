import { describe, expect, it } from 'vitest';
import { createKey } from '../../test/support/signing-key.js';
import type { VerificationKey } from '../jwks/import-key.js';
import { importKeySet } from '../jwks/key-set.js';
import { KeyTimeline } from './key-timeline.js';

const OURS = 'https://id.example.com';
const timeline = (): KeyTimeline => new KeyTimeline();

async function keysOf(...jwks: object[]): Promise<readonly VerificationKey[]> {
  return (await importKeySet(jwks)).keys;
}

const [one, two] = ['one', 'two'].map((kid) => createKey('ES256', kid).jwk);
/** Another key under the first one's id. */
const oneAgain = createKey('ES256', 'one').jwk;

/** A key as a set would hold it; only what names it. */
function madeUp(kid: string): VerificationKey {
  return { kid, alg: 'ES256', kty: 'EC', crv: 'P-256', thumbprint: kid } as VerificationKey;
}

describe('KeyTimeline', () => {
  it('knows nothing of an issuer that never had keys', () => {
    expect(timeline().of(OURS)).toEqual([]);
  });

  it('tells when a key came and when it left, those that are there first', async () => {
    const keys = timeline();
    keys.update(OURS, await keysOf(one ?? {}), 1_000);
    keys.update(OURS, await keysOf(one ?? {}, two ?? {}), 2_000);
    expect(keys.of(OURS).map(({ kid, firstSeenAtMs }) => [kid, firstSeenAtMs])).toEqual([
      ['two', 2_000],
      ['one', 1_000],
    ]);
    keys.update(OURS, await keysOf(two ?? {}), 3_000);
    keys.update(OURS, await keysOf(two ?? {}), 4_000);
    expect(keys.of(OURS)).toMatchObject([
      { kid: 'two', alg: 'ES256', firstSeenAtMs: 2_000, withdrawnAtMs: undefined },
      { kid: 'one', alg: 'ES256', firstSeenAtMs: 1_000, withdrawnAtMs: 3_000 },
    ]);
    for (const { thumbprint } of keys.of(OURS)) expect(thumbprint).toMatch(/^[\w-]{43}$/);
  });

  it('takes another key under the same id for another key', async () => {
    const keys = timeline();
    keys.update(OURS, await keysOf(one ?? {}), 1_000);
    keys.update(OURS, await keysOf(oneAgain), 2_000);
    expect(keys.of(OURS).map(({ kid, withdrawnAtMs }) => [kid, withdrawnAtMs])).toEqual([
      ['one', undefined],
      ['one', 2_000],
    ]);
  });

  it('lets a key come back with the time it was first seen', async () => {
    const keys = timeline();
    keys.update(OURS, await keysOf(one ?? {}, two ?? {}), 1_000);
    keys.update(OURS, await keysOf(two ?? {}), 2_000);
    keys.update(OURS, await keysOf(one ?? {}, two ?? {}), 3_000);
    expect(keys.of(OURS)).toHaveLength(2);
    for (const key of keys.of(OURS)) {
      expect(key).toMatchObject({ firstSeenAtMs: 1_000, withdrawnAtMs: undefined });
    }
  });

  it('names the type of a key that does not say its algorithm', async () => {
    const keys = timeline();
    const { alg: _, ...silent } = createKey('ES256', 'silent').jwk;
    keys.update(OURS, await keysOf(silent), 1);
    expect(keys.of(OURS)[0]?.alg).toBe('EC P-256');
  });

  it('remembers 32 former keys of an issuer, and drops the one that left first', () => {
    const keys = timeline();
    for (let round = 0; round < 5_000; round++) keys.update(OURS, [madeUp(`k${String(round)}`)], round);
    const all = keys.of(OURS);
    expect(all).toHaveLength(33);
    expect(all[0]?.kid).toBe('k4999');
    expect(all[1]?.kid).toBe('k4998');
    expect(all.at(-1)?.kid).toBe('k4967');
  });

  it('remembers 512 issuers at the most', () => {
    const keys = timeline();
    const tenant = (index: number): string => `https://${String(index)}.example`;
    for (let index = 0; index < 2_000; index++) keys.update(tenant(index), [madeUp('k')], index);
    const known = Array.from({ length: 2_000 }, (_, index) => keys.of(tenant(index)).length);
    expect(known.reduce((all, count) => all + count, 0)).toBe(512);
    expect(known.at(-1)).toBe(1);
  });
});
