import { describe, expect, it } from 'vitest';
import { printable as printableOfLibrary } from '../../model/printable.js';
import { formatMs, formatPercent, formatRate, formatSpan, formatWindow, printable } from './format.js';

describe('numbers and times in words', () => {
  it.each([
    [0, '0 %'],
    [1, '100 %'],
    [0.0004, '< 0.1 %'],
    [0.9999999, '99.99 %'],
    [0.0714, '7.1 %'],
  ])('a share of %d is %s', (ratio, text) => {
    expect(formatPercent(ratio)).toBe(text);
  });

  it.each([
    [0, '0 ms'],
    [0.0001, '0.1 µs'],
    [0.0582, '58 µs'],
    [0.9996, '1.0 ms'],
    [1.25, '1.3 ms'],
    [111.2, '111 ms'],
    [999.6, '1.0 s'],
    [12_400, '12 s'],
  ])('%d milliseconds are %s', (ms, text) => {
    expect(formatMs(ms)).toBe(text);
  });

  it.each([
    [-5, '0 s'],
    [59_400, '59 s'],
    [59_600, '1 min'],
    [140_000, '2 min 20 s'],
    [600_000, '10 min'],
    [601_000, '10 min'],
    [3_600_000, '1 h'],
    [5_400_000, '1 h 30 min'],
    [90_000_000, '1 d 1 h'],
  ])('a span of %d milliseconds is %s', (ms, text) => {
    expect(formatSpan(ms)).toBe(text);
  });

  it('names the window as it is meant, not as it was measured', () => {
    expect(formatWindow(295_004)).toBe('5 min');
  });

  it.each([
    [0, '0'],
    [0.04, '< 0.1'],
    [4.26, '4.3'],
    [1234.5, '1,235'],
  ])('a rate of %d is %s', (rate, text) => {
    expect(formatRate(rate)).toBe(text);
  });
});

describe('what others say', () => {
  it('is escaped as the library escapes it', () => {
    const differing: number[] = [];
    for (let code = 0; code <= 0x10_ff_ff; code += code < 0x1_00_00 ? 1 : 61) {
      const character = String.fromCodePoint(code);
      if (character === '\n' || /\p{Zs}/u.test(character)) continue;
      if (printable(character) !== printableOfLibrary(character)) differing.push(code);
    }
    expect(differing).toEqual([]);
    expect(printable('a\u202eb\u009b\u{e0041}')).toBe(String.raw`a\u202eb\u009b\udb40\udc41`);
    expect(printable('{\n  "a": 1\n}')).toBe('{\n  "a": 1\n}');
  });
});
