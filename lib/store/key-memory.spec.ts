import { array, assert, integer, nat, property, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyMemory, type Now } from './key-memory.js';

/** Both clocks, which agree. */
const at = (ms: number): Now => ({ wallMs: ms, monotonicMs: ms });

describe('KeyMemory', () => {
  it('keeps a key for its time, and a second longer at the most', () => {
    const memory = new KeyMemory(10);
    expect(memory.add('a', 5_000, at(100))).toBe('added');
    expect([100, 5_099, 5_100].map((nowMs) => memory.add('a', 1, at(nowMs)))).toEqual(
      Array.from({ length: 3 }, () => 'present'),
    );
    expect(memory.add('a', 5_000, at(6_100))).toBe('added');
  });

  it('declines what does not fit, drops nothing for it, and has room again when keys end', () => {
    const memory = new KeyMemory(2);
    memory.add('a', 1_000, at(0));
    memory.add('b', 10_000, at(0));
    expect(memory.add('c', 1_000, at(500))).toBe('full');
    expect([memory.add('a', 1_000, at(500)), memory.add('b', 1_000, at(500)), memory.size]).toEqual([
      'present',
      'present',
      2,
    ]);
    expect(memory.add('c', 1_000, at(2_000))).toBe('added');
    expect([memory.size, memory.maxEntries]).toEqual([2, 2]);
  });

  it('forgets a key at once, and gives its place back when its time is over', () => {
    const memory = new KeyMemory(2);
    memory.add('a', 1_000, at(0));
    memory.forget('a');
    expect(memory.add('a', 60_000, at(1))).toBe('added');
    expect(memory.add('b', 1_000, at(2))).toBe('full');
    // The first time of "a" is over, its second is not.
    expect([memory.add('a', 1, at(5_000)), memory.size]).toEqual(['present', 1]);
    expect(memory.add('a', 1, at(62_000))).toBe('added');
  });

  it('has a bound for each owner, whose places come back with their keys', () => {
    const memory = new KeyMemory(10, 2);
    expect(['a', 'b', 'c'].map((key) => memory.add(key, 1_000, at(0), 'one'))).toEqual([
      'added',
      'added',
      'owner-full',
    ]);
    expect([memory.add('a', 1_000, at(0), 'one'), memory.add('d', 1_000, at(0), 'other')]).toEqual([
      'present',
      'added',
    ]);
    // Forgetting is no way to get more places.
    memory.forget('a');
    expect(memory.add('a', 1_000, at(1), 'one')).toBe('owner-full');
    expect([memory.add('a', 1_000, at(2_000), 'one'), memory.size]).toEqual(['added', 1]);
  });

  it('keeps a key until its time is over by both clocks', () => {
    const memory = new KeyMemory(10);
    memory.add('a', 5_000, { wallMs: 0, monotonicMs: 0 });
    expect(memory.add('a', 1, { wallMs: 900_000, monotonicMs: 4_999 })).toBe('present');
    expect(memory.add('a', 1, { wallMs: 1_000, monotonicMs: 900_000 })).toBe('present');
    expect(memory.add('a', 1, { wallMs: 901_000, monotonicMs: 5_000 })).toBe('added');
  });

  it('never lets a key in twice within its time, and never holds more than it may', () => {
    const use = record({ key: nat(20), ttlMs: integer({ min: 1, max: 5_000 }), gapMs: nat(700) });
    assert(
      property(array(use, { maxLength: 200 }), (uses) => {
        const memory = new KeyMemory(8, 5);
        const endsMs = new Map<number, number>();
        let nowMs = 0;
        for (const { key, ttlMs, gapMs } of uses) {
          nowMs += gapMs;
          const isLive = nowMs < (endsMs.get(key) ?? 0);
          const kept = memory.add(String(key), ttlMs, at(nowMs));
          if (isLive) expect(kept).toBe('present');
          if (kept === 'added') endsMs.set(key, nowMs + ttlMs);
          expect(memory.size).toBeLessThanOrEqual(8);
        }
      }),
    );
  });

  it('gives all places back after a time of any length', () => {
    const memory = new KeyMemory(1_000);
    for (let ms = 0; ms < 1_000; ms++) memory.add(`k${String(ms)}`, ms * 86, at(ms));
    memory.add('last', 1, at(10_000_000_000));
    expect(memory.size).toBe(1);
  });
});
