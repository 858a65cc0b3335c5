import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

export interface Asset {
  readonly type: string;
  readonly body: Buffer;
}

const require = createRequire(import.meta.url);
const SCRIPT = 'text/javascript; charset=utf-8';
const STYLE = 'text/css; charset=utf-8';

const own = (name: string): URL => new URL(`client/${name}`, import.meta.url);

const SCRIPTS = [
  'main',
  'api',
  'charts',
  'confirm',
  'dom',
  'door',
  'events',
  'explain',
  'explanation-words',
  'format',
  'incidents',
  'issuer-words',
  'issuers',
  'live',
  'overview',
  'problems',
  'tables',
  'timeline',
  'verdicts',
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
  'uplot.js': { type: SCRIPT, from: () => require.resolve('uplot/dist/uPlot.iife.min.js') },
  'uplot.css': { type: STYLE, from: () => require.resolve('uplot/dist/uPlot.min.css') },
};

const assets = new Map<string, Asset>();
let page: string | undefined;

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

export function renderPage({ base, mode, scopes }: PageValues): string {
  page ??= readFileSync(own('index.html'), 'utf8');
  const values: Readonly<Record<string, string>> = { base, mode, scopes: scopes.join(' ') };
  return page.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => escapeHtml(values[name] ?? ''));
}

/** A scope may hold any of these but the quotation mark (RFC 6749 section 3.3). */
function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${String(character.charCodeAt(0))};`);
}
