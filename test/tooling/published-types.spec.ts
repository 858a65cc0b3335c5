import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
const declarations = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.d.ts'),
);

describe('the published types', () => {
  it('are there', () => {
    expect(declarations).toContain('index.d.ts');
  });

  it.each(declarations)('%s shows nothing internal', (name) => {
    expect(readFileSync(`${dist}${name}`, 'utf8')).not.toContain('@internal');
  });
});
