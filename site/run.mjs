// Builds the documentation site into site/dist, or serves it while pages change. Usage, after a build of the
// package: node site/run.mjs build | dev. The generator has packages of its own, so that `npm ci` of the
// repository does not install them.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const SITE = fileURLToPath(new URL('.', import.meta.url));
const [command = 'dev'] = process.argv.slice(2);
if (!['build', 'dev'].includes(command)) throw new Error(`"${command}" is neither build nor dev`);

const steps = [
  ...(isInstalled() ? [] : [['npm', 'ci', '--no-audit', '--no-fund']]),
  [process.execPath, 'node_modules/typedoc/bin/typedoc'],
  [process.execPath, 'node_modules/vitepress/bin/vitepress.js', command],
];
for (const [program = '', ...args] of steps) {
  const { status } = spawnSync(program, args, { cwd: SITE, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

function isInstalled() {
  const installed = `${SITE}node_modules/.package-lock.json`;
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(`${SITE}package-lock.json`).mtimeMs;
}
