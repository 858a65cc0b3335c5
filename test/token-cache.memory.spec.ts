import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

interface Measured {
  readonly shape: string;
  readonly taken: number;
  readonly estimated: number;
}

it('estimates the memory of verified tokens within a factor of 2 of the heap, whatever their claims are', () => {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--expose-gc', 'test/support/measure-token-cache.mjs'],
    { encoding: 'utf8' },
  );
  expect(stderr).toBe('');
  const measured = JSON.parse(stdout) as Measured[];
  expect(measured.length).toBeGreaterThan(10);
  const off = measured.filter(({ taken, estimated }) => !(estimated >= taken / 2 && estimated <= taken * 2));
  expect(off).toEqual([]);
}, 60_000);
