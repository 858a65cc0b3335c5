// Bun installs the package; what runs the application has to be Node.js.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

const { status, stdout, stderr } = spawnSync('bun', ['dist/main.js'], {
  encoding: 'utf8',
  timeout: 60_000,
  env: { ...process.env, ISSUER: 'https://id.example.com' },
});
assert.notEqual(status, 0);
assert.doesNotMatch(stdout, /listening/);
assert.match(
  `${stdout}${stderr}`,
  /Bun \d+\.\d+\.\d+: is not supported: .*run the application with Node\.js/,
);
