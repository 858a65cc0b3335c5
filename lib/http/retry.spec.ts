import { describe, expect, it } from 'vitest';
import { isNoSuchDocument, isTransientStatus, readRetryAfterMs, retryDelayMs } from './retry.js';

describe('isTransientStatus', () => {
  it.each([429, 502, 503, 504])('holds for %d', (status) => {
    expect(isTransientStatus(status)).toBe(true);
  });

  it.each([200, 301, 400, 401, 403, 404, 408, 500, 501, 505])('does not hold for %d', (status) => {
    expect(isTransientStatus(status)).toBe(false);
  });
});

describe('isNoSuchDocument', () => {
  it.each([400, 401, 403, 404, 410, 424, 451, 499])('holds for %d', (status) => {
    expect(isNoSuchDocument(status)).toBe(true);
  });

  it.each([200, 304, 399, 408, 425, 429, 500, 503])('does not hold for %d', (status) => {
    expect(isNoSuchDocument(status)).toBe(false);
  });
});

describe('retryDelayMs', () => {
  it('doubles up to a bound, with full jitter', () => {
    expect([1, 2, 3, 4, 5, 50, 5000].map((retry) => retryDelayMs(retry, 1))).toEqual([
      200, 400, 800, 1600, 2000, 2000, 2000,
    ]);
    expect(retryDelayMs(3, 0.5)).toBe(400);
    expect(retryDelayMs(3, 0)).toBe(0);
  });
});

describe('readRetryAfterMs', () => {
  const NOW_MS = Date.UTC(1994, 10, 6, 8, 49, 7);

  it.each([
    ['0', 0],
    ['1', 1_000],
    ['120', 120_000],
    ['999999999', 999_999_999_000],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 30_000],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 30_000],
    ['Sun Nov  6 08:49:37 1994', 30_000],
    ['Sun, 06 Nov 1994 08:48:00 GMT', 0],
  ])('reads %j', (value, expected) => {
    expect(readRetryAfterMs(value, NOW_MS)).toBe(expected);
  });

  it.each([
    undefined,
    '',
    ' ',
    '-1',
    '+1',
    '1.5',
    '1e3',
    '0x10',
    '10 s',
    '1, 2',
    '9999999999',
    'soon',
    'NaN',
    '1994-11-06T08:49:37Z',
    'Sun, 99 Foo 1994 08:49:37 GMT',
    'on Sun, 06 Nov 1994 08:49:37 GMT',
  ])('makes nothing of %j', (value) => {
    expect(readRetryAfterMs(value, NOW_MS)).toBeUndefined();
  });
});
