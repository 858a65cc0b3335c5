// Links of the built documentation site that lead nowhere: no page, no file, or no such heading on it.

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
