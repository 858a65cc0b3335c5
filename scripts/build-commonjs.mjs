// Bundles the ES modules of dist into dist/commonjs, for what cannot load ES modules by `require`: Jest, and Node.js with
// --no-experimental-require-module. docs/decisions/0051 says why. Usage: node scripts/build-commonjs.mjs
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { rolldown } from 'rolldown';
import { dts } from 'rolldown-plugin-dts';

const OUTPUT = 'dist/commonjs';
const { exports, dependencies, peerDependencies } =
  /** @type {Record<'exports' | 'dependencies' | 'peerDependencies', Record<string, unknown>>} */ (
    JSON.parse(readFileSync('package.json', 'utf8'))
  );
/** Requires jose, which is an ES module: both, and what else it brings, go into the bundle. */
const BUNDLED = 'jwks-rsa';
/** What is installed beside the package; debug, which comes with jwks-rsa, tries supports-color and does without. */
const installed = new Set([...Object.keys({ ...dependencies, ...peerDependencies }), 'supports-color']);
installed.delete(BUNDLED);

/** The entries of the package: of "./testing" the name is "testing", and the folder in dist as well. */
const entries = Object.keys(exports)
  .filter((entry) => entry !== './package.json')
  .map((entry) => entry.slice(2));
/** @param {string} extension */
const inputs = (extension) =>
  Object.fromEntries(
    entries.map((name) => [name || 'index', `./${path.posix.join('dist', name, `index${extension}`)}`]),
  );

/** The package of `@scope/name/file.js`. @param {string} id */
const nameOf = (id) => /^(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? id;

rmSync(OUTPUT, { recursive: true, force: true });

const code = await rolldown({
  input: inputs('.js'),
  external: (id) => isBuiltin(id) || installed.has(nameOf(id)),
  platform: 'node',
});
const { output } = await code.write({
  dir: OUTPUT,
  format: 'cjs',
  entryFileNames: '[name].cjs',
  chunkFileNames: 'shared/[name].cjs',
  dynamicImportInCjs: false,
  comments: { legal: true, annotation: false, jsdoc: false },
  exports: 'named',
});
await code.close();

const types = await rolldown({
  input: inputs('.d.ts'),
  external: (id) => !id.startsWith('.') && !path.isAbsolute(id),
  plugins: [dts({ dtsInput: true })],
});
await types.write({
  dir: OUTPUT,
  entryFileNames: '[name].d.cts',
  chunkFileNames: 'shared/[name].d.cts',
});
await types.close();

writeFileSync(
  path.join(OUTPUT, 'LICENSES.txt'),
  licensesOf(output.flatMap((chunk) => ('moduleIds' in chunk ? chunk.moduleIds : []))),
);

/**
 * The licences of what is bundled, which ask for being passed on.
 *
 * @param {readonly string[]} files
 */
function licensesOf(files) {
  const folders = new Set(
    files.flatMap(
      (file) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file.replaceAll('\\', '/')) ?? [],
    ),
  );
  return [...folders]
    .toSorted()
    .map((folder) => {
      const { name, version } = /** @type {Record<string, string>} */ (
        JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
      );
      const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
      const text = file === undefined ? '' : readFileSync(path.join(folder, file), 'utf8');
      return `${name} ${version}\n\n${text.trim()}\n`;
    })
    .join('\n----\n\n');
}
