// What people read, as text with the lines of its file: Markdown as it is, of a changelog the newest section, of code the comments of
// what is documented.
import path from 'node:path';
import ts from 'typescript';

/**
 * @param {string} file
 * @param {string} text
 * @returns {string} as many lines, those without prose are empty
 */
export function proseOf(file, text) {
  if (file.endsWith('.ts')) return documentationOf(text);
  return file.endsWith('CHANGELOG.md') ? newestSectionOf(text) : text;
}

/**
 * The files that a module exports from.
 * @param {string} file
 * @param {string} code
 */
export function sourcesOf(file, code) {
  return [...code.matchAll(/ from '(\.[^']+)\.js'/g)].map(([, source = '']) =>
    path.posix.join(path.posix.dirname(file), `${source}.ts`),
  );
}

/**
 * The sentences of code that users see: texts of three words or more, each on its line.
 * @param {string} file
 * @param {string} code
 */
export function messagesOf(file, code) {
  const source = ts.createSourceFile(file, code, ts.ScriptTarget.ESNext);
  const lines = code.split('\n').map(() => '');
  const visit = (/** @type {ts.Node} */ node) => {
    if (isText(node) && /\S \S+ \S/.test(node.text)) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
      lines[line] += ` ${node.text.replaceAll('\n', ' ').trim()}`;
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return lines.map((line) => line.trim()).join('\n');
}

/** @returns {node is ts.StringLiteralLike | ts.TemplateHead | ts.TemplateMiddle | ts.TemplateTail} */
const isText = (/** @type {ts.Node} */ node) =>
  ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node);

/** The first section below the introduction; released ones stay as they were read. */
function newestSectionOf(/** @type {string} */ text) {
  const [before = '', section = ''] = text.split(/^(?=## )/m);
  return emptyLines(before) + section;
}

/** The text of each JSDoc comment in its lines. */
function documentationOf(/** @type {string} */ code) {
  let at = 0;
  let prose = '';
  for (const { 0: comment, index } of code.matchAll(/^[ \t]*\/\*\*[^]*?\*\//gm)) {
    prose +=
      emptyLines(code.slice(at, index)) +
      comment.replaceAll(/^[ \t]*(?:\/\*\* ?|\*\/|\* ?)|[ \t]*\*\/$/gm, '');
    at = index + comment.length;
  }
  return prose + emptyLines(code.slice(at));
}

const emptyLines = (/** @type {string} */ text) => '\n'.repeat(text.split('\n').length - 1);
