import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { chromium, type Browser, type Page } from 'playwright-core';
import { isInstalled } from './is-installed.js';

/** Tests in a browser run where Debian's is installed; see {@link isInstalled}. */
export const hasBrowser = isInstalled('chromium');

export const SCHEMES = ['light', 'dark'] as const;
export const SIZES = {
  desktop: { width: 1440, height: 900 },
  phone: { width: 360, height: 740 },
} as const;

/** A page whose every complaint is kept. */
export interface WatchedPage {
  readonly page: Page;
  /** Violations of the policy, errors and warnings on the console, exceptions, requests to other origins. */
  readonly faults: readonly string[];
  /** What is wrong with it for people with disabilities, by axe-core; empty where nothing is. */
  audit(): Promise<readonly string[]>;
}

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
}

const require = createRequire(import.meta.url);
const AXE = require.resolve('axe-core/axe.min.js');

/** In a context of its own, without anything from others. */
export async function watchPage(browser: Browser, origin: string): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: SIZES.desktop, reducedMotion: 'reduce' });
  const page = await context.newPage();
  const faults: string[] = [];
  // Chromium writes violations onto the console as well, in words that may change.
  await page.addInitScript(
    `addEventListener('securitypolicyviolation', (event) =>
       console.error('policy violated:', event.violatedDirective, event.blockedURI, event.sourceFile))`,
  );
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`exception: ${error.message}`));
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) faults.push(`foreign request: ${request.url()}`);
  });
  return { page, faults, audit: () => audit(page) };
}

interface AxeResults {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
  }[];
}

async function audit(page: Page): Promise<readonly string[]> {
  if (!(await page.evaluate<boolean>("'axe' in globalThis")))
    await page.evaluate(await readFile(AXE, 'utf8'));
  // Preloading would fetch style sheets again.
  const { violations } = await page.evaluate<AxeResults>(
    "axe.run({ preload: false, resultTypes: ['violations'] })",
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`),
  );
}
