import { readFileSync } from 'node:fs';
import semver from 'semver';
import { describe, expect, it } from 'vitest';

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

interface Manifest {
  readonly version: string;
  readonly engines: { readonly node: string };
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const { version, engines, peerDependencies, devDependencies } = JSON.parse(read('package.json')) as Manifest;

/** Rows of the table of versions: what, and its range. */
const ROWS: readonly (readonly [name: string, range: string])[] = read('docs/reference/versioning.md')
  .split(/^## /m)
  .filter((text) => text.startsWith('What runs with what\n'))
  .flatMap((text) => [...text.matchAll(/^\| (\S+) +\| `([^`]+)`/gm)])
  .map(([, name = '', range = '']) => [name.replaceAll('`', ''), range.replaceAll('\\|', '|')]);

describe('docs/reference/versioning.md', () => {
  const others = ROWS.filter(([name]) => name !== 'Node.js' && peerDependencies[name] === undefined);

  it('has the range of Node.js that package.json has', () => {
    expect(Object.fromEntries(ROWS)['Node.js']).toBe(engines.node);
  });

  it('has each peer dependency with its range', () => {
    const peers = ROWS.filter((row) => row[0] !== 'Node.js' && !others.includes(row));
    expect(Object.fromEntries(peers)).toEqual(peerDependencies);
    expect(peers.length).toBeGreaterThan(10);
  });

  it.each(others)('promises %s %s, which the tests run with', (name, range) => {
    // An alias, npm:@typescript/typescript6@6.0.2, ends in its version, too.
    const tested = devDependencies[name]?.split('@').at(-1) ?? 'none';
    expect(semver.satisfies(tested, range), `${name} ${tested}`).toBe(true);
  });

  it('names GraphQL and the compiler, which are no peers', () => {
    expect(others.map(([name]) => name)).toEqual(expect.arrayContaining(['@nestjs/graphql', 'typescript']));
  });

  it.each(['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'RELEASING.md'])('is linked by %s', (document) => {
    expect(read(document)).toContain('docs/reference/versioning.md');
  });
});

describe('documents that name versions', () => {
  it('README.md has the range of Node.js that package.json has, wherever it has one', () => {
    const ranges = read('README.md').match(/`\^20\.[^`]*`/g) ?? [];
    expect(new Set(ranges)).toEqual(new Set([`\`${engines.node}\``]));
  });

  it('SECURITY.md supports the minor version of package.json', () => {
    const minor = `${String(semver.major(version))}.${String(semver.minor(version))}.x`;
    expect(read('SECURITY.md')).toMatch(new RegExp(`^\\| ${minor.replaceAll('.', '\\.')} +\\| yes `, 'm'));
  });

  it('CHANGELOG.md begins with Unreleased or with the version of package.json', () => {
    const [first = ''] = read('CHANGELOG.md').match(/^## .*$/m) ?? [];
    expect(first.replace(/ - \d{4}-\d{2}-\d{2}$/, '')).toMatch(new RegExp(`^## (Unreleased|${version})$`));
  });
});
