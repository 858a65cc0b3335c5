// Packs the library as `npm publish` would, and checks what users would install instead of the work tree.
import { execSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const { exports } = /** @type {{ exports: Record<string, string | { types?: string }> }} */ (
  JSON.parse(readFileSync('package.json', 'utf8'))
);
const folder = mkdtempSync(path.join(tmpdir(), 'check-package-'));
const run = (/** @type {string} */ command) => execSync(command, { stdio: 'inherit' });

try {
  // To attw a package without any types is one without a problem.
  for (const [entry, target] of Object.entries(exports)) {
    if (typeof target === 'object' && !target.types) throw new Error(`the export "${entry}" has no types`);
  }
  run(`npm pack --silent --pack-destination "${folder}"`);
  const tarball = path.join(folder, readdirSync(folder)[0] ?? '');
  run(`npx publint run "${tarball}" --strict`);
  run(`npx attw "${tarball}" --profile esm-only`);
} catch (error) {
  console.error(String(error));
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
