import { describe, expect, it } from 'vitest';
import { clipped, printable, printableJson, quoted } from './printable.js';

/** Characters that must not reach a reader as themselves, and what is shown in their place. */
const HOSTILE: readonly (readonly [name: string, text: string, shown: string])[] = [
  ['an escape sequence', 'a\u001b[2Jb', 'a\\u001b[2Jb'],
  ['a line break', 'a\nb\r\u2028\u2029', 'a\\u000ab\\u000d\\u2028\\u2029'],
  ['NUL and DEL', '\u0000\u007f', '\\u0000\\u007f'],
  ['C1 controls, which some terminals obey', '\u009b2J\u0085', '\\u009b2J\\u0085'],
  ['an override of direction', 'left\u202eright', 'left\\u202eright'],
  ['isolates', '\u2066a\u2069', '\\u2066a\\u2069'],
  ['what has no width', 'a\u200bb\ufeff', 'a\\u200bb\\ufeff'],
  ['spaces that look like others', 'a\u00a0b\u3000', 'a\\u00a0b\\u3000'],
  ['a tag, of two units', '\u{e0041}', '\\udb40\\udc41'],
  ['half a character', 'half \ud83d', 'half \\ud83d'],
];

const HARMLESS = ['https://id.example.com/', 'ключ-1', '鍵 ✓', 'ab😀', ''];

describe('printable', () => {
  it.each(HOSTILE)('escapes %s', (_name, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it.each(HARMLESS)('leaves %j as it is', (text) => {
    expect(printable(text)).toBe(text);
  });
});

describe('clipped', () => {
  it.each<[string, number, string]>([
    ['abc', 3, 'abc'],
    ['abcd', 3, 'abc…'],
    ['', 0, ''],
    ['ab😀', 3, 'ab…'],
    ['ab😀', 4, 'ab😀'],
    ['a\u202eb', 6, 'a…'],
    ['a\u202eb', 7, 'a\\u202e…'],
  ])('shows %j within %i as %s, and cuts nothing in two', (text, maxLength, shown) => {
    expect(clipped(text, maxLength)).toBe(shown);
  });
});

describe('quoted', () => {
  it.each([
    ['https://id.example.com/', '"https://id.example.com/"'],
    ['say "no" \\ "yes"', '"say \\"no\\" \\\\ \\"yes\\""'],
    ['', '""'],
    ...HOSTILE.map(([, text, shown]) => [text, `"${shown}"`]),
  ])('shows %j as %s', (text, shown) => {
    expect(quoted(text)).toBe(shown);
    expect(JSON.parse(shown)).toBe(text);
  });

  it('shows no more than a line', () => {
    expect(quoted('x'.repeat(1_000))).toBe(`"${'x'.repeat(200)}…"`);
    expect(quoted('\u202e'.repeat(1_000_000)).length).toBeLessThan(204);
    expect(quoted('ab😀', 3)).toBe('"ab…"');
  });
});

describe('printableJson', () => {
  it.each([...HOSTILE.map(([, text]) => text), ...HARMLESS])('keeps %j, and shows none of it', (text) => {
    const value = { [text]: [text] };
    for (const indent of [undefined, 2]) {
      const json = printableJson(value, indent);
      expect(JSON.parse(json)).toEqual(value);
      expect(json.replaceAll('\n', '')).toBe(printable(json.replaceAll('\n', '')));
    }
  });

  it('is laid out as asked for', () => {
    expect(printableJson({ a: 1 }, 2)).toBe('{\n  "a": 1\n}');
    expect(printableJson({ a: 1 })).toBe('{"a":1}');
  });
});
