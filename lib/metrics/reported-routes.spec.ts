import { describe, expect, it } from 'vitest';
import { ReportedRoutes } from './reported-routes.js';
import { WouldDenyCounts } from './would-deny-counts.js';

describe('the counts of an issuer', () => {
  it('are by code and client, and have rows only for what happened', () => {
    const counts = new WouldDenyCounts(['web', 'other', 'none']);
    expect(counts.rows()).toEqual([]);
    counts.add('scope_missing', 'web');
    counts.add('scope_missing', 'web');
    counts.add('scope_missing', 'none');
    counts.add('role_missing', 'other');
    counts.add('check_failed', 'none');
    counts.add('token_missing', 'none');
    expect(counts.rows()).toEqual([
      { code: 'token_missing', client: 'none', count: 1 },
      { code: 'scope_missing', client: 'web', count: 2 },
      { code: 'scope_missing', client: 'none', count: 1 },
      { code: 'role_missing', client: 'other', count: 1 },
      { code: 'check_failed', client: 'none', count: 1 },
    ]);
  });
});

describe('the counts of a route', () => {
  it('are its calls, and those that would have been denied, by code and client', () => {
    const routes = new ReportedRoutes();
    routes.addCall('Orders.list');
    routes.addCall('Orders.create');
    routes.addCall('Orders.create');
    routes.add('Orders.create', { code: 'scope_missing', client: 'web', atMs: 1 });
    routes.add('Orders.create', { code: 'scope_missing', client: 'web', atMs: 3 });
    routes.add('Orders.create', { code: 'scope_missing', client: 'app', atMs: 2 });
    expect(routes.rows()).toEqual([
      { route: 'Orders.list', calls: 1, wouldDeny: [] },
      {
        route: 'Orders.create',
        calls: 2,
        wouldDeny: [
          { code: 'scope_missing', client: 'web', count: 2, lastAtMs: 3 },
          { code: 'scope_missing', client: 'app', count: 1, lastAtMs: 2 },
        ],
      },
    ]);
  });

  it('are those of a thousand routes at the most', () => {
    const routes = new ReportedRoutes();
    for (let index = 0; index < 1_001; index++) routes.addCall(`Orders.${String(index)}`);
    routes.add('Orders.1000', { code: 'scope_missing', client: 'web', atMs: 1 });
    routes.addCall('Orders.999');
    expect(routes.rows()).toHaveLength(1_000);
    expect(routes.rows().at(-1)).toEqual({ route: 'Orders.999', calls: 2, wouldDeny: [] });
  });
});
