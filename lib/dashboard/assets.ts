import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { IdentityError } from '../errors/identity-error.js';

export interface Asset {
  readonly type: string;
  readonly body: Buffer;
}

const SCRIPT = 'text/javascript; charset=utf-8';
const STYLE = 'text/css; charset=utf-8';

/** Bundlers move the code, and in CommonJS leave it without a place: asked for when it is needed, not when it is loaded. */
const own = (name: string): URL => new URL(`client/${name}`, import.meta.url);
const installed = (name: string): string => createRequire(import.meta.url).resolve(name);

const SCRIPTS = [
  'main',
  'api',
  'charts',
  'confirm',
  'dom',
  'sign-in',
  'events',
  'explain',
  'explanation-text',
  'format',
  'incidents',
  'issuer-text',
  'issuers',
  'event-stream',
  'overview',
  'http-errors',
  'tables',
  'timeline',
  'health-assessment',
];

/** Later ones stand in front of earlier ones. */
const STYLES = ['base', 'overview', 'details', 'narrow'];

/** All files of the page; nothing else is ever read. */
const FILES: Readonly<Record<string, { readonly type: string; readonly from: () => URL | string }>> = {
  ...Object.fromEntries(
    SCRIPTS.map((name) => [`${name}.js`, { type: SCRIPT, from: () => own(`${name}.js`) }]),
  ),
  ...Object.fromEntries(
    STYLES.map((name) => [`${name}.css`, { type: STYLE, from: () => own(`${name}.css`) }]),
  ),
  'icon.svg': { type: 'image/svg+xml', from: () => own('icon.svg') },
  // The package's own files, its licence in their first line.
  'uplot.js': { type: SCRIPT, from: () => installed('uplot/dist/uPlot.iife.min.js') },
  'uplot.css': { type: STYLE, from: () => installed('uplot/dist/uPlot.min.css') },
};

const assets = new Map<string, Asset>();
let page: string | undefined;

/**
 * Reads all files of the page, so that one that is missing stops the start and not the operator who opens the page.
 *
 * @throws {IdentityError} `options_invalid`.
 */
export function loadAssets(): void {
  for (const name of ['index.html', ...Object.keys(FILES)]) {
    try {
      if (name === 'index.html') readPage();
      else readAsset(name);
    } catch (cause) {
      throw new IdentityError(
        'options_invalid',
        `IdentityDashboardModule: the file "${name}" of the page cannot be read. A bundler takes the code of ` +
          'nestjs-identity-model along, and not its files: keep packages out of the bundle (esbuild --packages=external, ' +
          'webpack with webpack-node-externals) and install them where the bundle runs',
        { cause },
      );
    }
  }
}

/** A file of the page; undefined where there is none of this name. Read once. */
export function readAsset(name: string): Asset | undefined {
  if (!Object.hasOwn(FILES, name)) return undefined;
  const file = FILES[name];
  if (file === undefined) return undefined;
  const asset = assets.get(name) ?? { type: file.type, body: readFileSync(file.from()) };
  assets.set(name, asset);
  return asset;
}

/** What differs from one page to another. */
export interface PageValues {
  /** From the page's own URL to the folder that its files are in. */
  readonly base: string;
  /** Whether the page asks for a token. */
  readonly mode: 'token' | 'guard';
  /** That such a token must have. Whoever asks without them reads them in the challenge (RFC 6750 section 3.1). */
  readonly scopes: readonly string[];
}

/** The values go into attributes, escaped. Nothing else of the page is made at run time: its policy allows no inline script. */
export function renderPage({ base, mode, scopes }: PageValues): string {
  const values: Readonly<Record<string, string>> = { base, mode, scopes: scopes.join(' ') };
  return readPage().replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => escapeHtml(values[name] ?? ''));
}

function readPage(): string {
  page ??= readFileSync(own('index.html'), 'utf8');
  return page;
}

/** A scope may hold any of these but the quotation mark (RFC 6749 section 3.3). */
function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${String(character.charCodeAt(0))};`);
}
