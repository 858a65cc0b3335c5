import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readAsset, renderPage } from '../../lib/dashboard/assets.js';
import { PAGE_FILES } from '../../lib/dashboard/page-files.js';

const FOLDER = 'lib/dashboard/client';
const files = readdirSync(FOLDER).filter((name) => !/(\.spec\.ts|tsconfig\.json|\.md)$/.test(name));

describe('the files of the page', () => {
  it.each(files.filter((name) => name !== 'index.html'))('%s is served', (name) => {
    expect(readAsset(name)?.body.length).toBeGreaterThan(0);
  });

  it('are text in the build, each as it is here, with the licence of uPlot', async () => {
    const file = path.resolve('dist/dashboard/page-files.js');
    const built = (await import(pathToFileURL(file).href)) as { PAGE_FILES: typeof PAGE_FILES };
    expect(built.PAGE_FILES).toEqual(PAGE_FILES);
    expect(Object.keys(PAGE_FILES).toSorted()).toEqual([...files, 'uplot.css', 'uplot.js'].toSorted());
    expect(readFileSync(file, 'utf8')).toMatch(/^\/\*! uPlot.*Copyright \(c\) \d+ Leon Sorokin.*AS IS/s);
  });

  it('leave nothing in the build that a bundler or CommonJS cannot follow', () => {
    const places = readdirSync('dist', { recursive: true, encoding: 'utf8' });
    const unfollowed = places.filter(
      (name) =>
        name.endsWith('.js') &&
        name !== path.join('dashboard', 'page-files.js') &&
        /\bimport\.meta\b|\bcreateRequire\b/.test(readFileSync(path.join('dist', name), 'utf8')),
    );
    expect(places).not.toContain(path.join('dashboard', 'client'));
    expect(unfollowed).toEqual([]);
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
