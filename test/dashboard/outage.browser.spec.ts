import {
  Controller,
  Get,
  Module,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
} from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { IdentityAuthGuard, IdentityModule } from 'nestjs-identity-model';
import { IdentityDashboardModule } from 'nestjs-identity-model/dashboard';
import { TestClock, TestIssuer, withClock } from 'nestjs-identity-model/testing';
import {
  hasBrowser,
  launchBrowser,
  SCHEMES,
  SIZES,
  watchPage,
  type WatchedPage,
} from '../support/browser.js';
import { get } from '../support/create-app.js';

const WAIT = { timeout: 8_000 };
const MINUTE_MS = 60_000;
/** After that an open page is told what happened. */
const TELL_MS = 250;

@UseGuards(IdentityAuthGuard)
@Controller('orders')
class Orders {
  @Get() list(): string {
    return 'ok';
  }
}

/** A session, as an application behind a login page has it. */
class SessionGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: { cookie?: string } }>();
    return headers.cookie?.includes('operator=1') === true;
  }
}

describe.runIf(hasBrowser)(
  'the dashboard in an outage and a rotation, in a browser',
  { timeout: 30_000 },
  () => {
    let browser: Browser;
    let clock: TestClock;
    let ours: TestIssuer;
    let partner: TestIssuer;
    let app: INestApplication;
    let url: string;

    beforeAll(async () => {
      browser = await launchBrowser();
    });
    afterAll(() => browser.close());

    beforeEach(async () => {
      clock = new TestClock();
      [ours, partner] = await Promise.all([TestIssuer.start({ clock }), TestIssuer.start({ clock })]);
      const issuers = [ours, partner].map(({ issuer, audience }) => ({ issuer, audience }));
      @Module({
        imports: [
          IdentityModule.forRoot({
            issuers,
            warmUp: 'await',
            http: { retries: 0, proxy: false },
            jwks: { ttlMs: MINUTE_MS, staleIfErrorMs: 5 * MINUTE_MS },
          }),
          IdentityDashboardModule.forRoot({ path: 'ops/identity', guard: SessionGuard }),
        ],
        controllers: [Orders],
      })
      class App {}
      const module = await withClock(Test.createTestingModule({ imports: [App] }), clock).compile();
      app = module.createNestApplication({ logger: false, forceCloseConnections: true });
      await app.listen(0, '127.0.0.1');
      url = await app.getUrl();
    });

    afterEach(async () => {
      await app.close();
      await Promise.all([ours.stop(), partner.stop()]);
    });

    async function open(): Promise<WatchedPage> {
      const watched = await watchPage(browser, url);
      await watched.page.context().addCookies([{ name: 'operator', value: '1', url }]);
      await watched.page.goto(`${url}/ops/identity`);
      await watched.page.getByText('Live', { exact: true }).waitFor(WAIT);
      return watched;
    }

    /** The page is told in the time of the test, which goes on meanwhile. */
    const seen = (what: Locator) =>
      expect
        .poll(async () => {
          await clock.advance(TELL_MS);
          return what.first().isVisible();
        }, WAIT)
        .toBe(true);

    const cardOf = (page: Page, { issuer }: TestIssuer) => page.getByRole('article', { name: issuer });

    it('turns an issuer amber, then red, then green again, and draws its keys', async () => {
      const { page, faults } = await open();
      const card = cardOf(page, ours);
      const badge = (words: string) => seen(card.locator('.badge').getByText(words, { exact: true }));
      await badge('Fresh');
      expect((await get(`${url}/orders`, ours.token())).status).toBe(200);

      ours.misbehave('error');
      await clock.advance(MINUTE_MS * 0.95);
      await badge('Failing');
      await seen(card.getByText(/The last good ones still serve/));
      await seen(card.getByText(/status 500|500/).first());
      expect((await get(`${url}/orders`, ours.token())).status).toBe(200);

      await clock.advance(7 * MINUTE_MS);
      await badge('Cannot serve');
      await seen(page.locator('.tile', { hasText: 'Are keys fresh?' }).getByText('1 cannot serve'));
      expect((await get(`${url}/orders`, ours.token())).status).toBe(503);
      expect(await page.title()).toContain('cannot serve');

      const old = ours.keys[0]?.kid ?? '';
      const { kid } = ours.rotate();
      ours.behave();
      await card.getByRole('button', { name: 'Refresh now' }).click();
      await badge('Fresh');
      await seen(card.getByText(/^Refreshed at/));
      await seen(card.locator('.key:not(.withdrawn)').filter({ hasText: kid }));
      await seen(page.locator('#incidents').getByText(`${kid} came.`));

      ours.withdraw(old);
      await card.getByRole('button', { name: 'Replace keys…' }).click();
      const dialog = page.getByRole('dialog', { name: 'Replace all keys?' });
      await seen(dialog.getByText(ours.issuer));
      await dialog.getByRole('button', { name: 'Replace keys' }).click();
      await seen(card.locator('.key.withdrawn').filter({ hasText: old }));
      await seen(card.getByText(/^Keys replaced at/));
      expect(await cardOf(page, partner).locator('.keys li').count()).toBe(1);
      expect(faults).toEqual([]);
      await page.context().close();
    });

    it('leaves everything as it is where the question is answered with no, or the provider is down', async () => {
      const { page, faults } = await open();
      const card = cardOf(page, ours);
      const asked = ours.count();
      await card.getByRole('button', { name: 'Replace keys…' }).click();
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ ...WAIT, state: 'hidden' });
      expect(ours.count()).toBe(asked);

      ours.misbehave('down');
      await card.getByRole('button', { name: 'Refresh now' }).click();
      await card.getByText(/^Failed at [\d:]+; the cache is unchanged/).waitFor(WAIT);
      expect((await get(`${url}/orders`, ours.token())).status).toBe(200);
      await seen(card.locator('.badge').getByText('Failing', { exact: true }));
      ours.behave();
      // The page reckons in real time, so the next attempt has to be well after the failed one.
      await clock.advance(MINUTE_MS);
      await seen(card.locator('.badge').getByText('Fresh', { exact: true }));
      await expect.poll(() => card.locator('.result').textContent(), WAIT).toBe('');
      expect(faults).toEqual([expect.stringContaining('status of 503')]);
      await page.context().close();
    });

    it('finds its way back when the server asks it to, and says so while it cannot', async () => {
      const { page, faults } = await open();
      // The server ends each stream after five minutes and lets the page come again.
      const again = page.waitForRequest('**/data/events');
      await clock.advance(5 * MINUTE_MS);
      await again;
      await page.getByText('Live', { exact: true }).waitFor(WAIT);
      expect(faults).toEqual([]);

      let isBlocked = true;
      await page.route('**/data/events', (route) => (isBlocked ? route.abort() : route.continue()));
      await clock.advance(5 * MINUTE_MS);
      await page.getByText('Reconnecting', { exact: true }).waitFor(WAIT);
      expect(await cardOf(page, ours).isVisible()).toBe(true);
      expect(
        await page
          .locator('.tile')
          .getByText(/^as of [\d:]+$/)
          .count(),
      ).toBe(5);
      isBlocked = false;
      await page.getByText('Live', { exact: true }).waitFor(WAIT);
      await page.locator('.tile').getByText('last 5 min').first().waitFor(WAIT);

      await page.context().clearCookies();
      await clock.advance(5 * MINUTE_MS);
      await page.getByText('Not signed in', { exact: true }).first().waitFor(WAIT);
      expect(await page.locator('#board').isVisible()).toBe(false);
      await page.context().close();
    });

    it('holds what axe-core asks for, light and dark, on desktop and phone', async () => {
      partner.misbehave('down');
      const watched = await open();
      const { page, faults } = watched;
      await clock.advance(MINUTE_MS * 0.95);
      await seen(cardOf(page, partner).getByText('Failing', { exact: true }));
      await get(`${url}/orders`, ours.token({ wrong: 'expired' }));
      await seen(page.locator('#rejections').getByText('token_expired'));
      await page.getByLabel('Token to look at').fill(ours.token({ wrong: 'tampered' }));
      await page.getByRole('button', { name: 'Explain' }).click();
      await seen(page.locator('.steps').getByText('signature_invalid'));
      for (const size of Object.values(SIZES)) {
        await page.setViewportSize(size);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(size.width);
        for (const colorScheme of SCHEMES) {
          await page.emulateMedia({ colorScheme });
          expect(await watched.audit()).toEqual([]);
        }
      }
      await cardOf(page, ours).getByRole('button', { name: 'Replace keys…' }).click();
      for (const colorScheme of SCHEMES) {
        await page.emulateMedia({ colorScheme });
        expect(await watched.audit()).toEqual([]);
      }
      expect(faults).toEqual([]);
      await page.context().close();
    });
  },
);
