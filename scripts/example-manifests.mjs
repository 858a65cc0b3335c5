import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

/**
 * What is read of a package.json.
 *
 * @typedef {object} Manifest
 * @property {string} [version]
 * @property {Record<string, string>} [scripts]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [devDependencies]
 * @property {Record<string, string>} [peerDependencies]
 * @property {Record<string, { optional?: boolean }>} [peerDependenciesMeta]
 * @property {Record<string, unknown>} [overrides]
 */

const FILES = ['README.md', '.env.example', 'tsconfig.json'];

/** `@nestjs/common` for `@nestjs/common/cache`. @param {string} specifier */
const packageOf = (specifier) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

/**
 * What is wrong with the examples before they are installed: a file that is missing, a package that is imported and not
 * named, a peer of the library that is not named, and a version other than the one that the library is tested with.
 *
 * @param {string} folder
 * @param {Manifest} library
 * @returns {string[]} one line for each fault
 */
export function findFaults(folder, library) {
  const examples = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return examples.flatMap(({ name }) => faultsOf(path.join(folder, name), library));
}

/** @param {string} example @param {Manifest} library */
function faultsOf(example, library) {
  const { dependencies = {}, devDependencies = {} } = /** @type {Manifest} */ (
    JSON.parse(readFileSync(path.join(example, 'package.json'), 'utf8'))
  );
  const named = { ...dependencies, ...devDependencies };
  const peers = Object.keys(library.peerDependencies ?? {}).filter(
    (name) => library.peerDependenciesMeta?.[name]?.optional !== true,
  );
  const imported = sourcesOf(example).flatMap((file) => importsOf(file).map((name) => ({ file, name })));
  return [
    ...FILES.filter((file) => !existsSync(path.join(example, file))).map(
      (file) => `${example}: ${file} is missing`,
    ),
    ...peers
      .filter((name) => !(name in dependencies))
      .map((name) => `${example}: dependencies lack the peer ${name}`),
    ...imported
      .filter(({ file, name }) => !(name in (file.includes('/src/') ? dependencies : named)))
      .map(({ file, name }) => `${file}: package.json does not name ${name}`),
    ...Object.entries(named)
      .flatMap(([name, range]) => faultOfRange(name, range, library))
      .map((each) => `${example}: ${each}`),
  ];
}

/** @param {string} name @param {string} range @param {Manifest} library */
function faultOfRange(name, range, library) {
  const tested = name === 'nestjs-identity-model' ? library.version : library.devDependencies?.[name];
  const isCompared = tested !== undefined && !tested.startsWith('npm:');
  if (isCompared && range !== `^${tested}`)
    return [`"${name}" is "${range}"; the library is tested with "^${tested}"`];
  return /^\^\d+\.\d+\.\d+$/.test(range)
    ? []
    : [`"${name}" is "${range}"; expected a range of the form ^1.2.3`];
}

/** @param {string} example */
const sourcesOf = (example) =>
  ['src', 'test'].flatMap((folder) =>
    readdirSync(path.join(example, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => path.posix.join(example, folder, name.replaceAll(path.sep, '/'))),
  );

/** @param {string} file */
const importsOf = (file) =>
  ts
    .preProcessFile(readFileSync(file, 'utf8'))
    .importedFiles.map(({ fileName }) => fileName)
    .filter((name) => !/^(\.|node:)/.test(name))
    .map(packageOf);
