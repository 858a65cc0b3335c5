// Sizes and shapes of lib/, specs left out, as figures to compare before and after a change of structure. It judges
// nothing. Usage: node scripts/measure-structure.mjs [folder]
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const LONG_FILE_LINES = 250;
const MANY_PARAMETERS = 5;
const LONGEST_FUNCTIONS = 10;

/**
 * @typedef {{ name: string, file: string, lines: number }} Sized
 * @typedef {{ name: string, file: string, parameters: number }} Constructed
 * @typedef {{ file: string, lines: number, codeLines: number, commentLines: number, anys: number,
 *   classes: Constructed[], functions: Sized[], imports: string[] }} Measured
 */

/**
 * @param {string} file path below the folder, with forward slashes
 * @param {string} text
 * @param {ReadonlySet<string>} files all of them
 * @returns {Measured}
 */
export function measureFile(file, text, files) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true);
  const lineOf = (/** @type {number} */ position) => source.getLineAndCharacterOfPosition(position).line;
  /** @type {Constructed[]} */
  const classes = [];
  /** @type {Sized[]} */
  const functions = [];
  let anys = 0;
  const visit = (/** @type {ts.Node} */ node) => {
    if (node.kind === ts.SyntaxKind.AnyKeyword) anys++;
    if (ts.isClassLike(node)) {
      const made = node.members.find((member) => ts.isConstructorDeclaration(member));
      classes.push({
        name: node.name?.text ?? 'a class',
        file,
        parameters: made !== undefined && ts.isConstructorDeclaration(made) ? made.parameters.length : 0,
      });
    }
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) {
      const lines = lineOf(node.getEnd()) - lineOf(node.getStart(source)) + 1;
      functions.push({ name: nameOf(node, source), file, lines });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  const comments = commentLines(source);
  const lines = text.split('\n').map((line) => line.trim());
  if (lines.at(-1) === '') lines.pop();
  return {
    file,
    lines: lines.length,
    codeLines: lines.filter((line, at) => line !== '' && !comments.has(at)).length,
    commentLines: comments.size,
    anys,
    classes,
    functions,
    imports: importsOf(file, text).filter((target) => files.has(target)),
  };
}

/**
 * Lines that hold a comment and nothing else, each counted once.
 *
 * @param {ts.SourceFile} source
 * @returns {Set<number>}
 */
function commentLines(source) {
  const { text } = source;
  const lineOf = (/** @type {number} */ position) => source.getLineAndCharacterOfPosition(position).line;
  const starts = source.getLineStarts();
  /** @type {Set<number>} */
  const found = new Set();
  const seen = new Set();
  const add = (/** @type {readonly ts.CommentRange[] | undefined} */ ranges) => {
    for (const { pos, end } of ranges ?? []) {
      if (seen.has(pos)) continue;
      seen.add(pos);
      const first = lineOf(pos);
      const begins = text.slice(starts[first], pos).trim() === '';
      for (let line = begins ? first : first + 1; line <= lineOf(end); line++) found.add(line);
    }
  };
  // Comments stand before a token or behind the last one of a line; asking each token finds all, and none in a string.
  const visit = (/** @type {ts.Node} */ node) => {
    if (node.getChildCount(source) === 0 || ts.isJSDoc(node)) {
      if (ts.isJSDoc(node)) return;
      add(ts.getLeadingCommentRanges(text, node.getFullStart()));
      add(ts.getTrailingCommentRanges(text, node.getEnd()));
      return;
    }
    for (const child of node.getChildren(source)) visit(child);
  };
  visit(source);
  return found;
}

/**
 * @param {ts.SignatureDeclaration} node
 * @param {ts.SourceFile} source
 */
function nameOf(node, source) {
  const { parent } = node;
  const owner = ts.isClassLike(parent) ? `${parent.name?.text ?? 'a class'}.` : '';
  if (ts.isConstructorDeclaration(node)) return `${owner}constructor`;
  if (node.name !== undefined) return owner + node.name.getText(source);
  if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent))
    return parent.name.getText(source);
  return 'a function';
}

/**
 * Targets in the same tree, those of types included.
 *
 * @param {string} file
 * @param {string} text
 */
function importsOf(file, text) {
  return ts
    .preProcessFile(text)
    .importedFiles.filter(({ fileName }) => fileName.startsWith('.'))
    .map(({ fileName }) => path.posix.join(path.posix.dirname(file), fileName).replace(/\.js$/, '.ts'));
}

/**
 * Groups of files that import each other in a circle: strongly connected components (Tarjan).
 *
 * @param {ReadonlyMap<string, readonly string[]>} graph
 * @returns {string[][]}
 */
export function findCycles(graph) {
  /** @type {Map<string, { index: number, low: number }>} */
  const marks = new Map();
  /** @type {string[]} */
  const open = [];
  /** @type {string[][]} */
  const cycles = [];
  const visit = (/** @type {string} */ file) => {
    const mark = { index: marks.size, low: marks.size };
    marks.set(file, mark);
    open.push(file);
    for (const target of graph.get(file) ?? []) {
      const known = marks.get(target);
      if (known === undefined) mark.low = Math.min(mark.low, visit(target).low);
      else if (open.includes(target)) mark.low = Math.min(mark.low, known.index);
    }
    if (mark.low === mark.index) {
      const group = open.splice(open.indexOf(file));
      if (group.length > 1 || graph.get(file)?.includes(file)) cycles.push(group.toSorted());
    }
    return mark;
  };
  for (const file of graph.keys()) if (!marks.has(file)) visit(file);
  return cycles;
}

/** @param {readonly number[]} values */
function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2;
}

const sum = (/** @type {readonly number[]} */ values) => values.reduce((total, value) => total + value, 0);

/**
 * @param {ReadonlyMap<string, string>} sources text by path below the folder
 * @returns {string}
 */
export function describeStructure(sources) {
  const files = new Set([...sources.keys()].filter((file) => !file.endsWith('.spec.ts')));
  const measured = [...files].map((file) => measureFile(file, sources.get(file) ?? '', files));
  const lines = sum(measured.map((each) => each.lines));
  const comments = sum(measured.map((each) => each.commentLines));
  const code = sum(measured.map((each) => each.codeLines));
  const long = measured.filter((each) => each.lines > LONG_FILE_LINES).toSorted((a, b) => b.lines - a.lines);
  const wide = measured
    .flatMap(({ classes }) => classes)
    .filter(({ parameters }) => parameters >= MANY_PARAMETERS)
    .toSorted((a, b) => b.parameters - a.parameters);
  const anys = measured.filter((each) => each.anys > 0);
  const cycles = findCycles(new Map(measured.map(({ file, imports }) => [file, imports])));
  const functions = measured
    .flatMap((each) => each.functions)
    .toSorted((a, b) => b.lines - a.lines)
    .slice(0, LONGEST_FUNCTIONS);
  const rows = [
    ['files', measured.length],
    ['lines', lines],
    ['median lines of a file', median(measured.map((each) => each.lines))],
    [
      'comment lines, of those with comment or code',
      `${((100 * comments) / (comments + code)).toFixed(1)} %`,
    ],
    ['any', sum(anys.map((each) => each.anys)), anys.map((each) => `${each.file}: ${each.anys}`)],
    [
      `files of more than ${LONG_FILE_LINES} lines`,
      long.length,
      long.map((each) => `${each.file}: ${each.lines}`),
    ],
    [
      `classes with ${MANY_PARAMETERS} constructor parameters or more`,
      wide.length,
      wide.map(({ name, file, parameters }) => `${name} (${file}): ${parameters}`),
    ],
    ['import cycles, those of types included', cycles.length, cycles.map((group) => group.join(', '))],
    [
      'lines of the longest function',
      functions[0]?.lines ?? 0,
      functions.map(({ name, file, lines: length }) => `${name} (${file}): ${length}`),
    ],
  ];
  return rows
    .flatMap(([name, value, details]) => [
      `${String(name)}: ${String(value)}`,
      ...(Array.isArray(details) ? details.map((detail) => `  ${detail}`) : []),
    ])
    .join('\n');
}

/** @param {string} folder */
function readSources(folder) {
  return new Map(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => [file.replaceAll(path.sep, '/'), readFileSync(path.join(folder, file), 'utf8')]),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2] ?? fileURLToPath(new URL('../lib', import.meta.url));
  console.log(describeStructure(readSources(folder)));
}
