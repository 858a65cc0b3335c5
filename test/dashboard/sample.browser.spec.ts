import { hostname } from 'node:os';
import type { INestApplication } from '@nestjs/common';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../sample/create-app.js';
import { CLIENTS } from '../../sample/provider/demo.js';
import { startProvider, type RunningProvider } from '../../sample/provider/start-provider.js';
import { hasBrowser, launchBrowser, watchPage, type WatchedPage } from '../support/browser.js';
import { get } from '../support/create-app.js';

type Client = (typeof CLIENTS)[keyof typeof CLIENTS];

const WAIT = { timeout: 8_000 };

describe.runIf(hasBrowser)('the dashboard of the sample, in a browser', { timeout: 30_000 }, () => {
  let provider: RunningProvider;
  let app: INestApplication;
  let url: string;
  let browser: Browser;

  beforeAll(async () => {
    [provider, browser] = await Promise.all([startProvider({ port: 0 }), launchBrowser()]);
    app = await createApp(provider.issuer, { logger: false });
    await app.listen(0, 'localhost');
    url = `http://localhost:${new URL(await app.getUrl()).port}`;
  });

  afterAll(async () => {
    await browser.close();
    await app.close();
    await provider.close();
  });

  async function fetchToken({ id, secret, scopes }: Client): Promise<string> {
    const response = await fetch(`${provider.issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${id}:${secret}`)}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: scopes.join(' ') }),
    });
    return ((await response.json()) as { access_token: string }).access_token;
  }

  async function open(): Promise<WatchedPage> {
    const watched = await watchPage(browser, url);
    await watched.page.goto(`${url}/identity`);
    return watched;
  }

  async function signIn({ page }: WatchedPage, token: string): Promise<void> {
    await page.getByLabel('Access token').fill(token);
    await page.getByRole('button', { name: 'Open the dashboard' }).click();
  }

  it('turns a visitor away who has no token, a wrong one, or one without the scope', async () => {
    const watched = await open();
    const { page, faults } = watched;
    const problem = (text: string) => page.getByRole('alert').filter({ hasText: text }).waitFor(WAIT);
    await page.getByText('Not signed in').waitFor(WAIT);
    await page.getByText('Scope that it must have: identity:read').waitFor(WAIT);
    expect(await watched.audit()).toEqual([]);
    await signIn(watched, 'two words');
    await problem('That is not a token');
    expect(faults).toEqual([]);

    await signIn(watched, 'eyJhbGciOiJub25lIn0.e30.');
    await problem('The token was rejected');
    await signIn(watched, await fetchToken(CLIENTS.reporting));
    await problem('lacks a scope that this page demands: identity:read');
    expect(await page.locator('#board').isVisible()).toBe(false);
    // The browser itself writes the status of what failed onto the console.
    expect(faults).toEqual([
      expect.stringContaining('status of 401'),
      expect.stringContaining('status of 403'),
    ]);
    await page.context().close();
  });

  it('shows traffic as it arrives, explains a token, and keeps nothing', async () => {
    const watched = await open();
    const { page, faults } = watched;
    await signIn(watched, await fetchToken(CLIENTS.operator));
    await page.getByText('Live', { exact: true }).waitFor(WAIT);

    const caller = await fetchToken(CLIENTS.cli);
    for (const token of [caller, caller, `${caller.slice(0, -8)}AAAAAAAA`]) await get(`${url}/orders`, token);
    await get(`${url}/orders`, await fetchToken(CLIENTS.reporting), { method: 'POST' });
    const rejections = page.locator('#rejections');
    await rejections.getByText('signature_invalid').waitFor(WAIT);
    await page
      .locator('.tile', { hasText: 'How many are rejected, and why?' })
      .getByText(/of \d+/)
      .waitFor(WAIT);

    const chart = page.getByRole('img', { name: /^Validations, .*accepted [\d.]+/ });
    await chart.waitFor(WAIT);

    await page.getByText(`${hostname()}, pid ${String(process.pid)}, since `).waitFor(WAIT);
    await page.getByRole('link', { name: 'Explain a token' }).click();
    const explain = page.getByRole('region', { name: 'Explain a token' });
    await explain.getByLabel('Token to look at').fill(`Bearer ${caller}`);
    await explain.getByRole('button', { name: 'Explain' }).click();
    await explain.getByText('Accepted').waitFor(WAIT);
    expect(await explain.locator('.steps li').count()).toBe(8);
    expect(await explain.locator('pre').last().textContent()).toContain('"client_id": "orders-cli"');
    await explain.getByRole('button', { name: 'Clear' }).click();
    expect(await explain.locator('pre').count()).toBe(0);
    expect(await explain.getByLabel('Token to look at').inputValue()).toBe('');

    expect(await page.evaluate('[localStorage.length, sessionStorage.length, document.cookie]')).toEqual([
      0,
      0,
      '',
    ]);
    expect(page.url()).toBe(`${url}/identity#explain-title`);
    await page.getByRole('button', { name: 'Forget token' }).click();
    await page.getByText('Not signed in').waitFor(WAIT);
    expect(await page.getByLabel('Access token').inputValue()).toBe('');
    expect(faults).toEqual([]);
    await page.context().close();
  });
});
