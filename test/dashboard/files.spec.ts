import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readAsset, renderPage } from '../../lib/dashboard/assets.js';

const FOLDER = 'lib/dashboard/client';
const files = readdirSync(FOLDER).filter((name) => !/(\.spec\.ts|tsconfig\.json)$/.test(name));

describe('the files of the page', () => {
  it.each(files.filter((name) => name !== 'index.html'))('%s is served', (name) => {
    expect(readAsset(name)?.body.length).toBeGreaterThan(0);
  });

  it('are in the build, and the specs beside them are not', () => {
    expect(readdirSync('dist/dashboard/client').toSorted()).toEqual(files.toSorted());
  });

  it('are all that the page asks for', () => {
    const asked = [
      ...renderPage({ base: '', mode: 'token', scopes: [] }).matchAll(/(?:src|href)="assets\/([^"]+)"/g),
    ].map(([, name]) => name);
    const imported = files
      .filter((name) => name.endsWith('.js'))
      .flatMap((name) => [...readFileSync(`${FOLDER}/${name}`, 'utf8').matchAll(/ from '\.\/([^']+)'/g)])
      .map(([, name]) => name);
    for (const name of [...asked, ...imported]) expect(readAsset(String(name)), String(name)).toBeDefined();
  });

  it('name the scopes that a token needs, whatever is in their names', () => {
    const html = renderPage({ base: 'a/', mode: 'token', scopes: ["<b>&'$&", 'identity:read'] });
    expect(html).toContain('<code>&#60;b&#62;&#38;&#39;$&#38; identity:read</code>');
    expect(html).toContain('src="a/assets/main.js"');
    expect(html).not.toContain('{{');
  });
});
