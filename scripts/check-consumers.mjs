// Installs the packed library in a folder of its own, as its users would, and runs the suites of test/consumers there.
// Usage: node scripts/check-consumers.mjs [name…]
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const { devDependencies } = /** @type {{ devDependencies: Record<string, string> }} */ (
  JSON.parse(readFileSync('package.json', 'utf8'))
);
/** Of the versions that the library itself is tested with. */
const PEERS = [
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/passport',
  '@nestjs/platform-express',
  '@nestjs/terminus',
  '@nestjs/testing',
  'passport',
  'reflect-metadata',
  'rxjs',
  'typescript',
  'vitest',
];
/** Nothing else here needs them, so they are no dependencies of this repository. */
const TOOLS = ['jest@30.5.2', 'ts-jest@29.4.15', 'mocha@12.0.3'];

const chosen = process.argv.slice(2);
const projects = readdirSync('test/consumers', { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && (chosen.length === 0 || chosen.includes(entry.name)))
  .map(({ name }) => name);
const folder = mkdtempSync(path.join(tmpdir(), 'consumers-'));
/** @param {string} command @param {readonly string[]} args @param {string} cwd */
const run = (command, args, cwd) => execFileSync(command, args, { cwd, stdio: 'inherit' });

try {
  run('npm', ['pack', '--silent', '--pack-destination', folder], '.');
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw new Error('npm pack made no tarball');
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
  const peers = PEERS.map((name) => {
    const version = devDependencies[name];
    if (version === undefined) throw new Error(`${name} is no devDependency`);
    return `${name}@${version}`;
  });
  run('npm', ['install', '--no-audit', '--no-fund', '--no-save', `./${tarball}`, ...peers, ...TOOLS], folder);
  // What several of them test.
  cpSync('test/consumers/app.mjs', path.join(folder, 'app.mjs'));
  for (const project of projects) {
    const target = path.join(folder, project);
    cpSync(path.join('test/consumers', project), target, { recursive: true });
    console.log(`--- ${project}`);
    run('npm', ['test', '--silent'], target);
  }
  console.log(`${projects.length} projects passed`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
