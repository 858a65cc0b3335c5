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
    const asked = [...renderPage('', 'token').matchAll(/(?:src|href)="assets\/([^"]+)"/g)].map(
      ([, name]) => name,
    );
    const imported = files
      .filter((name) => name.endsWith('.js'))
      .flatMap((name) => [...readFileSync(`${FOLDER}/${name}`, 'utf8').matchAll(/ from '\.\/([^']+)'/g)])
      .map(([, name]) => name);
    for (const name of [...asked, ...imported]) expect(readAsset(String(name)), String(name)).toBeDefined();
  });
});
