// Installs the packed library in a folder of its own, as its users would, and runs the suites of test/consumers there.
// Usage: node scripts/check-consumers.mjs [--nest=11] [name…]
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const given = process.argv.slice(2);
const line = given.find((each) => each.startsWith('--nest='))?.slice('--nest='.length) ?? '12';
/** The line that this repository develops with, and those that its suite runs on besides. */
const manifest = line === '12' ? 'package.json' : `test/nest/${line}/package.json`;
const { devDependencies } = /** @type {{ devDependencies: Record<string, string> }} */ (
  JSON.parse(readFileSync(manifest, 'utf8'))
);
/** Of the versions that the library itself is tested with. */
const PEERS = [
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/passport',
  '@nestjs/platform-express',
  '@nestjs/terminus',
  '@nestjs/testing',
  '@opentelemetry/api',
  '@types/node',
  // Of the declarations of @nestjs/passport itself, for those who check libraries, too.
  '@types/passport',
  'passport',
  'prom-client',
  'reflect-metadata',
  'rxjs',
  'typescript',
  'vitest',
];
/** Nothing else here needs them, so they are no dependencies of this repository. */
const TOOLS = [
  'jest@30.5.2',
  'ts-jest@29.4.15',
  'mocha@12.0.3',
  'esbuild@0.28.2',
  'typescript-5.7@npm:typescript@5.7.3',
  'typescript-5.9@npm:typescript@5.9.3',
];
/** What only a project of one line needs, or in another version: the template of Nest 11 has TypeScript 5. */
const TOOLS_OF_LINE = /** @type {Record<string, readonly string[]>} */ ({
  11: [
    'typescript@5.9.3',
    'jest-29@npm:jest@29.7.0',
    '@types/jest@30.0.0',
    'supertest@7.3.2',
    '@types/supertest@7.2.1',
  ],
});

const tools = [...TOOLS, ...(TOOLS_OF_LINE[line] ?? [])];
const chosen = given.filter((each) => !each.startsWith('--'));
/** `nest-11-template` is one of Nest 11 only. @param {string} name */
const isOfLine = (name) => (/^nest-(\d+)-/.exec(name)?.[1] ?? line) === line;
const projects = readdirSync('test/consumers', { withFileTypes: true })
  .filter(
    (entry) =>
      entry.isDirectory() && isOfLine(entry.name) && (chosen.length === 0 || chosen.includes(entry.name)),
  )
  .map(({ name }) => name);
const folder = mkdtempSync(path.join(tmpdir(), 'consumers-'));
/** @param {string} command @param {readonly string[]} args @param {string} cwd */
const run = (command, args, cwd) => execFileSync(command, args, { cwd, stdio: 'inherit' });

try {
  run('npm', ['pack', '--silent', '--pack-destination', folder], '.');
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw new Error('npm pack made no tarball');
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
  const peers = PEERS.filter((name) => !tools.some((tool) => tool.startsWith(`${name}@`))).map((name) => {
    const version = devDependencies[name];
    if (version === undefined) throw new Error(`${name} is no devDependency`);
    return `${name}@${version}`;
  });
  run('npm', ['install', '--no-audit', '--no-fund', '--no-save', `./${tarball}`, ...peers, ...tools], folder);
  // What several of them test.
  cpSync('test/consumers/app.mjs', path.join(folder, 'app.mjs'));
  for (const project of projects) {
    const target = path.join(folder, project);
    cpSync(path.join('test/consumers', project), target, { recursive: true });
    console.log(`--- ${project}`);
    run('npm', ['test', '--silent'], target);
  }
  console.log(`${projects.length} projects passed on Nest ${line}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
