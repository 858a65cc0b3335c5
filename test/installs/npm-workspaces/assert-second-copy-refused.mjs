// What npm makes of two workspaces that ask for two versions: a second copy, whose decorators the guard of the first cannot see.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync } from 'node:fs';

const second = 'packages/orders/node_modules/nestjs-identity-model';
assert.equal(existsSync(second), false, 'one copy, hoisted');
cpSync('node_modules/nestjs-identity-model', second, { recursive: true });

const { status, stdout, stderr } = spawnSync(process.execPath, ['apps/api/dist/main.js'], {
  encoding: 'utf8',
  timeout: 60_000,
  env: { ...process.env, ISSUER: 'https://id.example.com' },
});
assert.doesNotMatch(stdout, /listening/);
assert.notEqual(status, 0);
assert.match(
  `${stdout}${stderr}`,
  /Decorators of another copy of nestjs-identity-model stand on .*OrdersController\.create/,
);
