import { array, assert, integer, nat, property, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyMemory } from './key-memory.js';

describe('KeyMemory', () => {
  it('keeps a key for its time, and a second longer at the most', () => {
    const memory = new KeyMemory(10);
    expect(memory.add('a', 5_000, 100)).toBe('added');
    expect([100, 5_099, 5_100].map((nowMs) => memory.add('a', 1, nowMs))).toEqual(
      Array.from({ length: 3 }, () => 'present'),
    );
    expect(memory.add('a', 5_000, 6_100)).toBe('added');
  });

  it('declines what does not fit, drops nothing for it, and has room again when keys end', () => {
    const memory = new KeyMemory(2);
    memory.add('a', 1_000, 0);
    memory.add('b', 10_000, 0);
    expect(memory.add('c', 1_000, 500)).toBe('full');
    expect([memory.add('a', 1_000, 500), memory.add('b', 1_000, 500), memory.size]).toEqual([
      'present',
      'present',
      2,
    ]);
    expect(memory.add('c', 1_000, 2_000)).toBe('added');
    expect([memory.size, memory.maxEntries]).toEqual([2, 2]);
  });

  it('forgets a key at once, and gives its place back when its time is over', () => {
    const memory = new KeyMemory(2);
    memory.add('a', 1_000, 0);
    memory.forget('a');
    expect(memory.add('a', 60_000, 1)).toBe('added');
    expect(memory.add('b', 1_000, 2)).toBe('full');
    // The first time of "a" is over, its second is not.
    expect([memory.add('a', 1, 5_000), memory.size]).toEqual(['present', 1]);
    expect(memory.add('a', 1, 62_000)).toBe('added');
  });

  it('never lets a key in twice within its time, and never holds more than it may', () => {
    const use = record({ key: nat(20), ttlMs: integer({ min: 1, max: 5_000 }), gapMs: nat(700) });
    assert(
      property(array(use, { maxLength: 200 }), (uses) => {
        const memory = new KeyMemory(8);
        const endsMs = new Map<number, number>();
        let nowMs = 0;
        for (const { key, ttlMs, gapMs } of uses) {
          nowMs += gapMs;
          const isLive = nowMs < (endsMs.get(key) ?? 0);
          const kept = memory.add(String(key), ttlMs, nowMs);
          if (isLive) expect(kept).toBe('present');
          if (kept === 'added') endsMs.set(key, nowMs + ttlMs);
          expect(memory.size).toBeLessThanOrEqual(8);
        }
      }),
    );
  });

  it('gives all places back after a time of any length', () => {
    const memory = new KeyMemory(1_000);
    for (let at = 0; at < 1_000; at++) memory.add(`k${String(at)}`, at * 86, at);
    memory.add('last', 1, 10_000_000_000);
    expect(memory.size).toBe(1);
  });
});
