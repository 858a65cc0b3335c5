// Starts the application of this project as a process of its own, asks it over HTTP as its callers would, and runs the doctor.
// Usage: node check.mjs [bundle]. Commands are those of way.json; a bundle is copied, with what is beside it, to where no packages are.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { TestIssuer } from 'nestjs-identity-model/testing';

const way = JSON.parse(readFileSync('way.json', 'utf8'));
const [bundle] = process.argv.slice(2);
const START_LIMIT_MS = 60_000;

/** The first line that says where it listens; whatever else the application prints belongs to the failure. */
async function addressOf(child) {
  const lines = [];
  const read = async (stream) => {
    for await (const line of createInterface(stream)) {
      lines.push(line);
      const address = /^listening on (\S+)$/.exec(line)?.[1];
      if (address !== undefined) return address;
    }
    return undefined;
  };
  const errors = read(child.stderr);
  const address = await read(child.stdout);
  if (address !== undefined) return address;
  await errors;
  throw new Error(`the application did not start:\n${lines.join('\n')}`);
}

async function ask(address, token, method = 'GET') {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(address, { method, headers });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

async function checkRoutes(base, issuer) {
  const without = await ask(`${base}/orders`);
  assert.equal(without.status, 401);
  assert.match(without.headers.get('www-authenticate') ?? '', /^Bearer realm="api"$/);
  assert.equal((await ask(`${base}/orders`, issuer.token({ wrong: 'tampered' }))).status, 401);
  const reader = issuer.token({ sub: 'ada', scope: ['orders:read'] });
  const allowed = await ask(`${base}/orders`, reader);
  assert.deepEqual([allowed.status, JSON.parse(allowed.text)], [200, { of: 'ada' }]);
  const refused = await ask(`${base}/orders`, reader, 'POST');
  assert.equal(refused.status, 403);
  assert.match(
    refused.headers.get('www-authenticate') ?? '',
    /error="insufficient_scope", scope="orders:write"/,
  );
  assert.equal((await ask(`${base}/orders`, issuer.token({ scope: ['orders:write'] }), 'POST')).status, 201);
}

async function checkHealth(base) {
  const { status, text } = await ask(`${base}/health`);
  assert.deepEqual([status, JSON.parse(text).details.identity.status], [200, 'up']);
}

async function checkMetrics(base) {
  const { status, text } = await ask(`${base}/metrics`);
  assert.equal(status, 200);
  assert.match(text, /^identity_token_validations_total\{.*result="ok".*\} \d/m);
}

/** The page, every file that it names, and every module that those import. */
async function checkDashboard(base) {
  const page = await ask(`${base}/identity`);
  assert.equal(page.status, 200);
  const names = new Set(
    [...page.text.matchAll(/(?:src|href)="identity\/assets\/([^"]+)"/g)].map(([, name]) => name),
  );
  for (const name of names) {
    const file = await ask(`${base}/identity/assets/${name}`);
    assert.deepEqual([name, file.status, file.text.length > 0], [name, 200, true]);
    for (const [, imported] of file.text.matchAll(/^(?:import|\}).*\bfrom '\.\/([^']+)'/gm))
      names.add(imported);
  }
  assert.ok(names.has('uplot.js') && names.has('uplot.css') && names.size > 15, [...names].join(' '));
  assert.equal((await ask(`${base}/identity/data/snapshot`)).status, 401);
}

async function checkDoctor(issuer) {
  const [command, ...args] = [...way.doctor, 'doctor', issuer.issuer, '--audience', 'orders-api'];
  const { stdout } = await promisify(execFile)(command, args, { env: { ...process.env, NO_COLOR: '1' } });
  assert.match(stdout, /\S/);
  console.log(stdout.trim().split('\n').at(-1));
}

/** Neither the user nor the process may write; Node.js refuses processes, threads and compiled addons then as well. */
function restrictions() {
  const { allowedNodeEnvironmentFlags: known, getuid } = process;
  const flags = [
    known.has('--permission') ? '--permission' : '--experimental-permission',
    '--allow-fs-read=*',
  ];
  if (known.has('--allow-net')) flags.push('--allow-net');
  const nobody = 65_534;
  return { flags, user: getuid?.() === 0 ? { uid: nobody, gid: nobody } : {} };
}

/** The application, and what it leaves behind. */
function startApplication(env) {
  const options = {
    cwd: way.startIn,
    env: { ...process.env, ...way.startEnv, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  };
  if (bundle !== undefined) {
    const cwd = mkdtempSync(path.join(tmpdir(), 'bundle-'));
    cpSync(path.dirname(bundle), cwd, { recursive: true });
    const child = spawn(process.execPath, [path.basename(bundle)], { ...options, cwd });
    return { child, remove: () => rmSync(cwd, { recursive: true }) };
  }
  const [command, ...args] = way.start;
  if (way.readOnly !== true) return { child: spawn(command, args, options), remove: () => {} };
  const { flags, user } = restrictions();
  return { child: spawn(command, [...flags, ...args], { ...options, ...user }), remove: () => {} };
}

const issuer = await TestIssuer.start({ audience: 'orders-api', allowOutsideTests: true });
const { child, remove } = startApplication({ ISSUER: issuer.issuer });
const ended = new Promise((resolve) => child.once('close', resolve));
const limit = setTimeout(() => child.kill('SIGKILL'), START_LIMIT_MS);
try {
  const base = await addressOf(child);
  clearTimeout(limit);
  await checkRoutes(base, issuer);
  await checkHealth(base);
  if (!(way.leavesOut ?? []).includes('metrics')) await checkMetrics(base);
  await checkDashboard(base);
  await checkDoctor(issuer);
} finally {
  clearTimeout(limit);
  child.kill();
  await ended;
  remove();
  await issuer.stop();
}
console.log('401, 200, 403, health, metrics, dashboard and doctor as expected');
