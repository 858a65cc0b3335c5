// Packs the library as `npm publish` would, and checks what users would install instead of the work tree.
import { execSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const { exports } =
  /** @type {{ exports: Record<string, string | Record<string, string | { types?: string }>> }} */ (
    JSON.parse(readFileSync('package.json', 'utf8'))
  );
/** With those that the dependencies bring. */
const MAX_PACKAGES = 29;
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
  checkTree(tarball);
  run(`npx publint run "${tarball}" --strict`);
  run(`npx attw "${tarball}"`);
} catch (error) {
  console.error(String(error));
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}

/**
 * What `npm install` of the package brings, without the peers that an application has anyway. A new dependency must be worth
 * its packages: docs/decisions/0060 says so of each.
 */
function checkTree(/** @type {string} */ tarball) {
  const project = path.join(folder, 'tree');
  mkdirSync(project);
  writeFileSync(path.join(project, 'package.json'), '{ "private": true }\n');
  run(
    `npm install --prefix "${project}" --package-lock-only --legacy-peer-deps --no-audit --no-fund --silent "${tarball}"`,
  );
  const { packages } = /** @type {{ packages: Record<string, unknown> }} */ (
    JSON.parse(readFileSync(path.join(project, 'package-lock.json'), 'utf8'))
  );
  const names = Object.keys(packages)
    .map((key) => key.replace(/^.*node_modules\//, ''))
    .filter((name) => name !== '' && name !== 'nestjs-identity-model');
  console.log(`dependencies: ${names.length} packages\n  ${names.toSorted().join(', ')}`);
  if (names.length > MAX_PACKAGES) {
    throw new Error(`the dependencies are ${names.length} packages, ${MAX_PACKAGES} at the most`);
  }
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
