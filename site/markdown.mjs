// What Markdown means on the site: as on GitHub, except for links to files that are no pages.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { isPage } from './pages.mjs';

/** Files beside the pages that the site has too. */
export const DOWNLOAD = /^docs\/.*\.(?:json|ya?ml)$/;

/** Languages of code blocks that the highlighter does not know. */
const UNCOLOURED = new Set(['promql']);

/** The anchor of a heading, as GitHub makes it, so that one link works in both places. */
export const anchorOf = (/** @type {string} */ heading) =>
  heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');

/**
 * What is used of markdown-it, which the folder of the site brings.
 * @typedef {{ root: string, repository: string }} Place of the repository, on this machine and in public ('' if nowhere)
 * @typedef {{
 *   type: string, tag: string, info: string, content: string,
 *   attrs: [string, string][] | null, children: Token[] | null,
 *   attrGet(name: string): string | null, attrSet(name: string, value: string): void,
 * }} Token
 * @typedef {(tokens: Token[], index: number, options: object, env: object, self: {
 *   renderToken(tokens: Token[], index: number, options: object): string
 * }) => string} Rule
 * @typedef {{
 *   core: { ruler: { push(name: string, rule: (state: { tokens: Token[], env: { relativePath?: string } }) => void): void } },
 *   renderer: { rules: Record<string, Rule> },
 * }} MarkdownIt
 */

/**
 * @param {MarkdownIt} md
 * @param {Place} place
 */
export function adaptMarkdown(md, place) {
  md.core.ruler.push('repository', ({ tokens, env }) => {
    const page = env.relativePath ?? '';
    if (page === 'index.md' || page.startsWith('api/')) return;
    labelCells(tokens);
    markDrawings(tokens, path.posix.join(place.root, path.posix.dirname(page)));
    for (const token of tokens) {
      if (token.type === 'html_block') token.content = withRelativeImages(token.content);
      if (token.type === 'fence' && UNCOLOURED.has(token.info)) token.info = 'text';
      adaptLinks(token.children ?? [], page, place);
    }
  });
  // A wide table scrolls by itself, by keyboard as well.
  md.renderer.rules.table_open = (tokens, index, options, _, self) =>
    `<div class="table" tabindex="0" role="group" aria-label="Table">\n${self.renderToken(tokens, index, options)}`;
  md.renderer.rules.table_close = () => '</table>\n</div>\n';
}

/** Characters of a cell from which on a table is text, which phones show row below row. */
const TEXT = 48;

/** Each cell gets the name of its column, for narrow windows. */
function labelCells(/** @type {Token[]} */ tokens) {
  /** @type {Token | undefined} */
  let table;
  /** @type {string[]} */
  let names = [];
  let column = 0;
  for (const [index, token] of tokens.entries()) {
    const text = tokens[index + 1]?.content ?? '';
    if (token.type === 'table_open') [table, names] = [token, []];
    else if (token.type === 'tr_open') column = 0;
    else if (token.type === 'th_open') names.push(text.replaceAll(/[`*]/g, ''));
    else if (token.type === 'td_open') {
      token.attrSet('data-column', names[column] ?? '');
      column += 1;
      if (names.length > 1 && text.length > TEXT) table?.attrSet('class', 'text');
    }
  }
}

/** Drawings that are wider cannot be read on a phone unless they scroll. */
const PHONE = 500;

/** A paragraph that is a wide drawing can be scrolled, by keyboard as well. */
function markDrawings(/** @type {Token[]} */ tokens, /** @type {string} */ folder) {
  for (const [index, { content }] of tokens.entries()) {
    const [, file] = /^!\[[^\]]*\]\(([^)\s]+\.svg)\)$/.exec(content) ?? [];
    if (file === undefined) continue;
    const [, width] = /viewBox="0 0 (\d+)/.exec(readFileSync(path.join(folder, file), 'utf8')) ?? [];
    if (Number(width) <= PHONE) continue;
    tokens[index - 1]?.attrSet('class', 'wide');
    tokens[index - 1]?.attrSet('tabindex', '0');
  }
}

/** Vite takes a bare `docs/…` for the name of a package. */
const withRelativeImages = (/** @type {string} */ html) =>
  html.replaceAll(/(\b(?:src|srcset)=")(?!\w+:|[./#])/g, '$1./');

/**
 * What a link of a page leads to on the site: null if that is nothing, since a file of the repository is no page of the site
 * and the repository has no public address yet.
 * @param {string} href
 * @param {string} page relative to the root of the repository
 * @param {Place} place
 */
export function targetOf(href, page, { root, repository }) {
  const [target = ''] = href.split(/[?#]/);
  if (target === '' || /^\w+:/.test(href)) return href;
  const file = path.posix.join(path.posix.dirname(page), decodeURIComponent(target));
  if (isPage(file) || DOWNLOAD.test(file)) return href;
  if (!existsSync(path.join(root, file))) throw new Error(`${page} links to ${href}, which does not exist`);
  return repository === '' ? null : `${repository}/blob/main/${file}`;
}

/**
 * @param {Token[]} tokens of one line, where links do not nest
 * @param {string} page
 * @param {Place} place
 */
function adaptLinks(tokens, page, place) {
  let tag = 'a';
  for (const token of tokens) {
    if (token.type === 'html_inline') token.content = withRelativeImages(token.content);
    if (token.type === 'link_open') {
      const target = targetOf(token.attrGet('href') ?? '', page, place);
      tag = target === null ? 'span' : 'a';
      token.attrs = target === null ? null : [['href', target]];
      token.tag = tag;
    }
    if (token.type === 'link_close') token.tag = tag;
  }
}
