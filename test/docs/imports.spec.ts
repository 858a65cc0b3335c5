import { describe, expect, it } from 'vitest';
import { extractBlocks, readDocuments } from './compile-blocks.js';

/** What `nest new` installs. */
const BROUGHT = ['@nestjs/common', '@nestjs/core', '@nestjs/testing', 'rxjs', 'reflect-metadata'];
const documents = readDocuments();

/** Packages of the install line of README.md. */
function installed(): readonly string[] {
  const [, line = ''] =
    /^npm install (nestjs-identity-model .*)$/m.exec(documents.get('README.md') ?? '') ?? [];
  return line.split(' ');
}

/** What a document tells to install: lines with the command, and tables that have it in their head. */
function installedBesides(text: string): readonly string[] {
  const lines = text.split(/(?<=\n)(?!\|)|\n\n/).filter((part) => part.includes('npm install'));
  return lines.flatMap((line) => line.split(/[\s`,|()]+/));
}

/** `@scope/name` or `name`, without what follows. */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function importsOf(code: string): readonly string[] {
  const specifiers = [...code.matchAll(/\bfrom '([^'.][^']*)'/g)].map(([, specifier = '']) => specifier);
  // Modules of Node.js itself are always there.
  return specifiers.filter((specifier) => !specifier.startsWith('node:')).map(packageOf);
}

/** Strict package managers (pnpm) hide what only a dependency of ours brings. */
describe('what the documents import', () => {
  // Those of docs/migration are about packages that their reader has.
  const readers = [...documents].filter(([name]) => !name.startsWith('docs/migration/'));

  it.each(readers)('in %s is what their reader was told to install', (document, text) => {
    const besides = installedBesides(text);
    const hidden = extractBlocks(document, text)
      .flatMap(({ code }) => importsOf(code))
      .filter((name) => !BROUGHT.includes(name) && !installed().includes(name) && !besides.includes(name));
    expect(hidden).toEqual([]);
  });

  it('are found', () => {
    expect(installed()).toContain('@nestjs/passport');
    expect(importsOf(`import { a } from '@nestjs/common/x';\nexport { b } from 'rxjs';`)).toEqual([
      '@nestjs/common',
      'rxjs',
    ]);
    const all = readers.flatMap(([name, text]) =>
      extractBlocks(name, text).flatMap(({ code }) => importsOf(code)),
    );
    expect(new Set(all).size).toBeGreaterThan(8);
  });
});
