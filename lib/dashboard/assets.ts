import { extname } from 'node:path';
import { PAGE_FILES } from './page-files.js';

export interface Asset {
  readonly type: string;
  readonly body: Buffer;
}

const PAGE = 'index.html';

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const ASSETS: ReadonlyMap<string, Asset> = new Map(
  Object.entries(PAGE_FILES).flatMap(([name, text]) => {
    const type = TYPES[extname(name)];
    return type === undefined ? [] : [[name, { type, body: Buffer.from(text) }]];
  }),
);

/** A file of the page; undefined if there is none of this name. */
export function readAsset(name: string): Asset | undefined {
  return ASSETS.get(name);
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
  const page = PAGE_FILES[PAGE] ?? '';
  return page.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => escapeHtml(values[name] ?? ''));
}

/** A scope may hold any of these but the quotation mark (RFC 6749 section 3.3). */
function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${String(character.charCodeAt(0))};`);
}
