// Looks at the built documentation site in Chromium: axe-core, overflow, errors, weight, search. Usage, after
// npm run docs:build: node scripts/check-site.mjs [folder for screenshots]
import { readFileSync, existsSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { sidebarOf } from '../site/pages.mjs';

/** @import { Browser, Page } from 'playwright-core' */

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DIST = path.join(ROOT, 'site/dist');
const FIRST_PAGE_BYTES = 300 * 1024;
const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1440, height: 900 } };
const SCHEMES = /** @type {const} */ (['light', 'dark']);
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.json': 'application/json',
};
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const [, , screenshots] = process.argv;

/** What is looked at: the first page of each group of the sidebar, and pages with wide tables or much code. */
const PAGES = [
  ...new Set([
    '/',
    ...sidebarOf((file) => readFileSync(path.join(ROOT, file), 'utf8')).flatMap(({ items: [item] }) =>
      item === undefined ? [] : [item.items?.[0]?.link ?? item.link],
    ),
    '/docs/',
    '/docs/reference/options',
    '/docs/operations/caching',
    '/docs/architecture',
    '/api/nestjs-identity-model/',
    '/api/nestjs-identity-model/interfaces/IdentityModuleOptions',
  ]),
];

/** The file behind an address, as GitHub Pages finds it. */
const fileOf = (/** @type {string} */ address) =>
  [address, `${address}.html`, `${address}index.html`]
    .map((name) => path.join(DIST, decodeURI(name)))
    .find((name) => path.extname(name) !== '' && existsSync(name));

const server = createServer((request, response) => {
  const file = fileOf(new URL(request.url ?? '/', 'http://site').pathname);
  if (file === undefined) {
    response.writeHead(404).end();
    return;
  }
  const type = Object.entries(TYPES).find(([extension]) => file.endsWith(extension))?.[1] ?? 'text/plain';
  response
    .writeHead(200, { 'content-type': type, 'content-encoding': 'gzip' })
    .end(gzipSync(readFileSync(file)));
});
await new Promise((resolve) => {
  server.listen(0, '127.0.0.1', () => resolve(undefined));
});
const address = server.address();
const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });

try {
  if (screenshots !== undefined) mkdirSync(screenshots, { recursive: true });
  const faults = [...(await weightFaults(browser)), ...(await searchFaults(browser))];
  for (const scheme of SCHEMES)
    for (const size of /** @type {const} */ (['phone', 'desktop']))
      faults.push(...(await lookAt(size, scheme)));
  console.log(`${PAGES.length} pages, ${faults.length} faults`);
  for (const fault of faults) console.error(fault);
  process.exitCode = faults.length === 0 ? 0 : 1;
} finally {
  await browser.close();
  server.close();
}

/** @param {Browser} within */
async function weightFaults(within) {
  const context = await within.newContext({ viewport: SIZES.desktop });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  let bytes = 0;
  session.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  await session.send('Network.enable');
  await page.goto(`${origin}/`, { waitUntil: 'networkidle' });
  await context.close();
  console.log(`first page: ${(bytes / 1024).toFixed(0)} KB`);
  return bytes > FIRST_PAGE_BYTES
    ? [`the first page has ${bytes} bytes, ${FIRST_PAGE_BYTES} at the most`]
    : [];
}

/** @param {Browser} within */
async function searchFaults(within) {
  const page = await within.newPage();
  await page.goto(`${origin}/`, { waitUntil: 'networkidle' });
  await page.keyboard.press('Control+k');
  await page.getByRole('searchbox').fill('audience_mismatch');
  const found = await page
    .locator('.results a')
    .first()
    .waitFor({ timeout: 10_000 })
    .then(
      () => true,
      () => false,
    );
  await page.close();
  return found ? [] : ['the search does not find audience_mismatch'];
}

/**
 * @param {keyof typeof SIZES} size
 * @param {typeof SCHEMES[number]} scheme
 * @returns {Promise<string[]>}
 */
async function lookAt(size, scheme) {
  const context = await browser.newContext({
    viewport: SIZES[size],
    colorScheme: scheme,
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  /** @type {string[]} */
  const faults = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(origin) && !request.url().startsWith('data:'))
      faults.push(`asks for ${request.url()}`);
  });
  const all = [];
  for (const each of PAGES) {
    await page.goto(origin + each, { waitUntil: 'networkidle' });
    if (screenshots !== undefined) {
      const name = `${each.replaceAll('/', '_')}-${size}-${scheme}.png`;
      await page.screenshot({ path: path.join(screenshots, name) });
    }
    faults.push(...(await overflow(page)), ...(await violations(page)));
    all.push(...faults.splice(0).map((fault) => `${each} (${size}, ${scheme}): ${fault}`));
  }
  await context.close();
  return all;
}

/** @param {Page} page */
async function overflow(page) {
  const wide = /** @type {unknown} */ (
    await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
  );
  return Number(wide) > 0 ? [`is ${String(wide)} px wider than the window`] : [];
}

/**
 * @param {Page} page
 * @returns {Promise<string[]>}
 */
async function violations(page) {
  await page.evaluate(AXE);
  const found = /** @type {{ id: string, nodes: { target: string[], failureSummary: string }[] }[]} */ (
    await page.evaluate(
      "axe.run({ preload: false, resultTypes: ['violations'] }).then((each) => each.violations)",
    )
  );
  return found.flatMap(({ id, nodes }) =>
    nodes.map(
      ({ target, failureSummary }) => `${id}: ${target.join(' ')} ${failureSummary.replaceAll('\n', ' ')}`,
    ),
  );
}
