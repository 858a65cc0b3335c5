import { describe, expect, it } from 'vitest';
import { Backoff } from './backoff.js';

const asking = (retryAfterMs: unknown): Error => Object.assign(new Error('503'), { retryAfterMs });

describe('Backoff', () => {
  it('leaves nobody waiting before the first failure', () => {
    const backoff = new Backoff();
    expect([backoff.leftMs(0), backoff.failures, backoff.lastError]).toEqual([0, 0, undefined]);
  });

  it('doubles with each failure in a row and keeps the last error', () => {
    const backoff = new Backoff();
    const errors = ['first', 'second', 'third'].map((message) => new Error(message));
    expect(errors.map((error) => backoff.recordFailure(error, false, 10_000, 0))).toEqual([
      500, 1_000, 2_000,
    ]);
    expect([backoff.failures, backoff.lastError]).toEqual([3, errors[2]]);
  });

  it('is over when its time is over, and never less than nothing', () => {
    const backoff = new Backoff();
    backoff.recordFailure(new Error('down'), false, 10_000, 0);
    expect([10_000, 10_499, 10_500, 99_999].map((nowMs) => backoff.leftMs(nowMs))).toEqual([500, 1, 0, 0]);
  });

  it('lasts as long as the source asked for, longer if a value is there', () => {
    expect(new Backoff().recordFailure(asking(120_000), true, 0, 0)).toBe(120_000);
    expect(new Backoff().recordFailure(asking(120_000), false, 0, 0)).toBe(60_000);
  });

  it.each([
    ['text', asking('120000')],
    ['NaN', asking(Number.NaN)],
    ['no bound', asking(Infinity)],
    ['nothing', asking(undefined)],
    ['a time in what is no error', { retryAfterMs: 120_000 }],
    ['a failure that is undefined', undefined],
  ])('makes nothing of %s', (_what, error) => {
    expect(new Backoff().recordFailure(error, true, 0, 0)).toBe(500);
  });

  it('can be extended, and not shortened', () => {
    const backoff = new Backoff();
    backoff.extendTo(700);
    backoff.extendTo(300);
    expect(backoff.leftMs(0)).toBe(700);
    backoff.recordFailure(new Error('down'), false, 0, 0);
    expect(backoff.leftMs(0)).toBe(500);
  });

  it('begins anew after a reset', () => {
    const backoff = new Backoff();
    backoff.recordFailure(new Error('down'), false, 0, 0);
    backoff.recordFailure(new Error('down'), false, 0, 0);
    backoff.reset();
    expect([backoff.leftMs(0), backoff.failures, backoff.lastError]).toEqual([0, 0, undefined]);
    expect(backoff.recordFailure(new Error('down'), false, 0, 0)).toBe(500);
  });
});
