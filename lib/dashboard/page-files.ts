import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const CLIENT = new URL('client/', import.meta.url);
const uplot = (name: string): string => createRequire(import.meta.url).resolve(`uplot/dist/${name}`);

/**
 * All files of the page by name. This module reads them, for the tests of the repository; the build replaces it by one that
 * holds them as text (`scripts/embed-page.mjs`). A published package that looked for files beside its code would lose them in
 * a bundle, and could not be loaded as CommonJS.
 */
export const PAGE_FILES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    readdirSync(CLIENT)
      .filter((name) => /\.(js|css|svg|html)$/.test(name))
      .map((name) => [name, readFileSync(new URL(name, CLIENT), 'utf8')]),
  ),
  // The package's own files, unchanged.
  'uplot.js': readFileSync(uplot('uPlot.iife.min.js'), 'utf8'),
  'uplot.css': readFileSync(uplot('uPlot.min.css'), 'utf8'),
};
