// What of the repository is a page of the site, and where it is in the sidebar: docs/index.md says so.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * @typedef {{ text: string, link: string, items?: Item[], collapsed?: boolean }} Item
 * @typedef {{ text: string, items: Item[] }} Group
 * @typedef {(file: string) => string} Read
 */

/** Files beside docs/ that are pages, relative to the root of the repository. */
const PAGES = ['README.md', 'CHANGELOG.md', 'SECURITY.md'];
/** Pages for people who change the package. Links lead to them, the map does not. */
const UNLISTED = /^docs\/(?:index\.md|architecture\.md|decisions\/.*)$/;

export const isPage = (/** @type {string} */ file) =>
  PAGES.includes(file) || /^docs\/.*\.md$/.test(file) || /^(?:index\.md|api\/.*\.md)$/.test(file);

/** The address of a page, without the base: `docs/providers/index.md` is `/docs/providers/`. */
export const addressOf = (/** @type {string} */ file) => `/${file.replace(/(?:(?<=^|\/)index)?\.md$/, '')}`;

/** The links of a list to pages, as files relative to the root of the repository. */
function listedPages(/** @type {string} */ markdown, /** @type {string} */ from) {
  return [...markdown.matchAll(/^\s*[-*] \[([^\]]+)\]\(([^)#\s]+\.md)\)/gm)].map(
    ([, text = '', target = '']) => ({
      text: text.replaceAll('`', ''),
      file: path.posix.join(path.posix.dirname(from), target),
    }),
  );
}

/**
 * The groups of docs/index.md. What the `index.md` of a folder lists of its own folder is below it.
 * @param {Read} read
 * @returns {Group[]}
 */
export function sidebarOf(read) {
  const [, ...sections] = read('docs/index.md').split(/^## /m);
  return sections.map((section) => {
    const items = listedPages(section, 'docs/index.md').map((page) => itemOf(page, read));
    return {
      text: section.slice(0, section.indexOf('\n')).trim(),
      items: items.length === 1 ? opened(items) : items,
    };
  });
}

/** The pages below an index are beside it, in a group that has nothing else. */
const opened = (/** @type {Item[]} */ items) =>
  items.flatMap(({ text, link, items: below = [] }) => [{ text, link }, ...below]);

/**
 * @param {{ text: string, file: string }} page
 * @param {Read} read
 * @returns {Item}
 */
function itemOf({ text, file }, read) {
  const item = { text, link: addressOf(file) };
  if (path.posix.basename(file) !== 'index.md') return item;
  const folder = path.posix.dirname(file);
  const below = listedPages(read(file), file).filter((page) => path.posix.dirname(page.file) === folder);
  const items = below.map((page) => ({ text: page.text, link: addressOf(page.file) }));
  return items.length === 0 ? item : { ...item, items, collapsed: true };
}

/**
 * Pages of docs/ that are in no place of the sidebar: nobody would find them.
 * @param {readonly string[]} files
 * @param {readonly Group[]} groups
 */
export function missingPages(files, groups) {
  const addresses = new Set(
    groups
      .flatMap(({ items }) => items.flatMap((item) => [item, ...(item.items ?? [])]))
      .map(({ link }) => link),
  );
  return files.filter((file) => isPage(file) && !UNLISTED.test(file) && !addresses.has(addressOf(file)));
}

/**
 * The groups of the API reference: one per entry of the package, with its names.
 * @param {string} folder what TypeDoc has written
 * @returns {Group[]}
 */
export function apiSidebar(folder) {
  return listedPages(readFileSync(path.join(folder, 'index.md'), 'utf8'), 'api/index.md').map(
    ({ text, file }) => {
      const entry = path.posix.dirname(file);
      const names = listedPages(readFileSync(path.join(folder, '..', file), 'utf8'), file);
      return {
        text: text.replace('nestjs-identity-model/', ''),
        link: addressOf(file),
        collapsed: true,
        items: names
          .map((page) => ({ text: page.text, link: addressOf(page.file) }))
          .filter(({ link }) => link.startsWith(`/${entry}/`)),
      };
    },
  );
}

/** All Markdown files of docs/, relative to the root of the repository. */
export const filesOfDocs = (/** @type {string} */ root) =>
  readdirSync(path.join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name.replaceAll(path.sep, '/')}`)
    .toSorted();
