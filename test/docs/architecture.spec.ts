import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
const isThere = (file: string): boolean => existsSync(path.join(ROOT, file));

const PAGE = read('docs/architecture.md');
const MERMAID = /```mermaid\n([\s\S]*?)```/g;

/** Files and folders that a text names: `folder/`, `folder/file.ts`, `index.ts`. */
function pathsIn(markdown: string): readonly string[] {
  const diagrams = [...markdown.matchAll(MERMAID)].flatMap(([, text = '']) =>
    [...text.matchAll(/[\w.-]+\/[\w.-]+\.ts\b/g)].map(([file]) => file),
  );
  const spans = [...markdown.replaceAll(MERMAID, '').matchAll(/`([^`\n]+)`/g)].map(([, text = '']) => text);
  const names = spans.filter((text) => /^[\w./-]+(?:\/|\.(?:ts|js|mjs|md))$/.test(text));
  return [...new Set([...names, ...diagrams])];
}

/** Folders of lib/ with source files, `dashboard/client` included. */
function foldersOfLib(): readonly string[] {
  return readdirSync(path.join(ROOT, 'lib'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:ts|js)$/.test(entry.name))
    .map((entry) => path.relative(path.join(ROOT, 'lib'), entry.parentPath).replaceAll(path.sep, '/'))
    .filter((folder, at, all) => folder !== '' && all.indexOf(folder) === at);
}

/** First cells of the rows below a heading. */
function firstCells(heading: string): readonly string[] {
  const [, section = ''] = PAGE.split(`\n## ${heading}\n`);
  const rows = section.split('\n## ')[0]?.split('\n') ?? [];
  return rows
    .filter((line) => line.startsWith('| ') && !/^\| (?:-|:)/.test(line))
    .slice(1)
    .map((line) => line.split('|')[1]?.trim() ?? '');
}

describe('docs/architecture.md', () => {
  const named = pathsIn(PAGE);

  it('names files and folders', () => {
    expect(named.length).toBeGreaterThan(50);
    expect(named).toContain('validation/steps.ts');
    expect(pathsIn('`a/b.ts`, `c/`, `d.md`, `jwks.refresh`, `Retry-After`')).toEqual([
      'a/b.ts',
      'c/',
      'd.md',
    ]);
    expect(pathsIn('```mermaid\nparticipant A as auth/x.guard.ts\n```')).toEqual(['auth/x.guard.ts']);
  });

  it.each(named)('names %s, which exists', (name) => {
    expect(isThere(`lib/${name}`) || isThere(name)).toBe(true);
  });

  it('has each folder of lib/ on its map, and no other', () => {
    const onMap = firstCells('Map').map((cell) => cell.replaceAll('`', '').replace(/\/$/, ''));
    expect(onMap.toSorted()).toEqual(foldersOfLib().toSorted());
  });

  it('lists what most people want to change', () => {
    expect(firstCells('What you want to change').length).toBeGreaterThanOrEqual(16);
  });

  it.each(foldersOfLib())('is helped by a README.md of lib/%s', (folder) => {
    const lines = read(`lib/${folder}/README.md`).split('\n');
    expect(lines[0]).toMatch(/^# /);
    expect(lines.filter((line) => line !== '').length).toBeLessThanOrEqual(14);
  });

  it.each(['README.md', 'CONTRIBUTING.md'])('is linked by %s', (document) => {
    expect(read(document)).toContain('docs/architecture.md');
  });
});

describe('docs/decisions', () => {
  const records = readdirSync(path.join(ROOT, 'docs/decisions')).filter((name) => name !== 'README.md');

  it('are all in the index, in order, and nothing else is', () => {
    const listed = [...read('docs/decisions/README.md').matchAll(/\]\((\d{4}-[^)]+)\)/g)].map(
      ([, file]) => file,
    );
    expect(listed).toEqual(records.toSorted());
  });

  it('have an index that a merge has left nothing in', () => {
    expect(read('docs/decisions/README.md')).not.toMatch(/^(?:<{7}|={7}|>{7})/m);
  });

  it.each(records)('%s has a number of its own, a context, a decision and consequences', (file) => {
    expect(file).toMatch(/^\d{4}-[a-z0-9-]+\.md$/);
    expect(records.filter((other) => other.startsWith(file.slice(0, 4)))).toEqual([file]);
    const text = read(`docs/decisions/${file}`);
    expect(text).toMatch(new RegExp(`^# ${String(Number(file.slice(0, 4)))}\\. \\S`));
    for (const part of ['Context', 'Decision', 'Consequences'])
      expect(text).toMatch(new RegExp(`^(?:## |\\*\\*)${part}`, 'm'));
    expect(text.split('\n').length).toBeLessThanOrEqual(50);
  });
});
