import { printable } from './format.js';

/** @typedef {Node | string} Child */

const SVG = 'http://www.w3.org/2000/svg';

/**
 * An element of the page that index.html has.
 *
 * @param {string} id
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element;
}

/**
 * @template {Element} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function find(id, type) {
  const element = byId(id);
  if (!(element instanceof type)) throw new TypeError(`#${id} is no ${type.name}`);
  return element;
}

/**
 * Makes an element. Strings become text, never markup, and nothing in them steers the reader.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Readonly<Record<string, string>>} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, printable(value));
  element.append(...children.map((child) => (typeof child === 'string' ? printable(child) : child)));
  return element;
}

/**
 * A shape of the sprite in index.html. It repeats what words say, so it is hidden from screen readers.
 *
 * @param {'ok' | 'warn' | 'bad' | 'idle' | 'turn'} name
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', `icon icon-${name}`);
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `#i-${name}`);
  svg.append(use);
  return svg;
}

/**
 * Writes only what changed: a selection stays, and live regions stay silent.
 *
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  const next = printable(text);
  if (element.textContent !== next) element.textContent = next;
}

/** @type {WeakMap<Element, string>} */
const shown = new WeakMap();

/**
 * Replaces the children where `key`, which says what they show, is another one than last time.
 *
 * @param {Element} parent
 * @param {string} key
 * @param {() => readonly Child[]} build
 */
export function show(parent, key, build) {
  if (shown.get(parent) === key) return;
  shown.set(parent, key);
  parent.replaceChildren(...build().map((child) => (typeof child === 'string' ? printable(child) : child)));
}

/**
 * @param {string} caption - for screen readers; the heading above says it to everybody else.
 * @param {readonly (string | { readonly text: string, readonly numeric: true })[]} heads
 * @param {readonly (readonly Child[])[]} rows - the first cell of each names it.
 */
export function makeTable(caption, heads, rows) {
  const isNumeric = heads.map((head) => typeof head !== 'string');
  const classOf = (/** @type {number} */ column) => (isNumeric[column] === true ? { class: 'number' } : {});
  return make(
    'table',
    {},
    make('caption', { class: 'sr' }, caption),
    make(
      'thead',
      {},
      make(
        'tr',
        {},
        ...heads.map((head, column) =>
          make('th', { scope: 'col', ...classOf(column) }, typeof head === 'string' ? head : head.text),
        ),
      ),
    ),
    make(
      'tbody',
      {},
      ...rows.map((cells) =>
        make(
          'tr',
          {},
          ...cells.map((cell, column) =>
            column === 0 ? make('th', { scope: 'row' }, cell) : make('td', classOf(column), cell),
          ),
        ),
      ),
    ),
  );
}
