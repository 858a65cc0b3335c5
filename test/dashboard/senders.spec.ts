import { Controller, Get, UseGuards } from '@nestjs/common';
import { expect, it } from 'vitest';
import { IdentityAuthGuard, type IdentityModuleOptions } from 'nestjs-identity-model';
import type { DashboardState } from '../../lib/dashboard/dashboard-state.js';
import { hasBrowser, launchBrowser, watchPage } from '../support/browser.js';
import { SCOPE, startDashboard, type Dashboard } from '../support/start-dashboard.js';

const API = 'https://api.example.com';

@UseGuards(IdentityAuthGuard)
@Controller('orders')
class Orders {
  @Get() list(): object {
    return {};
  }
}

async function start(identity: IdentityModuleOptions): Promise<Dashboard> {
  const clientNames = { shop: 'web shop', batch: 'batch' };
  return startDashboard('express', {
    identity: { clientNames, ...identity },
    metadata: { controllers: [Orders] },
  });
}

/** Two bearer tokens and one that is bound of one client, a bound one of another. */
async function call({ issuer, url }: Dashboard): Promise<void> {
  const ask = async (client_id: string, isBound: boolean): Promise<number> => {
    const token = issuer.token({ dpop: isBound, claims: { client_id } });
    const headers = isBound
      ? issuer.dpopHeaders('GET', `${API}/orders`, token)
      : { authorization: `Bearer ${token}` };
    return (await fetch(`${url}/orders`, { headers })).status;
  };
  expect(await ask('shop', false)).toBe(200);
  expect(await ask('shop', false)).toBe(200);
  expect(await ask('shop', true)).toBe(200);
  expect(await ask('batch', true)).toBe(200);
}

async function sendersOf({ get }: Dashboard): Promise<DashboardState['senders']> {
  const { text } = await get('/identity/data/snapshot');
  return (JSON.parse(text) as { state: DashboardState }).state.senders;
}

it('says for each client how many of its tokens are bound', async () => {
  const dashboard = await start({ publicUrl: API, senderConstrained: 'accept' });
  await call(dashboard);
  expect(await sendersOf(dashboard)).toEqual([
    { client: 'web shop', counts: { bearer: 2, dpop: 1, mtls: 0 } },
    // The request for these figures.
    { client: 'other', counts: { bearer: 1, dpop: 0, mtls: 0 } },
    { client: 'batch', counts: { bearer: 0, dpop: 1, mtls: 0 } },
  ]);
});

it('says nothing while only bearer tokens are accepted', async () => {
  expect(await sendersOf(await start({}))).toEqual([]);
});

it.runIf(hasBrowser)('shows them on the page', { timeout: 30_000 }, async () => {
  const dashboard = await start({ publicUrl: API, senderConstrained: 'accept' });
  await call(dashboard);
  const browser = await launchBrowser();
  try {
    const watched = await watchPage(browser, dashboard.url);
    const { page, faults } = watched;
    await page.goto(`${dashboard.url}/identity`);
    await page.getByLabel('Access token').fill(dashboard.issuer.token({ scope: SCOPE }));
    await page.getByRole('button', { name: 'Open the dashboard' }).click();
    const table = page.getByRole('table', { name: 'Bearer and bound tokens' });
    const cellsOf = async (client: string): Promise<string[]> => {
      const row = table.getByRole('row').filter({ hasText: client });
      await row.waitFor({ timeout: 8_000 });
      return row.getByRole('cell').allTextContents();
    };
    expect(await cellsOf('web shop')).toEqual(['2', '1', '0', '66.7 %']);
    expect(await cellsOf('batch')).toEqual(['0', '1', '0', '0 %']);
    expect(await watched.audit()).toEqual([]);
    expect(faults).toEqual([]);
  } finally {
    await browser.close();
  }
});
