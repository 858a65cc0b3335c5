import { Controller, Get, UseGuards } from '@nestjs/common';
import { expect, it } from 'vitest';
import { IdentityAuthGuard, RequireScopes } from 'nestjs-identity-model';
import type { DashboardState } from '../../lib/dashboard/dashboard-state.js';
import { hasBrowser, launchBrowser, watchPage } from '../support/browser.js';
import { SCOPE, startDashboard, type Dashboard } from '../support/start-dashboard.js';

@UseGuards(IdentityAuthGuard)
@Controller()
class Orders {
  @RequireScopes('orders:read') @Get('enforced') enforced(): object {
    return {};
  }
  @RequireScopes('orders:read', { mode: 'report' }) @Get('list') list(): object {
    return {};
  }
  @RequireScopes('orders:export', { mode: 'report' }) @Get('export') export(): object {
    return {};
  }
}

async function start(): Promise<Dashboard> {
  const dashboard = await startDashboard('express', {
    identity: { clientNames: { '0oa1': 'web <shop>' } },
    metadata: { controllers: [Orders] },
  });
  const ask = async (path: string, client_id: string): Promise<number> => {
    const authorization = dashboard.issuer.bearer({ scope: 'orders:read', claims: { client_id } });
    return (await fetch(`${dashboard.url}/${path}`, { headers: { authorization } })).status;
  };
  for (const path of ['enforced', 'list', 'export', 'export']) expect(await ask(path, '0oa1')).toBe(200);
  expect(await ask('export', 'secret-client')).toBe(200);
  return dashboard;
}

it('counts what would be refused for each route, first those that enforcing would break', async () => {
  const { get, clock } = await start();
  const { text } = await get('/identity/data/snapshot');
  const { state } = JSON.parse(text) as { state: DashboardState };
  const missing = {
    code: 'scope_missing',
    meaning: 'The token lacks a scope that the route or the call requires.',
    lastAtMs: clock.wallMs(),
  };
  expect(state.reported).toEqual([
    {
      route: 'Orders.export',
      calls: 3,
      wouldDeny: [
        { ...missing, client: 'web <shop>', count: 2 },
        { ...missing, client: 'other', count: 1 },
      ],
    },
    { route: 'Orders.list', calls: 1, wouldDeny: [] },
  ]);
  expect(state.moreReported).toBe(0);
  expect(text).not.toContain('secret-client');
});

it.runIf(hasBrowser)('shows it on the page', { timeout: 30_000 }, async () => {
  const dashboard = await start();
  const browser = await launchBrowser();
  try {
    const watched = await watchPage(browser, dashboard.url);
    const { page, faults } = watched;
    await page.goto(`${dashboard.url}/identity`);
    await page.getByLabel('Access token').fill(dashboard.issuer.token({ scope: SCOPE }));
    await page.getByRole('button', { name: 'Open the dashboard' }).click();
    const table = page.getByRole('table', { name: 'Would refuse' });
    await table.waitFor({ timeout: 8_000 });
    const rows = await table.getByRole('row').allTextContents();
    const last = expect.any(String) as string;
    expect(rows).toEqual(['RouteClientWould refuseLast', last, last, last]);
    expect(rows.slice(1).map((row) => row.replace(/[\d:]{8}$/, ''))).toEqual([
      'Orders.export scope_missingweb <shop>2 of 3',
      'Orders.export scope_missingother1 of 3',
      'Orders.list–0 of 1–',
    ]);
    expect(await watched.audit()).toEqual([]);
    expect(faults).toEqual([]);
  } finally {
    await browser.close();
  }
});
