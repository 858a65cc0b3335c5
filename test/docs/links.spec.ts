import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readDocuments } from './compile-blocks.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PAGES = [...readDocuments().keys(), 'SECURITY.md', 'CHANGELOG.md', 'CONTRIBUTING.md'];

const withoutCode = (text: string): string => text.replaceAll(/^ *(```+)[^]*?^ *\1$/gm, '');

/** The anchors that GitHub makes of headings, and those that are written out. */
function anchorsOf(file: string): ReadonlySet<string> {
  const text = withoutCode(readFileSync(path.join(ROOT, file), 'utf8'));
  const seen = new Map<string, number>();
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => {
    const slug = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    return times === 0 ? slug : `${slug}-${String(times)}`;
  });
  return new Set([...headings, ...[...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id)]);
}

/** What a link that stays in the repository is wrong about; undefined if it is right. */
function faultOf(page: string, link: string): string | undefined {
  const [target = '', anchor] = link.split('#');
  const file = target === '' ? page : path.posix.join(path.posix.dirname(page), target);
  if (!existsSync(path.join(ROOT, file))) return `${link}: no such file`;
  if (anchor === undefined || !file.endsWith('.md')) return undefined;
  return anchorsOf(file).has(anchor) ? undefined : `${link}: no such heading`;
}

const linksOf = (text: string): string[] =>
  [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"/g)]
    .map(([, link, source]) => link ?? source ?? '')
    .filter((link) => !/^[a-z]+:/.test(link));

describe('links between the documents', () => {
  it.each(PAGES)('in %s lead to a file and a heading', (page) => {
    const links = linksOf(readFileSync(path.join(ROOT, page), 'utf8'));
    expect(links.map((link) => faultOf(page, link)).filter((fault) => fault !== undefined)).toEqual([]);
  });

  it('are found, and a wrong one is noticed', () => {
    expect(linksOf('[a](b.md#c) ![d](../e.svg) [f](https://g.example) <img src="h.png">')).toEqual([
      'b.md#c',
      '../e.svg',
      'h.png',
    ]);
    expect(faultOf('docs/index.md', 'guides/testing.md#no-such-heading')).toContain('no such heading');
    expect(faultOf('docs/index.md', 'guides/none.md')).toContain('no such file');
    expect(faultOf('docs/index.md', '../README.md#quick-start')).toBeUndefined();
  });
});
