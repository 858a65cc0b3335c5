import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readDocuments } from './compile-blocks.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const { files } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { files: string[] };
const LEFT_OUT = files.filter((name) => name.startsWith('!')).map((name) => name.slice(1));
/** npm packs these whatever the list says. */
const ALWAYS = ['README.md', 'LICENSE', 'package.json'];

/** Whether a file of the repository is in the package too. */
function isShipped(file: string): boolean {
  const isIn = (name: string): boolean => file === name || file.startsWith(`${name}/`);
  if (LEFT_OUT.some(isIn) || !existsSync(path.join(ROOT, file))) return false;
  return [...ALWAYS, ...files].some(isIn) || files.some((glob) => matches(file, glob));
}

// A star or two between a folder and an ending: the two forms that the list has.
function matches(file: string, glob: string): boolean {
  const [folder = '', rest] = glob.split(/\/\*{1,2}(?:\/\*)?/);
  return rest !== undefined && file.startsWith(`${folder}/`) && file.endsWith(rest);
}

function linksOf(text: string): readonly string[] {
  const prose = text.replaceAll(/^(\s*)(`{3,})[^]*?^\s*\2/gm, '');
  const found = [...prose.matchAll(/\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"/g)];
  return found.map(([, link, source]) => link ?? source ?? '');
}

describe('a relative link', () => {
  const documents = new Map(readDocuments());
  for (const name of ['CHANGELOG.md', 'SECURITY.md']) {
    documents.set(name, readFileSync(path.join(ROOT, name), 'utf8'));
  }

  it.each([...documents].filter(([name]) => isShipped(name)))(
    'in %s leads to a file of the package',
    (name, text) => {
      const dead = linksOf(text)
        .filter((link) => !/^(?:[a-z]+:|#)/.test(link))
        .filter((link) => !isShipped(path.posix.join(path.posix.dirname(name), link.replace(/#.*/, ''))));
      expect(dead).toEqual([]);
    },
  );

  it('is found, and one to a file that is not in the package too', () => {
    expect(linksOf('[a](b.md#c) <img src="d.png">\n```md\n[e](f.md)\n```\n')).toEqual(['b.md#c', 'd.png']);
    const answers = [
      'docs/index.md',
      'docs/guides/health.md',
      'docs/decisions/README.md',
      'bench/README.md',
      'docs/none.md',
    ];
    expect(answers.map(isShipped)).toEqual([true, true, false, false, false]);
  });
});
