// Packs the library, installs it with what the examples need, and compiles, lints, tests and starts each of them there.
// In turn they run on NestJS 11 and 12; the examples of a line share one installation.
// Usage: node scripts/check-examples.mjs [--nest=11|12] [--apart] [name…]
//   --nest=…  all of them on this line
//   --apart   each in an installation of its own, as its reader has it
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { findFaults } from './example-manifests.mjs';

/** @typedef {import('./example-manifests.mjs').Manifest} Manifest */
/** @typedef {'11' | '12'} Line */
/** @typedef {{ name: string, line: Line }} Example */

const EXAMPLES = 'examples';
const STARTED = 'successfully started';
const OXLINT = path.resolve('node_modules/oxlint/bin/oxlint');
const START_LIMIT_MS = 120_000;
/** Of packages that the library itself is not tested with. */
const ON_NEST_11 = /** @type {Record<string, string>} */ ({
  '@nestjs/config': '4.0.4',
  '@nestjs/typeorm': '11.0.3',
});

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { nest: { type: 'string' }, apart: { type: 'boolean', default: false } },
});

/** @param {string} file */
const readManifest = (file) => /** @type {Manifest} */ (JSON.parse(readFileSync(file, 'utf8')));
const names = readdirSync(EXAMPLES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const chosen = names
  .map((name, index) => ({
    name,
    line: /** @type {Line} */ (options.nest ?? (index % 2 === 0 ? '12' : '11')),
  }))
  .filter(({ name }) => positionals.length === 0 || positionals.includes(name));

const folder = mkdtempSync(path.join(tmpdir(), 'examples-'));
const run = promisify(execFile);
const npm = (/** @type {string[]} */ args, /** @type {string} */ cwd) =>
  run('npm', args, { cwd, maxBuffer: 1 << 26, env: { ...process.env, NO_COLOR: '1' } });

/** The versions that are tested: those of the line, or else the lowest of the range that the example names. */
function versionsFor(/** @type {Manifest} */ { dependencies, devDependencies }, /** @type {Line} */ line) {
  const tested =
    line === '12' ? {} : { ...readManifest('test/nest/11/package.json').devDependencies, ...ON_NEST_11 };
  return Object.fromEntries(
    Object.entries({ ...dependencies, ...devDependencies })
      .filter(([name]) => name !== 'nestjs-identity-model')
      .map(([name, range]) => {
        const version = tested[name];
        return [name, version === undefined || version.startsWith('npm:') ? range.replace('^', '') : version];
      }),
  );
}

/**
 * @param {string} target
 * @param {Line} line
 * @param {readonly string[]} of the examples that are installed together
 */
async function install(target, line, of) {
  mkdirSync(target);
  const versions = of.map((name) =>
    versionsFor(readManifest(path.join(EXAMPLES, name, 'package.json')), line),
  );
  const dependencies = Object.fromEntries([
    ['nestjs-identity-model', `file:${tarball}`],
    ...versions.flatMap((each) => Object.entries(each)),
  ]);
  const overrides = line === '12' ? {} : readManifest('test/nest/11/package.json').overrides;
  const manifest = JSON.stringify({ private: true, dependencies, overrides });
  writeFileSync(path.join(target, 'package.json'), manifest);
  await npm(['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'], target);
}

/** @param {readonly string[]} of @param {string} target */
function copy(of, target) {
  const isSource = (/** @type {string} */ file) =>
    !['node_modules', 'dist', '.env'].includes(path.basename(file));
  for (const name of of) {
    cpSync(path.join(EXAMPLES, name), path.join(target, name), { recursive: true, filter: isSource });
  }
}

/** Where their packages are, so that types are known. @param {readonly string[]} of @param {string} target */
const lint = (of, target) =>
  run(process.execPath, [
    OXLINT,
    '--config',
    path.resolve('.oxlintrc.json'),
    '--deny-warnings',
    ...of.flatMap((name) => [path.join(target, name, 'src'), path.join(target, name, 'test')]),
  ]);

/** @param {Example} example @param {string} target */
async function check({ name, line }, target) {
  const begun = Date.now();
  const project = path.join(target, name);
  await npm(['run', 'build'], project);
  await npm(['test'], project);
  cpSync(path.join(project, '.env.example'), path.join(project, '.env'));
  const { scripts = {} } = readManifest(path.join(project, 'package.json'));
  for (const script of Object.keys(scripts).filter((each) => each.startsWith('start'))) {
    await start(script, project);
  }
  console.log(`${name}: passed on NestJS ${line} in ${((Date.now() - begun) / 1000).toFixed(0)} s`);
}

/** @param {readonly Example[]} group @param {string} target */
async function checkGroup(group, target) {
  const [first] = group;
  if (first === undefined) return;
  const of = group.map(({ name }) => name);
  await install(target, first.line, of);
  copy(of, target);
  await lint(of, target);
  const waiting = [...group];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      try {
        await check(next, target);
        passed.push(next.name);
      } catch (error) {
        console.error(`${next.name}: FAILED on NestJS ${next.line}\n${describe(error)}`);
      }
    }
  };
  await Promise.all([work(), work()]);
}

/** With what the command said, if it was one that failed. @param {unknown} error */
function describe(error) {
  const {
    stdout = '',
    stderr = '',
    message,
  } = /** @type {Error & { stdout?: string, stderr?: string }} */ (error);
  return `${stdout}${stderr}${message}`;
}

/** The provider that .env.example names cannot be reached: an application starts all the same. */
async function start(/** @type {string} */ script, /** @type {string} */ cwd) {
  const env = { ...process.env, PORT: '0', ORDERS_URL: '127.0.0.1:0', NO_COLOR: '1' };
  const child = spawn('npm', ['run', script], { cwd, env, detached: true });
  let output = '';
  const limit = setTimeout(() => end(child), START_LIMIT_MS);
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += String(chunk);
      if (output.includes(STARTED)) end(child);
    });
  }
  await once(child, 'close');
  clearTimeout(limit);
  if (!output.includes(STARTED)) throw new Error(`npm run ${script} in ${cwd}:\n${output}`);
}

/** With all that it has started. */
function end(/** @type {import('node:child_process').ChildProcess} */ { pid }) {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** @type {string[]} */
const passed = [];
let tarball = '';
try {
  const faults = findFaults(EXAMPLES, readManifest('package.json'));
  if (faults.length > 0) throw new Error(faults.join('\n'));
  const unknown = positionals.filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new Error(`no example: ${unknown.join(', ')}`);

  await npm(['pack', '--silent', '--pack-destination', folder], '.');
  tarball = path.join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '');
  const groups = options.apart
    ? chosen.map((each) => [each])
    : ['12', '11'].map((line) => chosen.filter((each) => each.line === line));
  for (const [index, group] of groups.entries()) {
    await checkGroup(group, path.join(folder, String(index)));
  }
} catch (error) {
  console.error(describe(error));
} finally {
  rmSync(folder, { recursive: true });
}
console.log(`${passed.length} of ${chosen.length} examples passed`);
if (passed.length < chosen.length) process.exitCode = 1;
