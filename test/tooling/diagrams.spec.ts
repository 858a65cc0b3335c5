import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DIAGRAMS } from '../../scripts/draw-diagrams.mjs';

describe('the diagrams of the documents', () => {
  it.each(Object.entries(DIAGRAMS))(
    'docs/images/%s.svg is what "node scripts/draw-diagrams.mjs" draws',
    (name, picture) => {
      expect(readFileSync(new URL(`../../docs/images/${name}.svg`, import.meta.url), 'utf8')).toBe(picture);
    },
  );

  it.each(Object.entries(DIAGRAMS))('%s has colours for both themes', (_, picture) => {
    expect(picture).toContain('prefers-color-scheme:dark');
    // A colour outside of the style would be the same in both.
    expect(picture.replace(/<style>.*<\/style>/s, '')).not.toMatch(/(?:fill|stroke)="#/);
  });
});
