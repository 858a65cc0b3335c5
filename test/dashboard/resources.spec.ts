import { Controller, Get, UseGuards } from '@nestjs/common';
import { expect, it } from 'vitest';
import { IdentityAuthGuard, ProtectedResource } from 'nestjs-identity-model';
import type { DashboardState } from '../../lib/dashboard/dashboard-state.js';
import { hasBrowser, launchBrowser, watchPage } from '../support/browser.js';
import { SCOPE, startDashboard, type Dashboard } from '../support/start-dashboard.js';

const API = 'https://api.example.com';
const MCP = `${API}/mcp`;

@UseGuards(IdentityAuthGuard)
@Controller()
class Orders {
  @Get('orders') list(): object {
    return {};
  }
  @ProtectedResource(MCP) @Get('mcp') tools(): object {
    return {};
  }
}

async function start(resources: readonly { readonly url: string }[]): Promise<Dashboard> {
  return startDashboard('express', {
    identity: { audience: undefined, resources },
    metadata: { controllers: [Orders] },
  });
}

/** Calls the routes of both resources: one token is for the wrong one, another for none, and one request has none. */
async function call({ issuer, url }: Dashboard): Promise<void> {
  const ask = async (path: string, audience?: string): Promise<number> => {
    const headers = audience === undefined ? {} : { authorization: issuer.bearer({ audience }) };
    return (await fetch(url + path, { headers })).status;
  };
  expect(await ask('/orders', API)).toBe(200);
  expect(await ask('/mcp', MCP)).toBe(200);
  expect(await ask('/mcp', MCP)).toBe(200);
  expect(await ask('/mcp', MCP)).toBe(200);
  expect(await ask('/mcp', API)).toBe(401);
  expect(await ask('/mcp', 'https://other.example.com')).toBe(401);
  expect(await ask('/mcp')).toBe(401);
}

it('counts valid tokens for each resource, and those that are for another one', async () => {
  const dashboard = await start([{ url: API }, { url: MCP }]);
  await call(dashboard);
  const { text } = await dashboard.get('/identity/data/snapshot', {
    headers: {
      authorization: dashboard.issuer.bearer({ audience: API, scope: SCOPE }),
      'x-identity-dashboard': '1',
    },
  });
  const { state } = JSON.parse(text) as { state: DashboardState };
  expect(state.resources).toEqual([
    // The request for these figures is one of the first resource.
    { resource: API, tokens: 2, mismatches: 0 },
    { resource: MCP, tokens: 4, mismatches: 1 },
  ]);
});

it('leaves the table out for a single resource', async () => {
  const { issuer, get } = await start([{ url: MCP }]);
  const { text } = await get('/identity/data/snapshot', {
    headers: { authorization: issuer.bearer({ audience: MCP, scope: SCOPE }), 'x-identity-dashboard': '1' },
  });
  expect((JSON.parse(text) as { state: DashboardState }).state.resources).toEqual([]);
});

it.runIf(hasBrowser)('shows the share of each resource on the page', { timeout: 30_000 }, async () => {
  const dashboard = await start([{ url: API }, { url: MCP }]);
  await call(dashboard);
  const browser = await launchBrowser();
  try {
    const watched = await watchPage(browser, dashboard.url);
    const { page, faults } = watched;
    await page.goto(`${dashboard.url}/identity`);
    await page.getByLabel('Access token').fill(dashboard.issuer.token({ audience: API, scope: SCOPE }));
    await page.getByRole('button', { name: 'Open the dashboard' }).click();
    const row = page
      .getByRole('table', { name: 'Tokens for another resource' })
      .getByRole('row')
      .filter({ hasText: MCP });
    await row.waitFor({ timeout: 8_000 });
    expect(await row.getByRole('cell').allTextContents()).toEqual(['4', '1', '25.0 %']);
    expect(await watched.audit()).toEqual([]);
    expect(faults).toEqual([]);
  } finally {
    await browser.close();
  }
});
