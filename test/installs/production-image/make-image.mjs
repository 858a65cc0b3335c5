// What a Dockerfile does: `npm ci --omit=dev` in an empty folder, the build beside it, and nobody may write there.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const IMAGE = 'image';
mkdirSync(IMAGE);
for (const name of ['package.json', 'package-lock.json', 'nestjs-identity-model.tgz'])
  cpSync(name, path.join(IMAGE, name));
execFileSync('npm', ['ci', '--omit=dev', '--no-audit', '--no-fund'], { cwd: IMAGE, stdio: 'inherit' });
cpSync('dist', path.join(IMAGE, 'dist'), { recursive: true });

// What is compiled for one C library does not run on the other (Debian, Alpine); what is only JavaScript does.
const files = readdirSync(IMAGE, { recursive: true, encoding: 'utf8' });
assert.deepEqual(
  files.filter((name) => /\.(node|so|dll|dylib)$/.test(name)),
  [],
);
const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const withScripts = Object.entries(packages).filter(([, each]) => each.hasInstallScript && !each.dev);
assert.deepEqual(
  withScripts.map(([name]) => name),
  [],
);

for (const name of ['.', ...files]) chmodSync(path.join(IMAGE, name), 0o555);
