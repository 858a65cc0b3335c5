import { expect, it } from 'vitest';
import { trimOptionalWhitespace } from './optional-whitespace.js';

it.each([
  ['', ''],
  [' \t ', ''],
  [' \ta b\t ', 'a b'],
  ['\u00a0a\u00a0', '\u00a0a\u00a0'],
  ['\u000ba\f', '\u000ba\f'],
  [' \n a \ufeff', '\n a \ufeff'],
])('of %j leaves %j', (value, expected) => {
  expect(trimOptionalWhitespace(value)).toBe(expected);
});
