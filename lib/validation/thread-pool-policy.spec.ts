import { describe, expect, it } from 'vitest';
import { findAlgorithm } from '../model/algorithms.js';
import type { PreparedKey } from '../tokens/verify-signature.js';
import { threadPoolPolicy, type PoolLoad } from './thread-pool-policy.js';

const keysOf = (name: string): readonly PreparedKey[] => [
  { algorithm: findAlgorithm(name) } as unknown as PreparedKey,
];
const RSA = keysOf('RS256');
const EC = keysOf('ES256');
const listOf = (length: number): string[] => Array.from({ length }, () => 'token');

describe('threadPoolPolicy', () => {
  it.each([
    ['RSA', RSA, 1_000],
    ['elliptic curves', EC, 48],
  ])('uses the pool for %s if the list is long enough', (_, keys, from) => {
    const takes = (length: number): boolean =>
      threadPoolPolicy(listOf(length), 'auto', { running: 0 }).takes(keys);
    expect([takes(from - 1), takes(from)]).toEqual([false, true]);
  });

  it('counts what an iterator has brought so far', () => {
    const pool = threadPoolPolicy(new Set(listOf(1)), 'auto', { running: 0 });
    const answers = Array.from({ length: 48 }, () => pool.takes(EC));
    expect(answers).toEqual([...Array.from({ length: 47 }, () => false), true]);
  });

  it('has 64 checks there at once, of all batches together, and takes more as they end', async () => {
    const load: PoolLoad = { running: 0 };
    const [one, other] = [
      threadPoolPolicy(listOf(100), 'auto', load),
      threadPoolPolicy(listOf(100), 'auto', load),
    ];
    const ends: (() => void)[] = [];
    const checks = Array.from({ length: 64 }, (_, at) => {
      const pool = at % 2 === 0 ? one : other;
      expect(pool.takes(EC)).toBe(true);
      return pool.run(() => new Promise<void>((resolve) => ends.push(resolve)));
    });
    expect([one.takes(EC), other.takes(EC)]).toEqual([false, false]);
    ends[0]?.();
    await checks[0];
    expect(other.takes(EC)).toBe(true);
    for (const end of ends) end();
    await Promise.all(checks);
    await expect(one.run(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(load.running).toBe(0);
  });

  it('follows whoever decides it', () => {
    const full: PoolLoad = { running: 1_000 };
    expect(threadPoolPolicy(listOf(1), 'always', full).takes(RSA)).toBe(true);
    expect(threadPoolPolicy(listOf(5_000), 'never', { running: 0 }).takes(EC)).toBe(false);
  });
});
