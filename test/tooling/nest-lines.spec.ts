import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

interface Manifest {
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
  readonly peerDependencies: Record<string, string>;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (...names: string[]): Manifest =>
  JSON.parse(readFileSync(path.join(ROOT, ...names, 'package.json'), 'utf8')) as Manifest;

const { dependencies, peerDependencies } = read();
/** What docs/reference/versioning.md promises beside the peers: GraphQL and its drivers. */
const promised = Object.fromEntries(
  [
    ...readFileSync(path.join(ROOT, 'docs/reference/versioning.md'), 'utf8').matchAll(
      /^\| `(@nestjs\/[^`]+)` +\| `([^`]+)`/gm,
    ),
  ].map(([, name = '', range = '']) => [name, range.replaceAll('\\|', '|')]),
);
const lines = readdirSync(path.join(ROOT, 'test/nest'), { withFileTypes: true }).flatMap((each) =>
  each.isDirectory() ? [each.name] : [],
);

/** Of ranges as `^11.0.1 || ^12.0.4`, for NestJS 11 and 12; one without parts is for both. */
function lowestOf(range: string, line: string): string | undefined {
  const lowest = range.split(' || ').map((part) => part.replace(/^\^/, ''));
  return lowest.length === 1 ? lowest[0] : lowest[line.startsWith('11') ? 0 : 1];
}

describe.each(lines)('the line %s of test/nest', (line) => {
  const manifest = read('test/nest', line);

  it('has the dependencies of the package', () => {
    expect(manifest.dependencies).toEqual(dependencies);
  });

  it('has exact versions of all peers', () => {
    for (const name of Object.keys(peerDependencies))
      expect(manifest.devDependencies[name], name).toMatch(/^\d+\.\d+\.\d+$/);
  });
});

describe.each(lines.filter((line) => line.endsWith('-lowest')))('the line %s of test/nest', (line) => {
  const { devDependencies } = read('test/nest', line);

  it.each(Object.entries({ ...promised, ...peerDependencies }))(
    'has %s at the lowest version of %s',
    (name, range) => {
      expect(devDependencies[name]).toBe(lowestOf(range, line));
    },
  );
});

describe('the table of versions in docs/guides/transports.md', () => {
  const columns = ['test/nest/11-lowest', 'test/nest/11', 'test/nest/12-lowest', '.'].map((folder) =>
    read(folder),
  );
  const rows = [
    ...readFileSync(path.join(ROOT, 'docs/guides/transports.md'), 'utf8').matchAll(
      /^\| `(@nestjs\/[^`]+)` +\|([\d. |]+)\|$/gm,
    ),
  ].map(([, name = '', cells = '']) => [name, cells.split('|').map((cell) => cell.trim())] as const);

  it('has each package of NestJS that the package asks for', () => {
    const wanted = Object.keys({ ...promised, ...peerDependencies }).filter((name) =>
      name.startsWith('@nestjs/'),
    );
    expect(rows.map(([name]) => name)).toEqual(expect.arrayContaining(wanted));
  });

  it.each(rows)('has the versions of %s that are tested', (name, cells) => {
    expect(cells).toEqual(columns.map(({ devDependencies }) => devDependencies[name]));
  });
});
