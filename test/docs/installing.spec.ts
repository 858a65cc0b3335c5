import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const PROJECTS = 'test/installs';
const read = (file: string): string => readFileSync(file, 'utf8');

/** Rows of the table: project, and the packages with the versions that it was tested with. */
const ROWS: ReadonlyMap<string, readonly (readonly [name: string, version: string])[]> = new Map(
  [...read('docs/guides/installing.md').matchAll(/^\| `([\w-]+)` .* \| ([^|]+?) +\|$/gm)].map(
    ([, project = '', tested = '']) => [
      project,
      [...tested.matchAll(/(\S+) (\d+\.\d+\.\d+)/g)].map(([, name = '', version = '']) => [name, version]),
    ],
  ),
);

interface Way {
  readonly nest?: string;
  readonly tools?: Readonly<Record<string, string>>;
}

/** What a project installs, with `*` resolved as scripts/check-installs.mjs does. */
function versionsOf(project: string): Readonly<Record<string, string>> {
  const folder = path.join(PROJECTS, project);
  const { nest, tools } = JSON.parse(read(path.join(folder, 'way.json'))) as Way;
  const manifest = (file: string) =>
    JSON.parse(read(file)) as Readonly<Record<'dependencies' | 'devDependencies', Record<string, string>>>;
  const tested = manifest(
    nest === undefined ? 'package.json' : `test/nest/${nest}/package.json`,
  ).devDependencies;
  const { dependencies, devDependencies } = manifest(path.join(folder, 'package.json'));
  const own = Object.entries({ ...dependencies, ...devDependencies, ...tools });
  return Object.fromEntries(
    own.map(([name, version]) => [name, version === '*' ? (tested[name] ?? '') : version]),
  );
}

describe('docs/guides/installing.md', () => {
  const projects = readdirSync(PROJECTS, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'common')
    .map(({ name }) => name);

  it('has a row for each project, and no other', () => {
    expect([...ROWS.keys()].toSorted()).toEqual(projects.toSorted());
  });

  it.each(projects)('names the versions of %s', (project) => {
    const versions = versionsOf(project);
    const named = ROWS.get(project) ?? [];
    for (const [name, version] of named) expect([name, versions[name]]).toEqual([name, version]);
    const { tools = {} } = JSON.parse(read(path.join(PROJECTS, project, 'way.json'))) as Way;
    for (const tool of Object.keys(tools).filter((each) => each !== 'pnpm' || project.startsWith('pnpm'))) {
      expect(named.map(([name]) => name)).toContain(tool);
    }
  });

  it.each(['nest-webpack/webpack.bundle-all.cjs', 'esbuild/bundle.mjs'])(
    'shows %s as it is tested',
    (file) => {
      const code = read(`${PROJECTS}/${file}`).replace(/^(\/\/.*\n)+/, '');
      expect(read('docs/guides/installing.md')).toContain(code);
    },
  );
});
