// Runs the suite against other versions of NestJS: those of test/nest/<line>, installed from the lock file there in a
// folder outside of this repository. What runs are these sources, and dist as it was built here: it is what is published.
// Usage: node scripts/test-nest.mjs <line> [--keep[=folder]] [arguments of vitest…]
//        node scripts/test-nest.mjs <line> --lock
// --keep leaves the folder; a named one is used again, and installed anew only if the lock file changed.
// --lock takes over from package.json what is no matter of the line, and writes the line's lock file.
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';

/** @typedef {Record<'dependencies' | 'devDependencies' | 'peerDependencies', Record<string, string>>} Manifest */

const LINES = 'test/nest';
/** What is made here, or installed here, and what a line must not find. */
const NOT_COPIED = new Set(['.git', 'node_modules', 'dist-sample', 'coverage', 'reports', '.stryker-tmp']);
/** What no test imports. */
const NOT_TESTED =
  /^(@nestjs\/cli|@textlint\/.*|@arethetypeswrong\/.*|@stryker-mutator\/.*|@vitest\/coverage-v8|knip|oxlint.*|prettier|publint|textlint-rule-.*)$/;
/** What a package asks for beyond the lowest versions of ours, of which it needs nothing that is newer. */
const OVERRIDES = {
  '@rekog/mcp-nest': {
    'reflect-metadata': '$reflect-metadata',
    '@nestjs/platform-fastify': '$@nestjs/platform-fastify',
  },
};
const COMPILER = 'node_modules/@typescript/native/bin/tsc';

/** @type {import('node:child_process').ChildProcess | undefined} */
let running;
let interrupted = false;
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
  process.on(signal, () => {
    interrupted = true;
    if (running?.pid !== undefined) endGroup(running.pid);
  });

try {
  const [line = '', ...args] = process.argv.slice(2);
  const keep = args.find((each) => /^--keep(=|$)/.test(each));
  const source = path.join(LINES, line);
  if (line === '' || !existsSync(path.join(source, 'package.json')))
    throw new Error(
      `usage: npm run test:nest -- <${linesOf().join('|')}> [--keep[=folder]] [arguments of vitest]`,
    );
  if (args.includes('--lock')) await lock(source);
  else
    await test(
      line,
      source,
      keep,
      args.filter((each) => each !== keep),
    );
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/** @param {string} line @param {string} source @param {string | undefined} keep @param {readonly string[]} args */
async function test(line, source, keep, args) {
  const named = keep?.split('=')[1];
  const folder =
    named === undefined ? mkdtempSync(path.join(tmpdir(), `nest-${line}-`)) : path.resolve(named);
  try {
    await install(source, folder);
    copySources(folder);
    for (const [name, version] of Object.entries(nestOf(folder, source))) console.log(`${name} ${version}`);
    /** @type {unknown[]} */
    const failed = [];
    for (const command of [
      // Sources and tests are compiled with what they are developed with; of lower versions what is published counts.
      ...(line.endsWith('-lowest') ? [] : [[COMPILER, '-p', 'test/nest/tsconfig.json']]),
      [COMPILER, '-p', 'test/nest/tsconfig.published.json'],
      ['node_modules/vitest/vitest.mjs', 'run', ...args],
    ])
      await run(process.execPath, command, folder).catch((/** @type {unknown} */ error) =>
        failed.push(error),
      );
    if (failed.length > 0) throw new AggregateError(failed, failed.join('\n'));
  } finally {
    if (keep === undefined) rmSync(folder, { recursive: true, force: true });
    else console.log(`kept: ${folder}`);
  }
}

/** @param {string} source @param {string} folder */
async function install(source, folder) {
  if (!isDeepStrictEqual(readManifest(source).dependencies, readManifest('.').dependencies))
    throw new Error(
      `dependencies of ${source} differ from those of package.json: npm run test:nest -- ${path.basename(source)} --lock`,
    );
  const installed = path.join(folder, '.installed-lock.json');
  const lockFile = path.join(source, 'package-lock.json');
  if (existsSync(installed) && readFileSync(installed, 'utf8') === readFileSync(lockFile, 'utf8')) return;
  mkdirSync(folder, { recursive: true });
  for (const name of ['package.json', 'package-lock.json'])
    cpSync(path.join(source, name), path.join(folder, name));
  await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], folder);
  cpSync(lockFile, installed);
}

/** @param {string} folder */
function copySources(folder) {
  for (const name of readdirSync('.')) {
    if (NOT_COPIED.has(name) || name === 'package-lock.json') continue;
    rmSync(path.join(folder, name), { recursive: true, force: true });
    cpSync(name, path.join(folder, name), {
      recursive: true,
      filter: (each) => path.basename(each) !== 'node_modules',
    });
  }
}

/**
 * The packages of NestJS that a test gets there.
 *
 * @param {string} folder @param {string} source
 */
function nestOf(folder, source) {
  const require = createRequire(path.join(folder, 'test', 'index.js'));
  const inside = path.join(realpathSync(folder), 'node_modules') + path.sep;
  /** @type {Record<string, string>} */
  const found = {};
  for (const [name, version] of Object.entries(readManifest(source).devDependencies)) {
    if (!name.startsWith('@nestjs/')) continue;
    const resolved = realpathSync(require.resolve(name));
    if (!resolved.startsWith(inside))
      throw new Error(`${name} is resolved to ${resolved}, outside of ${inside}`);
    const manifest = /** @type {{ version: string }} */ (
      JSON.parse(readFileSync(path.join(inside, name, 'package.json'), 'utf8'))
    );
    if (manifest.version !== version) throw new Error(`${name} is ${manifest.version}, expected ${version}`);
    found[name] = version;
  }
  const major = path.basename(source).split('-')[0];
  if (found['@nestjs/core']?.split('.')[0] !== major) throw new Error(`@nestjs/core is no ${major}`);
  return found;
}

/**
 * Of a line are the packages of NestJS, what else is a peer, and the client that NestJS 11 has for NATS.
 *
 * @param {string} source
 */
async function lock(source) {
  const { dependencies, devDependencies, peerDependencies } = readManifest('.');
  const isOfLine = (/** @type {string} */ name) =>
    name.startsWith('@nestjs/') || name in peerDependencies || name === 'nats';
  const merged = {
    ...Object.fromEntries(Object.entries(devDependencies).filter(([name]) => !NOT_TESTED.test(name))),
    ...Object.fromEntries(
      Object.entries(readManifest(source).devDependencies).filter(([name]) => isOfLine(name)),
    ),
  };
  const sorted = Object.fromEntries(Object.entries(merged).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const manifest = {
    private: true,
    type: 'module',
    dependencies,
    devDependencies: sorted,
    overrides: OVERRIDES,
  };
  writeFileSync(path.join(source, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  // The hosts of a registry are nobody else's.
  await run('npm', ['install', '--package-lock-only', '--omit-lockfile-registry-resolved'], source);
}

/** @param {string} folder @returns {Manifest} */
function readManifest(folder) {
  return /** @type {Manifest} */ (JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')));
}

function linesOf() {
  return readdirSync(LINES, { withFileTypes: true }).flatMap((each) =>
    each.isDirectory() ? [each.name] : [],
  );
}

/**
 * In a group of its own, which ends as a whole.
 *
 * @param {string} command @param {readonly string[]} args @param {string} cwd @returns {Promise<void>}
 */
function run(command, args, cwd) {
  if (interrupted) return Promise.reject(new Error('interrupted'));
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'], detached: true });
  running = child;
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (child.pid !== undefined) endGroup(child.pid);
      if (code === 0) resolve();
      else reject(new Error(`${[path.basename(command), ...args].join(' ')}: ${code ?? signal}`));
    });
  });
}

/** @param {number} pid */
function endGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
