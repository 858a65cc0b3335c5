// Packs the library as `npm publish` would, and checks what users would install instead of the work tree.
import { execSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const { exports } =
  /** @type {{ exports: Record<string, string | Record<string, string | { types?: string }>> }} */ (
    JSON.parse(readFileSync('package.json', 'utf8'))
  );
const folder = mkdtempSync(path.join(tmpdir(), 'check-package-'));
const run = (/** @type {string} */ command) => execSync(command, { stdio: 'inherit' });

try {
  // To attw a package without any types is one without a problem.
  for (const [entry, target] of Object.entries(exports)) {
    if (typeof target !== 'object') continue;
    for (const condition of ['require', 'default']) {
      const kind = target[condition];
      if (typeof kind !== 'object' || !kind.types)
        throw new Error(`the export "${entry}" has no types for "${condition}"`);
    }
  }
  run(`npm pack --silent --pack-destination "${folder}"`);
  const tarball = path.join(folder, readdirSync(folder)[0] ?? '');
  await checkPage(tarball);
  run(`npx publint run "${tarball}" --strict`);
  run(`npx attw "${tarball}"`);
} catch (error) {
  console.error(String(error));
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}

/** The dashboard's page must find all of its files in the package, those too that its scripts import. */
async function checkPage(/** @type {string} */ tarball) {
  run(`tar -xzf "${tarball}" -C "${folder}"`);
  symlinkSync(path.resolve('node_modules'), path.join(folder, 'node_modules'));
  const module = pathToFileURL(path.join(folder, 'package/dist/dashboard/assets.js')).href;
  const { readAsset, renderPage } = /** @type {typeof import('../lib/dashboard/assets.js')} */ (
    await import(module)
  );
  const names = new Set(
    [...renderPage({ base: '', mode: 'token', scopes: [] }).matchAll(/"assets\/([^"]+)"/g)].map(
      ([, name = '']) => name,
    ),
  );
  for (const name of names) {
    const asset = readAsset(name);
    if (asset === undefined) throw new Error(`the page needs ${name}, which is not in the package`);
    for (const [, imported = ''] of asset.body.toString().matchAll(/^(?:import|\}).*\bfrom '\.\/([^']+)'/gm))
      names.add(imported);
  }
  console.log(`dashboard: ${names.size} files`);
}
