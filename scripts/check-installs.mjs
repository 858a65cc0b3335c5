// Installs the packed library in each way that test/installs has a project for, and runs the application there.
// Usage: node scripts/check-installs.mjs [--tarball FILE] [--all | name…] (without: those that are quick)
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

/**
 * What a project's way.json says. The rest of it is for check.mjs.
 *
 * @typedef {object} Way
 * @property {boolean} quick Whether it is run if no name is given.
 * @property {string} [nest] The line of test/nest whose versions it takes; those of this repository without.
 * @property {Record<string, string>} [tools] Package managers and runtimes that it needs, with their versions.
 * @property {readonly (readonly string[])[]} steps Commands, run in the project.
 */

const PROJECTS = 'test/installs';
const TARBALL = 'nestjs-identity-model.tgz';
/** Of the project itself that asks for this. */
const TESTED_VERSION = '*';

/** @type {(file: string) => unknown} */
const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));
/** @param {string} folder @returns {Record<string, string>} */
const testedVersions = (folder) =>
  /** @type {{ devDependencies: Record<string, string> }} */ (readJson(path.join(folder, 'package.json')))
    .devDependencies;

const { values: options, positionals: names } = parseArgs({
  allowPositionals: true,
  options: { all: { type: 'boolean', default: false }, tarball: { type: 'string' } },
});
const ways = readdirSync(PROJECTS, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'common')
  .map(({ name }) => ({ name, way: /** @type {Way} */ (readJson(path.join(PROJECTS, name, 'way.json'))) }));
const unknown = names.filter((name) => !ways.some((each) => each.name === name));
if (unknown.length > 0) throw new Error(`no project in ${PROJECTS}: ${unknown.join(', ')}`);
const chosen = ways.filter(
  ({ name, way }) => options.all || (names.length === 0 ? way.quick : names.includes(name)),
);

const folder = mkdtempSync(path.join(tmpdir(), 'installs-'));
// Another user than the one who built it runs the production image.
chmodSync(folder, 0o755);
const tools = path.join(folder, 'tools');

/** Without what npm tells the scripts that it starts: other package managers would take it for their own settings. */
const environment = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(npm_(?!config_(registry|cache)$)|NODE_ENV$|NODE_OPTIONS$)/i.test(name),
    ),
  ),
  PATH: `${path.join(tools, 'node_modules/.bin')}${path.delimiter}${process.env['PATH'] ?? ''}`,
  NO_COLOR: '1',
  npm_config_prefer_offline: 'true',
};

/** @param {readonly string[]} command @param {string} cwd */
function run([command = '', ...args], cwd) {
  execFileSync(command, args, { cwd, env: environment, stdio: 'inherit' });
}

/** As `npm publish` would. */
function pack() {
  const target = path.join(folder, 'packed');
  mkdirSync(target);
  run(['npm', 'pack', '--silent', '--pack-destination', target], '.');
  return path.join(target, readdirSync(target)[0] ?? '');
}

/**
 * Sets the versions of a project's packages: those that the library is tested with, and the tarball.
 *
 * @param {string} project
 * @param {Record<string, string>} tested
 */
function resolveVersions(project, tested) {
  const files = readdirSync(project, { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => path.basename(name) === 'package.json')) {
    const manifest = /** @type {Record<string, unknown>} */ (readJson(path.join(project, file)));
    const tarball = `file:${path.relative(path.dirname(file), TARBALL)}`;
    for (const kind of ['dependencies', 'devDependencies']) {
      const asked = /** @type {Record<string, string>} */ (manifest[kind] ?? {});
      const set = Object.entries(asked).map(([name, version]) => {
        if (version !== TESTED_VERSION) return [name, version];
        const resolved = name === 'nestjs-identity-model' ? tarball : tested[name];
        if (resolved === undefined) throw new Error(`${file}: the library is tested with no ${name}`);
        return [name, resolved];
      });
      if (set.length > 0) manifest[kind] = Object.fromEntries(set);
    }
    writeFileSync(path.join(project, file), JSON.stringify(manifest, null, 2));
  }
}

/** @param {{ name: string, way: Way }} project */
function check({ name, way }) {
  const target = path.join(folder, name);
  for (const source of ['common', name]) cpSync(path.join(PROJECTS, source), target, { recursive: true });
  cpSync(path.join(folder, TARBALL), path.join(target, TARBALL));
  resolveVersions(target, testedVersions(way.nest === undefined ? '.' : path.join('test/nest', way.nest)));
  for (const step of way.steps) run(step, target);
  rmSync(target, { recursive: true });
}

/** @type {string[]} */
const failed = [];
try {
  cpSync(options.tarball ?? pack(), path.join(folder, TARBALL));
  mkdirSync(tools);
  writeFileSync(path.join(tools, 'package.json'), '{ "private": true }\n');
  const versions = chosen.flatMap(({ way }) =>
    Object.entries(way.tools ?? {}).map(([name, version]) => `${name}@${version}`),
  );
  if (versions.length > 0) run(['npm', 'install', '--no-audit', '--no-fund', ...new Set(versions)], tools);
  for (const project of chosen) {
    const start = Date.now();
    console.log(`--- ${project.name}`);
    try {
      check(project);
      console.log(`${project.name}: passed in ${((Date.now() - start) / 1000).toFixed(1)} s`);
    } catch (error) {
      failed.push(project.name);
      console.error(error instanceof Error ? error.message : error);
    }
  }
} finally {
  if (process.env['KEEP_INSTALLS'] === undefined) rmSync(folder, { recursive: true });
}
console.log(
  `${chosen.length - failed.length} ways passed, ${failed.length} failed${failed.length > 0 ? `: ${failed.join(', ')}` : ''}`,
);
if (failed.length > 0) process.exitCode = 1;
