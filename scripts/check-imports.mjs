// An import in lib/ points into its own folder or to a lower rank, nothing imports in a circle (types
// included), and only the public entries may be an index.ts. Usage: node scripts/check-imports.mjs [folder]
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** Lowest first. Folders of one rank may not import each other. */
export const RANKS = [
  ['model'],
  ['errors', 'cache', 'certificates'],
  ['options'],
  ['events', 'http'],
  ['metrics'],
  ['store'],
  ['tokens'],
  ['validation'],
  ['discovery'],
  ['jwks'],
  ['proofs'],
  ['issuers'],
  ['stats'],
  ['transports'],
  ['requirements'],
  ['resources'],
  ['decorators'],
  ['auth'],
  ['startup'],
  ['sockets'],
  ['health', 'prometheus', 'opentelemetry', 'redis', 'mcp'],
  ['identity.module'],
  ['index'],
  ['testing', 'dashboard', 'cli', 'schematics'],
];
const ENTRIES = /^((prometheus|opentelemetry|redis|mcp|testing|dashboard|cli)\/)?index\.ts$/;

/** `jwks` for jwks/find-key.ts, `identity.module` for identity.module-definition.ts, `index` for index.ts. */
const unitOf = (/** @type {string} */ file) =>
  /^(identity\.module)[^/]*$/.exec(file)?.[1] ?? file.replace(/\/.*|\.ts$/s, '');

const rankOf = (/** @type {string} */ unit) => RANKS.findIndex((row) => row.includes(unit));

/**
 * @param {ReadonlyMap<string, string>} sources text by path below lib/, with forward slashes
 * @returns {string[]} one line for each fault; none when all is well
 */
export function findFaults(sources) {
  const files = [...sources.keys()].filter((file) => !file.endsWith('.spec.ts'));
  const faults = [];
  /** @type {Map<string, string[]>} */
  const graph = new Map();

  for (const file of files) {
    const unit = unitOf(file);
    if (rankOf(unit) === -1) faults.push(`${file}: "${unit}" has no rank; give it one in RANKS`);
    if (/(^|\/)index\.ts$/.test(file) && !ENTRIES.test(file)) {
      faults.push(`${file}: a folder barrel; import from the file that declares the name`);
    }
    graph.set(file, []);
    for (const { fileName } of ts.preProcessFile(sources.get(file) ?? '').importedFiles) {
      if (/^nestjs-identity-model(\/|$)/.test(fileName)) faults.push(`${file}: imports its own package`);
      if (!fileName.startsWith('.')) continue;
      const target = path.posix.join(path.posix.dirname(file), fileName).replace(/\.js$/, '.ts');
      if (!files.includes(target)) {
        faults.push(`${file}: imports ${fileName}, which is no source file of the library`);
        continue;
      }
      graph.get(file)?.push(target);
      const targetUnit = unitOf(target);
      if (targetUnit !== unit && rankOf(targetUnit) >= rankOf(unit)) {
        faults.push(`${file}: "${unit}" may not import from "${targetUnit}" (${target})`);
      }
    }
  }
  return [...faults, ...findCycles(graph)];
}

/** @param {ReadonlyMap<string, readonly string[]>} graph */
function findCycles(graph) {
  /** @type {string[]} */
  const cycles = [];
  const done = new Set();
  const visit = (/** @type {string} */ file, /** @type {string[]} */ trail) => {
    const start = trail.indexOf(file);
    if (start !== -1) cycles.push(`cycle: ${[...trail.slice(start), file].join(' -> ')}`);
    if (start !== -1 || done.has(file)) return;
    for (const target of graph.get(file) ?? []) visit(target, [...trail, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return cycles;
}

/** @param {string} folder */
function readSources(folder) {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return new Map(
    names
      .filter((name) => name.endsWith('.ts'))
      .map((name) => [name.replaceAll(path.sep, '/'), readFileSync(path.join(folder, name), 'utf8')]),
  );
}

if (realpathSync(process.argv[1] ?? '') === fileURLToPath(import.meta.url)) {
  const sources = readSources(process.argv[2] ?? 'lib');
  const faults = findFaults(sources);
  for (const fault of faults) console.error(fault);
  console.log(`${sources.size} files, ${faults.length} faults`);
  // No file at all is a wrong folder, not a clean one.
  process.exitCode = faults.length > 0 || sources.size === 0 ? 1 : 0;
}
