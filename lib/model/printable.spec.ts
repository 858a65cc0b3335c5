import { describe, expect, it } from 'vitest';
import { quoted } from './printable.js';

describe('quoted', () => {
  it.each([
    ['https://id.example.com/', '"https://id.example.com/"'],
    ['say "no"', '"say \\"no\\""'],
    ['a\u001b[2Jb\nc', '"a?[2Jb?c"'],
    ['left\u202eright', '"left?right"'],
    ['half \ud83d', '"half ?"'],
    ['', '""'],
  ])('shows %j as %s', (text, shown) => {
    expect(quoted(text)).toBe(shown);
  });

  it('shows no more than a line, and no half of a character', () => {
    expect(quoted('x'.repeat(1_000))).toBe(`"${'x'.repeat(200)}…"`);
    expect(quoted('ab😀', 3)).toBe('"ab?…"');
  });
});
