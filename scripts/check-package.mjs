// Packs the library as `npm publish` would, and checks what users would install instead of the work tree.
import { execSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const folder = mkdtempSync(path.join(tmpdir(), 'check-package-'));
const run = (/** @type {string} */ command) => execSync(command, { stdio: 'inherit' });

try {
  run(`npm pack --silent --pack-destination "${folder}"`);
  const tarball = path.join(folder, readdirSync(folder)[0] ?? '');
  run(`npx publint run "${tarball}" --strict`);
  run(`npx attw "${tarball}" --profile esm-only`);
} catch {
  // The tool has said what is wrong.
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
