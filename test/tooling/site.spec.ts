import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { brokenLinks } from '../../site/links.mjs';
import { homeOf } from '../../site/home.mjs';
import { anchorOf, targetOf } from '../../site/markdown.mjs';
import { addressOf, filesOfDocs, missingPages, sidebarOf } from '../../site/pages.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
const files: Readonly<Record<string, string>> = {
  'docs/index.md':
    '# Documentation\n\n## Introduction\n\n- [README](../README.md): install\n\n## Providers\n\n' +
    '- [Providers](providers/index.md): Auth0 and [others](providers/none.md)\n\n## Reference\n\n- [`Options`](reference/options.md)\n',
  'docs/providers/index.md':
    '# Providers\n\n- [Auth0](auth0.md)\n- [Options](../reference/options.md)\n- [Claims](auth0.md#claims)\n',
};
const sidebar = sidebarOf((file) => files[file] ?? '');

describe('the sidebar of the documentation site', () => {
  it('has the groups of docs/index.md, and the pages that the index of a folder lists', () => {
    expect(sidebar).toEqual([
      { text: 'Introduction', items: [{ text: 'README', link: '/README' }] },
      {
        text: 'Providers',
        items: [
          { text: 'Providers', link: '/docs/providers/' },
          { text: 'Auth0', link: '/docs/providers/auth0' },
        ],
      },
      { text: 'Reference', items: [{ text: 'Options', link: '/docs/reference/options' }] },
    ]);
  });

  it('has the pages that an index lists below it, beside others', () => {
    const map = '\n## All\n\n- [Providers](providers/index.md)\n- [Options](reference/options.md)\n';
    const [all] = sidebarOf((file) => (file === 'docs/index.md' ? map : (files[file] ?? '')));
    expect(all?.items).toEqual([
      {
        text: 'Providers',
        link: '/docs/providers/',
        collapsed: true,
        items: [{ text: 'Auth0', link: '/docs/providers/auth0' }],
      },
      { text: 'Options', link: '/docs/reference/options' },
    ]);
  });

  it('has every page of docs/', () => {
    expect(missingPages(filesOfDocs(ROOT), sidebarOf(read))).toEqual([]);
  });

  it('misses a page that no list has, at any depth, but for the pages of contributors', () => {
    const pages = [
      'docs/index.md',
      'docs/architecture.md',
      'docs/decisions/0001-x.md',
      'docs/providers/auth0.md',
    ];
    expect(missingPages(pages, sidebar)).toEqual([]);
    expect(missingPages([...pages, 'docs/guides/new.md', 'docs/providers/okta.md'], sidebar)).toEqual([
      'docs/guides/new.md',
      'docs/providers/okta.md',
    ]);
  });

  it('leads to addresses without .md, and to folders for index.md', () => {
    expect(
      ['index.md', 'docs/index.md', 'docs/guides/health.md', 'docs/guides/my-index.md'].map(addressOf),
    ).toEqual(['/', '/docs/', '/docs/guides/health', '/docs/guides/my-index']);
  });
});

describe('the first page of the documentation site', () => {
  it('has the title, the sentence and the list of README.md', () => {
    const { hero, features } = homeOf(read('README.md'));
    expect(hero).toMatchObject({ name: 'nestjs-identity-model' });
    expect(features.length).toBeGreaterThan(2);
    expect(features.filter(({ title, details }) => title === '' || details === '')).toEqual([]);
  });

  it('has plain text, in sentences', () => {
    const readme =
      '# name\n\nOne *sentence*\nof two lines.\n\n- **Fast.** It `is`\n  [so](docs/performance.md).\n- **One guard**, with codes.\n\n## Install\n\n- **No.** No.\n';
    expect(homeOf(readme)).toMatchObject({
      hero: { name: 'name', tagline: 'One sentence of two lines.' },
      features: [
        { title: 'Fast', details: 'It is so.' },
        { title: 'One guard', details: 'With codes.' },
      ],
    });
  });

  it('is not made of a README.md without them', () => {
    expect(() => homeOf('# name\n\nOne sentence.\n\n## Install\n')).toThrow('README.md has to begin with');
  });
});

describe('Markdown on the documentation site', () => {
  it('has the anchors of GitHub', () => {
    expect(
      ['Quick start', 'GraphQL, WebSockets & more', '`jwks.ttlMs` – why?', 'a_b', '0.2.0 - 2026'].map(
        anchorOf,
      ),
    ).toEqual(['quick-start', 'graphql-websockets--more', 'jwksttlms--why', 'a_b', '020---2026']);
  });

  it('keeps links to pages, to files that it copies, and to elsewhere', () => {
    const place = { root: ROOT, repository: '' };
    for (const href of [
      '../README.md#install',
      'operations/alert-rules.yml',
      '#top',
      'https://example.com/x.ts',
    ])
      expect(targetOf(href, 'docs/index.md', place)).toBe(href);
  });

  it('leads to the repository for other files once it has an address, and nowhere before', () => {
    const link = ['../CONTRIBUTING.md#tests', 'docs/index.md'] as const;
    expect(targetOf(...link, { root: ROOT, repository: '' })).toBeNull();
    expect(targetOf(...link, { root: ROOT, repository: 'https://example.com/r' })).toBe(
      'https://example.com/r/blob/main/CONTRIBUTING.md',
    );
    expect(() => targetOf('../none.ts', 'docs/index.md', { root: ROOT, repository: '' })).toThrow(
      'docs/index.md links to ../none.ts, which does not exist',
    );
  });
});

describe('the links of the built site', () => {
  const pages = new Map([
    ['/', '<a href="/docs/">a</a><a href="./docs/#top">b</a><a href="https://x.example/none">c</a>'],
    [
      '/docs/',
      '<h2 id="top">x</h2><a class="x" href="../#none">d</a><a href="none">e</a><a href="rules.yml">f</a>',
    ],
  ]);

  it('are dead without a page, a file or a heading', () => {
    expect(brokenLinks(pages, (address) => address === '/docs/rules.yml')).toEqual([
      '/docs/: ../#none',
      '/docs/: none',
    ]);
    expect(brokenLinks(pages, () => false)).toContain('/docs/: rules.yml');
  });
});
