// The public names: what docs/reference/versioning.md promises to keep. `npm run surface` writes them to test/surface/public-names.txt
// after a build, and a test compares the two, so that each change of a name shows in a diff.
// A script and not @microsoft/api-extractor: docs/decisions/0041-public-names-by-a-script.md.
import { existsSync, readFileSync, readdirSync, realpathSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DIST = path.join(ROOT, 'dist');
export const CURRENT = path.join(ROOT, 'test/surface/public-names.txt');
/** The same as of the last release; absent before the first one. */
export const RELEASED = path.join(ROOT, 'test/surface/released-names.txt');

/** @returns {Promise<string[]>} one line for each name: its kind, the name, what else is promised of it. */
export async function readPublicNames() {
  const { MODULE_OPTIONS } = /** @type {typeof import('../lib/options/module-options.js')} */ (
    await load('options/module-options.js')
  );
  const { ERROR_CODES } = /** @type {typeof import('../lib/errors/error-codes.js')} */ (
    await load('errors/error-codes.js')
  );
  const { METRICS } = /** @type {typeof import('../lib/prometheus/metric-names.js')} */ (
    await load('prometheus/metric-names.js')
  );
  const { USAGE } = /** @type {typeof import('../lib/cli/read-arguments.js')} */ (
    await load('cli/read-arguments.js')
  );
  return [
    ...exportsOf(),
    ...optionsOf(MODULE_OPTIONS, ''),
    ...Object.entries(ERROR_CODES).map(([code, row]) =>
      ['error', code, row.status, ...('challenge' in row ? [row.challenge] : [])].join(' '),
    ),
    ...Object.values(METRICS).map(({ name, labels }) => `metric ${name} ${labels.join(' ')}`),
    ...textsIn('opentelemetry', /'(identity\.[a-z._]+)'/g).map((name) => `opentelemetry ${name}`),
    ...textsIn('options/read-environment.js', /'([A-Za-z]+(?:_[A-Za-z]+)+)'/g).map(
      (name) => `environment ${name}`,
    ),
    ...unique(USAGE.match(/--[a-z-]+/g) ?? []).map((flag) => `doctor ${flag}`),
  ];
}

/**
 * The names that came, left or have another default, and that stand in no code span of the changelog's newest section.
 *
 * @param {readonly string[]} released @param {readonly string[]} current @param {string} changelog
 */
export function findUntold(released, current, changelog) {
  const [, newest = ''] = changelog.split(/^## /m);
  const code = [...newest.matchAll(/`([^`]+)`/g)].map(([, text]) => text).join('\n');
  const changed = [
    ...current.filter((line) => !released.includes(line)),
    ...released.filter((line) => !current.includes(line)),
  ];
  return unique(changed.map((line) => nameIn(line))).filter((name) => {
    const escaped = name.replaceAll(/[$.*+?()[\]]/g, '\\$&');
    return !new RegExp(`(?<![\\w-])${escaped}(?![\\w-])`).test(code);
  });
}

/** What a changelog calls it: a text by itself, members and options by their last part. */
function nameIn(/** @type {string} */ line) {
  const literal = /='(.*)'$/.exec(line)?.[1];
  if (literal !== undefined) return literal;
  const [kind = '', name = ''] = line.split(' ');
  return kind.startsWith('.') || kind === 'option' ? (name.split('.').at(-1) ?? '') : name;
}

/** @param {string} file @returns {Promise<unknown>} */
const load = async (file) => import(pathToFileURL(path.join(DIST, file)).href);

/** @param {readonly string[]} names */
const unique = (names) => [...new Set(names)].toSorted();

/** Exports of each entry of package.json, with the members that users may call, read or override. */
function exportsOf() {
  const { exports } = /** @type {{ exports: Record<string, string | { default: { types: string } }> }} */ (
    JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'))
  );
  const entries = Object.entries(exports).flatMap(([entry, target]) =>
    typeof target === 'string' ? [] : [{ entry, file: path.join(ROOT, target.default.types) }],
  );
  const program = ts.createProgram(
    entries.map(({ file }) => file),
    { module: ts.ModuleKind.NodeNext, strict: true, types: ['node'], skipLibCheck: true },
  );
  const checker = program.getTypeChecker();
  return entries.flatMap(({ entry, file }) => {
    const source = program.getSourceFile(file);
    const module = source && checker.getSymbolAtLocation(source);
    if (module === undefined) throw new Error(`${file} exports nothing: run "npm run build" first`);
    const names = checker.getExportsOfModule(module).flatMap((symbol) => {
      return [symbol.name, ...membersOf(checker, symbol).map((each) => `${symbol.name}${each}`)];
    });
    return unique(names).map((name) => `${entry} ${name}`);
  });
}

/** @param {ts.TypeChecker} checker @param {ts.Symbol} exported */
function membersOf(checker, exported) {
  const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
  const type = checker.getDeclaredTypeOfSymbol(symbol);
  const isClass = (symbol.flags & ts.SymbolFlags.Class) !== 0;
  const ofClass = isClass ? checker.getPropertiesOfType(checker.getTypeOfSymbol(symbol)) : [];
  const hasMembers = isClass || (symbol.flags & ts.SymbolFlags.Interface) !== 0;
  const members = [...ofClass, ...(hasMembers ? checker.getPropertiesOfType(type) : [])];
  return [
    ...members.filter(isPublic).map(({ name }) => `.${name}`),
    // The names of events stand in their member `type`.
    ...(symbol.name.endsWith('Event') ? propertyLiterals(checker, type) : []),
    // Codes of errors have lines of their own.
    ...(/^(ErrorCode|ValidationResult)$/.test(symbol.name) ? [] : literalsOf(type)),
  ];
}

/** @param {ts.TypeChecker} checker @param {ts.Type} type */
function propertyLiterals(checker, type) {
  const property = type.isUnion() ? undefined : type.getProperty('type');
  return property === undefined ? [] : literalsOf(checker.getTypeOfSymbol(property));
}

/** Members of a union of texts, such as `'any' | 'rfc9068'`: they are names, too. */
function literalsOf(/** @type {ts.Type} */ type) {
  const types = type.isUnion() ? type.types : [type];
  return types.flatMap((each) => (each.isStringLiteral() ? [`='${each.value}'`] : []));
}

/** Not private, no hook that NestJS calls, and not of a package whose class is extended. */
function isPublic(/** @type {ts.Symbol} */ symbol) {
  const { name, declarations = [] } = symbol;
  if (/^(#|__|prototype$|configure$|on(Module|Application))/.test(name)) return false;
  // Those of ConfigurableModuleBuilder (forRoot, forRootAsync) have names of ours and no declaration.
  if (declarations.length === 0) return true;
  return declarations.some(
    (each) =>
      each.getSourceFile().fileName.startsWith(DIST) &&
      (ts.getCombinedModifierFlags(each) & ts.ModifierFlags.Private) === 0,
  );
}

/** @param {import('../lib/options/schema.js').Rows} rows @param {string} above @returns {string[]} */
function optionsOf(rows, above) {
  return Object.entries(rows).flatMap(([name, row]) => {
    if (row.rows !== undefined) return [`option ${above}${name}`, ...optionsOf(row.rows, `${above}${name}.`)];
    // What the running Node.js can verify is no choice of ours.
    const isChosen = row.default !== undefined && name !== 'algorithms';
    const byDefault = isChosen ? ` ${JSON.stringify(row.default)}` : '';
    return [`option ${above}${name}${byDefault}`];
  });
}

/** What a pattern's group finds in a built file, or in those of a folder. */
function textsIn(/** @type {string} */ place, /** @type {RegExp} */ pattern) {
  const target = path.join(DIST, place);
  const files = place.endsWith('.js')
    ? [target]
    : readdirSync(target)
        .filter((name) => name.endsWith('.js'))
        .map((name) => path.join(target, name));
  const names = files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(pattern)].map(([, name = '']) => name),
  );
  return unique(names);
}

/** @param {string} file */
export const readLines = (file) => readFileSync(file, 'utf8').trimEnd().split('\n');

if (realpathSync(process.argv[1] ?? '') === fileURLToPath(import.meta.url)) {
  const file = process.argv.includes('--released') ? RELEASED : CURRENT;
  const before = existsSync(file) ? readLines(file) : [];
  const names = await readPublicNames();
  writeFileSync(file, `${names.join('\n')}\n`);
  console.log(`${path.relative(ROOT, file)}: ${names.length} names, ${before.length} before`);
}
