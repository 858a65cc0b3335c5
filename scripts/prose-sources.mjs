// What people read, as text with the lines of its file: Markdown as it is, of a changelog the newest section, of code the comments of
// what is documented.
import path from 'node:path';

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
