// Links of the built site that lead nowhere: to no page, no file, or no such heading.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * @param {string} folder of the built site
 * @param {string} base the address of the site, with a slash at both ends
 * @returns {string[]}
 */
export function deadLinksOf(folder, base) {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) =>
    name.replaceAll(path.sep, '/'),
  );
  const pages = files
    .filter((name) => name.endsWith('.html') && name !== '404.html')
    .map((name) => {
      const address = base + name.replace(/(?:(?<=^|\/)index)?\.html$/, '');
      return /** @type {const} */ ([address, readFileSync(path.join(folder, name), 'utf8')]);
    });
  const others = new Set(files.map((name) => base + name));
  return brokenLinks(new Map(pages), (address) => others.has(address));
}

/**
 * @param {ReadonlyMap<string, string>} pages HTML by address: `/docs/`, `/docs/guides/health`
 * @param {(address: string) => boolean} hasFile whether the site has this file that is no page
 * @returns {string[]}
 */
export function brokenLinks(pages, hasFile) {
  const ids = new Map([...pages].map(([address, html]) => [address, new Set(valuesOf(html, 'id'))]));
  return [...pages].flatMap(([from, html]) =>
    [...new Set(valuesOf(html, 'href'))]
      .filter((href) => !/^(?:[a-z]+:|\/\/)/i.test(href))
      .filter((href) => {
        const { pathname, hash } = new URL(href, `http://site${from}`);
        const address = decodeURI(pathname);
        const anchors = ids.get(address);
        if (anchors === undefined) return !hasFile(address);
        return hash !== '' && !anchors.has(decodeURIComponent(hash.slice(1)));
      })
      .map((href) => `${from}: ${href}`),
  );
}

const valuesOf = (/** @type {string} */ html, /** @type {string} */ attribute) =>
  [...html.matchAll(new RegExp(`<[a-z][^<>]*?\\s${attribute}="([^"]*)"`, 'gi'))].map(([, value = '']) =>
    value.replaceAll('&amp;', '&'),
  );
