import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseTtlMs, readFreshnessMs } from './freshness.js';

const NOW = Date.UTC(2026, 0, 1);
const date = (offsetMs: number): string => new Date(NOW + offsetMs).toUTCString();

describe('readFreshnessMs', () => {
  it.each<[string, Record<string, string>, number | undefined]>([
    ['no header', {}, undefined],
    ['max-age', { 'cache-control': 'max-age=300' }, 300_000],
    ['max-age among others', { 'cache-control': 'public, max-age=300, must-revalidate' }, 300_000],
    ['max-age in quotes', { 'cache-control': 'max-age="300"' }, 300_000],
    ['max-age in capitals', { 'cache-control': 'MAX-AGE=300' }, 300_000],
    ['s-maxage, which is for shared caches', { 'cache-control': 's-maxage=300' }, undefined],
    ['max-age before Expires', { 'cache-control': 'max-age=300', expires: date(60_000) }, 300_000],
    ['max-age less Age', { 'cache-control': 'max-age=300', age: '100' }, 200_000],
    ['Age beyond max-age', { 'cache-control': 'max-age=300', age: '301' }, undefined],
    ['an unreadable Age', { 'cache-control': 'max-age=300', age: '-1' }, 300_000],
    ['an Age with white space', { 'cache-control': 'max-age=300', age: ' 100 ' }, 200_000],
    ['max-age=0', { 'cache-control': 'max-age=0' }, undefined],
    ['max-age=0 beside Expires', { 'cache-control': 'max-age=0', expires: date(60_000) }, undefined],
    ['max-age with what is no whitespace', { 'cache-control': 'max-age=300\u00a0' }, undefined],
    ['a negative max-age', { 'cache-control': 'max-age=-1' }, undefined],
    ['a fractional max-age', { 'cache-control': 'max-age=1.5' }, undefined],
    ['max-age without a value', { 'cache-control': 'max-age' }, undefined],
    ['max-age that is no number', { 'cache-control': 'max-age=NaN' }, undefined],
    ['an endless max-age', { 'cache-control': `max-age=${'9'.repeat(400)}` }, 2 ** 31 * 1000],
    ['two max-ages', { 'cache-control': 'max-age=600, max-age=300' }, 300_000],
    ['two max-ages, the shorter one first', { 'cache-control': 'max-age=300, max-age=600' }, 300_000],
    ['the same max-age in two notations', { 'cache-control': 'max-age=300, max-age=3e2' }, 300_000],
    ['what only ends in max-age', { 'cache-control': 'x-max-age=300' }, undefined],
    ['max-age in a row of directives without blanks', { 'cache-control': 'public,max-age=300,x' }, 300_000],
    ['max-age with a semicolon', { 'cache-control': 'max-age=300;x' }, 300_000],
    ['max-age with a tab', { 'cache-control': 'max-age=300\t, x' }, 300_000],
    ['max-age with a blank before it', { 'cache-control': 'max-age= 300' }, undefined],
    ['max-age in quotes over two lines', { 'cache-control': 'max-age="\n300"' }, undefined],
    ['max-age with digits and more', { 'cache-control': 'max-age=x300' }, undefined],
    ['no-store', { 'cache-control': 'no-store' }, undefined],
    ['no-cache', { 'cache-control': 'no-cache' }, undefined],
    ['no-store beside max-age', { 'cache-control': 'no-store, max-age=300' }, undefined],
    ['no-cache for one field', { 'cache-control': 'no-cache="set-cookie", max-age=300' }, undefined],
    ['a directive inside quotes', { 'cache-control': 'x="no-store", max-age=300' }, 300_000],
    ['Expires', { expires: date(60_000) }, 60_000],
    ['Expires by the clock of the server', { expires: date(90_000), date: date(30_000) }, 60_000],
    ['Expires less Age', { expires: date(60_000), age: '10' }, 50_000],
    ['Expires beside an unreadable Date', { expires: date(60_000), date: 'yesterday' }, 60_000],
    ['an endless Expires', { expires: 'Fri, 31 Dec 9999 23:59:59 GMT' }, 2 ** 31 * 1000],
    ['Expires now', { expires: date(0) }, undefined],
    ['Expires with something before the date', { expires: `on ${date(60_000)}` }, undefined],
    ['Expires in another zone', { expires: `${date(60_000)}-0200` }, undefined],
    ['Expires with a name that is no day', { expires: date(60_000).replace('Thu', 'T') }, undefined],
    ['Expires in the past', { expires: date(-1) }, undefined],
    ['Expires 0', { expires: '0' }, undefined],
    ['Expires -1', { expires: '-1' }, undefined],
    ['Expires without a zone', { expires: 'Thu, 01 Jan 2026 01:00:00' }, undefined],
    ['Expires that is no date', { expires: 'Thu, soon GMT' }, undefined],
    ['Pragma, which is no cache header', { pragma: 'no-cache', 'cache-control': 'max-age=300' }, 300_000],
  ])('%s', (_name, headers, expected) => {
    expect(readFreshnessMs(headers, NOW)).toBe(expected);
  });

  it('never answers anything but a positive, finite time', () => {
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom('max-age=', 'no-store', ',', '=', '"', 'max-age=12', '0', date(60_000)),
    );
    const header = fc.array(text, { maxLength: 4 }).map((parts) => parts.join(''));
    const headers = fc.record(
      { 'cache-control': header, expires: header, age: header, date: header },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(headers, (fields) => {
        const freshnessMs = readFreshnessMs(fields, NOW);
        if (freshnessMs === undefined) return;
        expect(freshnessMs).toBeGreaterThan(0);
        expect(Number.isFinite(freshnessMs)).toBe(true);
      }),
    );
  });
});

describe('chooseTtlMs', () => {
  const range = { ttlMs: 600, minTtlMs: 60, maxTtlMs: 3600 };
  it.each([
    [undefined, 600],
    [1, 60],
    [60, 60],
    [700, 700],
    [3600, 3600],
    [1e12, 3600],
  ])('makes %s to %d', (freshnessMs, ttlMs) => {
    expect(chooseTtlMs(freshnessMs, range)).toBe(ttlMs);
  });
});
