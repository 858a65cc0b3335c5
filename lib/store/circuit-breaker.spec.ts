import { array, assert, nat, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CircuitBreaker, type Permit } from './circuit-breaker.js';

/** Fails the question that may be asked now. */
function fail(breaker: CircuitBreaker, nowMs: number, random = 0): number {
  const permit = breaker.ask(nowMs);
  if (permit === undefined) throw new Error('nobody may ask');
  return breaker.recordFailure(permit, nowMs, random)?.retryInMs ?? 0;
}

describe('CircuitBreaker', () => {
  it('lets everybody ask before the first failure', () => {
    const breaker = new CircuitBreaker();
    expect([breaker.ask(0), breaker.ask(0)]).toEqual([0, 0]);
    expect([breaker.isOpen, breaker.failuresInRow, breaker.leftMs(0)]).toEqual([false, 0, 0]);
    expect(breaker.recordSuccess(0, 5)).toBeUndefined();
  });

  it('lets nobody ask for a pause after one failure, then one at a time', () => {
    const breaker = new CircuitBreaker();
    expect(fail(breaker, 1_000)).toBe(125);
    expect(breaker.isOpen).toBe(true);
    expect([1_000, 1_124].map((nowMs) => breaker.ask(nowMs))).toEqual([undefined, undefined]);
    expect([1_000, 1_124, 1_125, 9_999].map((nowMs) => breaker.leftMs(nowMs))).toEqual([125, 1, 0, 0]);
    expect(breaker.ask(1_125)).toBe(1);
    expect(breaker.ask(1_125)).toBeUndefined();
    expect(breaker.ask(999_999)).toBeUndefined();
  });

  it('doubles the pause with each probe that fails, up to 5 s, the upper half by chance', () => {
    const breaker = new CircuitBreaker();
    let nowMs = 0;
    const pauses = Array.from({ length: 7 }, () => {
      const pause = fail(breaker, nowMs, 0.999_999);
      nowMs += pause;
      return Math.round(pause);
    });
    expect(pauses).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
    expect(fail(breaker, nowMs, 0)).toBe(2_500);
    expect(breaker.failuresInRow).toBe(8);
  });

  it('is closed by a probe that is answered, and says for how long there was no answer', () => {
    const breaker = new CircuitBreaker();
    fail(breaker, 1_000);
    fail(breaker, 1_200);
    const probe = breaker.ask(2_000);
    expect(breaker.recordSuccess(probe as Permit, 2_010)).toBe(1_010);
    expect([breaker.isOpen, breaker.failuresInRow, breaker.leftMs(2_010)]).toEqual([false, 0, 0]);
    expect(fail(breaker, 3_000)).toBe(125);
  });

  it('takes many failures of one moment for one', () => {
    const breaker = new CircuitBreaker();
    const permits = [0, 1, 2].map(() => breaker.ask(0) as Permit);
    expect(permits.map((permit) => breaker.recordFailure(permit, 100, 0)?.failures)).toEqual([
      1,
      undefined,
      undefined,
    ]);
    expect(breaker.leftMs(100)).toBe(125);
  });

  it('believes no answer to a question of before the failure', () => {
    const breaker = new CircuitBreaker();
    const [first, second] = [breaker.ask(0) as Permit, breaker.ask(0) as Permit];
    breaker.recordFailure(first, 100, 0);
    expect(breaker.recordSuccess(second, 101)).toBeUndefined();
    expect(breaker.isOpen).toBe(true);
  });

  it('asks a store that is down at most once in a pause, whatever comes', () => {
    assert(
      property(array(nat(400), { maxLength: 300 }), (gaps) => {
        const breaker = new CircuitBreaker();
        let nowMs = 0;
        let asked = 0;
        for (const gap of gaps) {
          nowMs += gap;
          const permit = breaker.ask(nowMs);
          if (permit === undefined) continue;
          asked++;
          breaker.recordFailure(permit, nowMs, 0);
        }
        // The shortest pauses: 125, 250, 500, 1000, 2000, then 2500 ms each.
        expect(asked).toBeLessThanOrEqual(6 + nowMs / 2_500);
      }),
    );
  });
});
