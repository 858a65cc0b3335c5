import { describe, expect, it } from 'vitest';
import { decodeBytes, decodeText, mayBeBase64url } from './base64url.js';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

describe('a segment', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'of %d characters is taken if it is what its bytes are written as',
    (length) => {
      for (const last of ALPHABET) {
        const segment = 'A'.repeat(length - 1) + last;
        const bytes = Buffer.from(segment, 'base64url');
        const isCanonical = bytes.toString('base64url') === segment;
        expect(decodeBytes(segment)).toEqual(isCanonical ? bytes : undefined);
      }
    },
  );

  it.each([0, 1, 65_535, 65_536, 65_537, 200_000])('of %d bytes of text is read whole', (length) => {
    const text = 'x'.repeat(length);
    expect(decodeText(Buffer.from(text).toString('base64url'))).toBe(text);
  });

  it('is no text if it is not canonical, or not UTF-8', () => {
    for (const segment of [
      'A',
      'AB',
      'AAB',
      'AAAAA',
      'A A',
      'eyJ9=',
      Buffer.of(0xff).toString('base64url'),
    ]) {
      expect(decodeText(segment)).toBeUndefined();
    }
    expect(decodeText('w6k')).toBe('é');
  });
});

it('mayBeBase64url takes no other alphabet', () => {
  expect(mayBeBase64url(ALPHABET)).toBe(true);
  for (const text of ['a+b', 'a/b', 'é', '\u0141']) expect(mayBeBase64url(text)).toBe(false);
});
