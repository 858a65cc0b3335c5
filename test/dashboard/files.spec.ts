import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadAssets, readAsset, renderPage } from '../../lib/dashboard/assets.js';

const FOLDER = 'lib/dashboard/client';
const files = readdirSync(FOLDER).filter((name) => !/(\.spec\.ts|tsconfig\.json|\.md)$/.test(name));

describe('the files of the page', () => {
  it.each(files.filter((name) => name !== 'index.html'))('%s is served', (name) => {
    expect(readAsset(name)?.body.length).toBeGreaterThan(0);
  });

  it('are in the build, and the specs beside them are not', () => {
    expect(readdirSync('dist/dashboard/client').toSorted()).toEqual(files.toSorted());
  });

  it.each([undefined, 'index.html', 'main.js'])(
    'stop the start with what to do without %s',
    async (missing) => {
      // Within the project: a build finds its packages from there.
      const folder = mkdtempSync('test/dashboard/build-');
      try {
        cpSync('dist', folder, {
          recursive: true,
          filter: (file) => !file.endsWith(`client/${String(missing)}`),
        });
        const file = pathToFileURL(path.resolve(folder, 'dashboard/assets.js')).href;
        const assets = (await import(file)) as { loadAssets: typeof loadAssets };
        if (missing === undefined) assets.loadAssets();
        else {
          expect(() => assets.loadAssets()).toThrow(
            expect.objectContaining({
              code: 'options_invalid',
              message: expect.stringMatching(
                new RegExp(`"${missing}" of the page cannot be read.*--packages=external`),
              ) as string,
            }) as Error,
          );
        }
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );

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
