// Draws the dashboard as docs/images/dashboard-*.png: a quarter of an hour in the life of four issuers, over simulated
// time. Usage, after a build, where Chromium is installed: node scripts/screenshot-dashboard.mjs [folder]
import 'reflect-metadata';
import path from 'node:path';
import { Test } from '@nestjs/testing';
import { chromium } from 'playwright-core';
import { IdentityDashboardModule } from '../dist/dashboard/index.js';
import { IdentityModule, JwksService } from '../dist/index.js';
import { TestClock, TestIssuer, withClock } from '../dist/testing/index.js';
import { MetricsRecorder } from '../dist/metrics/metrics-recorder.js';
import { VALIDATION_RECORDER } from '../dist/metrics/validation-recorder.js';
import { Resources } from '../dist/resources/resources.js';

/** @import { RequestRecorder } from '../dist/http/request-recorder.js' */
/** @import { ValidationRecorder } from '../dist/metrics/validation-recorder.js' */

const FOLDER = process.argv[2] ?? 'docs/images';
const SIZES = {
  desktop: { viewport: { width: 1440, height: 1880 }, deviceScaleFactor: 1 },
  phone: { viewport: { width: 360, height: 780 }, deviceScaleFactor: 2 },
};
const STEP_MS = 5_000;
const STEPS = 181;
const MINUTE = 60_000 / STEP_MS;

const clock = new TestClock(Date.UTC(2026, 5, 2, 9, 30), { allowOutsideTests: true });
const named = (/** @type {string} */ issuer, algorithm = 'ES256') =>
  TestIssuer.inMemory({ issuer, clock, audience: 'orders-api', algorithm, allowOutsideTests: true });
const login = named('https://login.example.com');
const partner = named('https://id.partner.example/realms/orders', 'RS256');
const stores = named('https://stores.example.org', 'EdDSA');
const legacy = named('https://sso.legacy.example.net', 'RS256');
const all = [login, partner, stores, legacy];
const API = 'https://orders.example.com';
const MCP = `${API}/mcp`;

/** The same chance in each run. */
let seed = 7;
function chance() {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
}

const metadata = {
  imports: [
    IdentityModule.forRoot({
      issuers: all.map(({ issuer, dispatcher }) => ({ issuer, http: { dispatcher } })),
      resources: [{ url: API, audience: 'orders-api' }, { url: MCP }],
      publicUrl: API,
      senderConstrained: 'accept',
      clientNames: { shop: 'web shop', app: 'mobile app', batch: 'nightly batch' },
      http: { retries: 0 },
      jwks: { ttlMs: 300_000 },
      discovery: { ttlMs: 600_000 },
      tokenCache: { maxEntries: 10_000, maxBytes: 8_388_608 },
    }),
    IdentityDashboardModule.forRoot({
      dangerouslyUnprotected: 'everybody who reaches the path may see and use it',
    }),
  ],
};

login.rotate('RS256');
legacy.misbehave('down');
const module = await withClock(Test.createTestingModule(metadata), clock).compile();
const app = module.createNestApplication({ logger: false, forceCloseConnections: true });
/** @type {ValidationRecorder & RequestRecorder} */
const measurements = app.get(VALIDATION_RECORDER, { strict: false });
const jwks = app.get(JwksService, { strict: false });
const metrics = app.get(MetricsRecorder, { strict: false });
const resources = app.get(Resources, { strict: false });

// Nobody is slow in memory.
const record = measurements.recordRequest.bind(measurements);
measurements.recordRequest = (request) =>
  record({ ...request, durationMs: request.outcome === 'ok' ? 38 + 120 * chance() ** 3 : 6 + 4 * chance() });
await app.listen(0, '127.0.0.1');

/** What happens when, in steps. */
/** @type {Readonly<Record<number, () => void>>} */
const EVENTS = {
  [2 * MINUTE]: () => void login.rotate(),
  [10 * MINUTE]: () => void login.withdraw(),
  [7 * MINUTE]: () => partner.misbehave('error'),
};

for (let step = 0; step < STEPS; step++) {
  EVENTS[step]?.();
  await clock.advance(STEP_MS);
  makeTraffic(step);
  for (let call = 0; call < 12; call++) makeCall();
  for (let look = 0; look < 40; look++) await jwks.findKey({ alg: 'RS256', kid: 'test-key-2' }, login.issuer);
}
// From here on time stands still.
await shoot();
await app.close();

/** @param {number} step */
function makeTraffic(step) {
  const wave = 1 + 0.25 * Math.sin(step / 14) + 0.12 * (chance() - 0.5);
  const count = Math.round(210 * wave);
  for (let index = 0; index < count; index++) {
    const issuer = chance() < 0.7 ? login.issuer : stores.issuer;
    const isSlow = chance() < 0.03;
    validated(issuer, 'ok', true, 0.045 + 0.05 * chance() ** 2 + (isSlow ? 0.1 + 0.06 * chance() : 0));
  }
  refused(step, login.issuer, 'token_expired', false, 3.2);
  refused(step, undefined, 'issuer_unknown', false, 1.1);
  refused(step, login.issuer, 'audience_mismatch', false, 0.5);
  refused(step, stores.issuer, 'scope_missing', true, step > 8 * MINUTE ? 4.5 : 0.4);
  refused(step, login.issuer, 'signature_invalid', false, step > 120 && step < 130 ? 30 : 0.1);
  refused(step, legacy.issuer, 'keys_unavailable', false, 0.7);
}

/** Who sends what: clients on their way from bearer tokens to bound ones, two resources, and routes whose requirements are only reported. */
function makeCall() {
  const client = pick({ 'web shop': 0.5, 'mobile app': 0.3, 'nightly batch': 0.12, other: 0.08 });
  const isBound = chance() < { 'web shop': 0.97, 'mobile app': 0.55, 'nightly batch': 1, other: 0 }[client];
  metrics.recordSender(
    login.issuer,
    !isBound ? 'bearer' : client === 'nightly batch' ? 'mtls' : 'dpop',
    client,
  );
  const url = chance() < 0.85 ? API : MCP;
  const isMistaken = url === MCP && client === 'mobile app' && chance() < 0.2;
  const aud = url === MCP && !isMistaken ? MCP : 'orders-api';
  const token = /** @type {never} */ ({ claims: { aud }, issuer: login.issuer });
  resources.findMismatch(token, url, () => ({ claim: 'aud', accepted: null }));
  const atMs = clock.wallMs();
  if (url === MCP) metrics.reportedRoutes.addCall('ToolsController.call');
  else if (chance() < 0.1) {
    metrics.reportedRoutes.addCall('TransfersController.create');
    if (!isBound)
      metrics.reportedRoutes.add('TransfersController.create', {
        code: 'sender_unconstrained',
        client,
        atMs,
      });
  } else {
    metrics.reportedRoutes.addCall('OrdersController.list');
    if (client === 'other' && chance() < 0.4)
      metrics.reportedRoutes.add('OrdersController.list', { code: 'scope_missing', client, atMs });
  }
}

/**
 * @template {string} Name
 * @param {Readonly<Record<Name, number>>} shares
 * @returns {Name}
 */
function pick(shares) {
  let left = chance();
  const names = /** @type {Name[]} */ (Object.keys(shares));
  return names.find((name) => (left -= shares[name]) < 0) ?? /** @type {Name} */ (names.at(-1));
}

/**
 * @param {number} step
 * @param {string | undefined} issuer
 * @param {Parameters<typeof measurements.recordValidation>[1]} result
 * @param {boolean} verified
 * @param {number} mean
 */
function refused(step, issuer, result, verified, mean) {
  const count = Math.floor(mean * (0.5 + chance()) + chance());
  for (let index = 0; index < count; index++) validated(issuer, result, verified, 0.02 + 0.02 * (step % 3));
}

/**
 * @param {string | undefined} issuer
 * @param {Parameters<typeof measurements.recordValidation>[1]} result
 * @param {boolean} verified
 * @param {number} durationMs
 */
function validated(issuer, result, verified, durationMs) {
  measurements.recordValidation(issuer, result, verified, clock.monotonicMs() - durationMs);
}

async function shoot() {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  const url = `${await app.getUrl()}/identity`;
  for (const [size, look] of Object.entries(SIZES)) {
    for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
      const page = await browser.newPage({
        ...look,
        colorScheme,
        reducedMotion: 'reduce',
        timezoneId: 'UTC',
      });
      await page.goto(url);
      await page.getByText('Live', { exact: true }).waitFor();
      await page
        .getByLabel('Token to look at')
        .fill(login.token({ wrong: 'expired', sub: 'ada', scope: 'orders:read' }));
      await page.getByRole('button', { name: 'Explain' }).click();
      await page.locator('.assessment').waitFor();
      // Host and process are others each time.
      await page.evaluate("document.getElementById('host').textContent = 'orders.example.com'");
      await page.evaluate(
        "document.getElementById('process').textContent = 'orders-7c9f4, pid 17, since 09:12:40'",
      );
      await page.evaluate('scrollTo(0, 0)');
      const file = path.join(FOLDER, `dashboard-${colorScheme}-${size}.png`);
      await page.screenshot({
        path: file,
        fullPage: process.argv.includes('--full'),
        animations: 'disabled',
      });
      await page.close();
    }
  }
  await browser.close();
}
