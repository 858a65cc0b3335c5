// Runs `nest add` of the packed library on fresh applications of @nestjs/cli 11 and 12, and asks the result over HTTP.
// Usage: node scripts/check-nest-add.mjs [11|12]
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

/** @typedef {import('../dist/testing/index.js').TestIssuer} TestIssuer */

const CLI = /** @type {Record<string, { version: string, flags: string[] }>} */ ({
  11: { version: '11.0.24', flags: [] },
  12: { version: '12.0.8', flags: ['--no-observe'] },
});
const AUDIENCE = 'orders-api';
const START_LIMIT_MS = 120_000;

const [chosen] = process.argv.slice(2);
const folder = mkdtempSync(path.join(tmpdir(), 'nest-add-'));
const run = promisify(execFile);

/** @param {string[]} args @param {string} cwd */
async function npm(args, cwd) {
  const { stdout, stderr } = await run('npm', args, { cwd, maxBuffer: 1 << 26 });
  return stdout + stderr;
}
const install = (/** @type {string[]} */ packages, /** @type {string} */ cwd) =>
  npm(['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', ...packages], cwd);

/** What an application consists of, by file. @param {string} app */
function contents(app) {
  const files = readdirSync(path.join(app, 'src'), { recursive: true, encoding: 'utf8' });
  const sources = files.filter((file) => file.endsWith('.ts')).map((file) => path.join('src', file));
  return Object.fromEntries(
    ['package.json', ...sources].toSorted().map((file) => [file, readFileSync(path.join(app, file), 'utf8')]),
  );
}

/** @param {string} line @param {string} tarball @param {TestIssuer} issuer */
async function check(line, tarball, issuer) {
  const { version, flags } = CLI[line] ?? { version: line, flags: [] };
  const name = `app-${line}`;
  const made = ['nest', 'new', name, '--skip-install', '--skip-git', '--package-manager', 'npm', ...flags];
  await npm(['exec', '--yes', `--package=@nestjs/cli@${version}`, '--', ...made], folder);
  const app = path.join(folder, name);
  await install([tarball], app);

  const add = async (/** @type {string[]} */ ...more) => {
    const given = ['--issuer', issuer.issuer, '--audience', AUDIENCE, ...more];
    return npm(['exec', '--', 'nest', 'add', 'nestjs-identity-model', '--skip-install', ...given], app);
  };
  const before = contents(app);
  assert.match(await add('--dry-run'), /CREATE.*src\/health\/health\.module\.ts/);
  assert.deepEqual(contents(app), before, 'a dry run writes nothing');
  await add();
  const after = contents(app);
  assert.notDeepEqual(after, before);
  assert.match(await add(), /Nothing to be done/);
  assert.deepEqual(contents(app), after, 'the second run changes nothing');

  await install([], app);
  await npm(['run', 'build'], app);
  await ask(app, issuer);
  console.log(`nest add passed on an application of @nestjs/cli ${version}`);
}

/** @param {string} cwd @param {TestIssuer} issuer */
async function ask(cwd, issuer) {
  const port = await freePort();
  const child = spawn(process.execPath, ['dist/main.js'], {
    cwd,
    env: { ...process.env, PORT: String(port), NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await started(child);
    await listening(port);
    const statusOf = async (/** @type {string} */ url, /** @type {Record<string, string>} */ headers = {}) =>
      (await fetch(`http://localhost:${port}${url}`, { headers })).status;
    assert.equal(await statusOf('/'), 401);
    assert.equal(await statusOf('/', { authorization: issuer.bearer() }), 200);
    assert.equal(await statusOf('/', { authorization: issuer.bearer({ wrong: 'wrong audience' }) }), 401);
    assert.equal(await statusOf('/health'), 200);
  } finally {
    child.kill();
  }
}

/** The application of `nest new` does not say on which port it listens. */
async function freePort() {
  const server = createServer().listen(0, 'localhost');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  return port;
}

/** @param {import('node:child_process').ChildProcess} child */
async function started(child) {
  let output = '';
  await new Promise((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error(`not started in time:\n${output}`)), START_LIMIT_MS);
    child.stdout?.on('data', (chunk) => {
      output += String(chunk);
      if (output.includes('successfully started')) {
        clearTimeout(limit);
        resolve(undefined);
      }
    });
    child.once('exit', () => {
      clearTimeout(limit);
      reject(new Error(`it ended:\n${output}`));
    });
  });
}

/** NestJS says that it has started before it listens. @param {number} port */
async function listening(port) {
  const limitMs = performance.now() + START_LIMIT_MS;
  for (;;) {
    const socket = connect({ port, host: 'localhost' });
    // "once" rejects on "error", such as a refused connection.
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    if (performance.now() > limitMs) throw new Error(`nothing listens on port ${port}`);
    await delay(50);
  }
}

/** @type {TestIssuer | undefined} */
let issuer;
try {
  await npm(['pack', '--silent', '--pack-destination', folder], '.');
  const tarball = path.join(folder, readdirSync(folder).find((file) => file.endsWith('.tgz')) ?? '');
  // Packing has built it.
  const kit = await import('../dist/testing/index.js');
  issuer = await kit.TestIssuer.start({ audience: AUDIENCE, allowOutsideTests: true });
  for (const line of Object.keys(CLI).filter((each) => chosen === undefined || each === chosen)) {
    await check(line, tarball, issuer);
  }
} catch (error) {
  const { stdout = '', message } = /** @type {Error & { stdout?: string }} */ (error);
  console.error(`${stdout}${message}`);
  process.exitCode = 1;
} finally {
  await issuer?.stop();
  rmSync(folder, { recursive: true });
}
