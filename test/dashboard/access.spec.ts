import {
  Injectable,
  Module,
  UnauthorizedException,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { describe, expect, it, vi } from 'vitest';
import { IdentityAuthGuard, type IdentityModuleOptions } from 'nestjs-identity-model';
import { IdentityDashboardModule } from 'nestjs-identity-model/dashboard';
import { TestIssuer } from 'nestjs-identity-model/testing';
import { UNPROTECTED } from '../../lib/dashboard/dashboard-options.js';
import { PLATFORMS } from '../support/create-app.js';
import { SCOPE, startDashboard, type Dashboard } from '../support/start-dashboard.js';

const PAGE = '/identity';
const ASSET = '/identity/assets/main.js';
const SNAPSHOT = '/identity/data/snapshot';
const EVENTS = '/identity/data/events';
const POSTS = ['refresh', 'replace-keys', 'explain'].map((name) => `/identity/data/${name}`);
const everyRoute = [
  'GET',
  PAGE,
  'GET',
  ASSET,
  'GET',
  SNAPSHOT,
  'GET',
  EVENTS,
  ...POSTS.flatMap((path) => ['POST', path]),
];

/** The issuer of startDashboard, and another one whose tokens the API accepts. */
const OURS = 'https://issuer.test';
const PARTNER = 'https://partner.example';
const keysOf = (issuer: TestIssuer) => issuer.keys.map(({ jwk }) => jwk);
const withPartner = (partner = TestIssuer.inMemory({ issuer: PARTNER })): IdentityModuleOptions => ({
  issuer: undefined,
  issuers: [{ issuer: OURS }, { issuer: PARTNER, jwks: { keys: keysOf(partner) } }],
});
const TENANTS: IdentityModuleOptions = {
  issuer: undefined,
  issuers: (issuer) => ({ issuer }),
  allowedIssuers: [OURS, PARTNER],
  warmUp: 'off',
};

/** Status of each route, with these headers and the marks of the page. */
async function statuses(
  dashboard: Dashboard,
  headers: Record<string, string>,
): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (let at = 0; at < everyRoute.length; at += 2) {
    const [method = '', path = ''] = everyRoute.slice(at);
    const answer =
      method === 'POST'
        ? await dashboard.post(path, {}, headers)
        : await dashboard.get(path, { method: path === EVENTS ? 'HEAD' : method, headers });
    found[path] = answer.status;
  }
  return found;
}

const open = (data: number): Record<string, number> => ({
  [PAGE]: 200,
  [ASSET]: 200,
  [SNAPSHOT]: data,
  [EVENTS]: data,
  ...Object.fromEntries(POSTS.map((path) => [path, data])),
});
/** What the routes say to whoever gets in with nothing in hand. */
const inside = { ...open(200), [POSTS[0] ?? '']: 404, [POSTS[1] ?? '']: 404, [POSTS[2] ?? '']: 400 };

@Injectable()
class SessionGuard implements CanActivate {
  static readonly seen: string[] = [];

  canActivate(context: ExecutionContext): boolean {
    const { url, headers, user } = context
      .switchToHttp()
      .getRequest<{ url: string; headers: Record<string, string>; user?: { sub: string } }>();
    SessionGuard.seen.push(url);
    if (headers['cookie'] === 'session=operator' || user?.sub === 'operator') return true;
    throw new UnauthorizedException();
  }
}

describe('without a word about who gets in', () => {
  it('the application does not start', () => {
    expect(() => IdentityDashboardModule.forRoot({})).toThrow(/nothing says who may see/);
    expect(() => IdentityDashboardModule.forRoot({ guard: IdentityAuthGuard })).toThrow(
      /use "requiredScopes"/,
    );
  });
});

describe.each(PLATFORMS)('on %s, with requiredScopes', (platform) => {
  it('the page is for everybody and holds no data, the data for tokens with the scopes', async () => {
    const dashboard = await startDashboard(platform);
    const { issuer } = dashboard;
    expect(await statuses(dashboard, {})).toEqual(open(401));
    expect(await statuses(dashboard, { authorization: 'Basic eDp5' })).toEqual(open(401));
    expect(await statuses(dashboard, { authorization: issuer.bearer() })).toEqual(open(403));
    expect(await statuses(dashboard, { authorization: issuer.bearer({ scope: 'identity' }) })).toEqual(
      open(403),
    );
    const expired = issuer.bearer({ scope: SCOPE, wrong: 'expired' });
    expect(await statuses(dashboard, { authorization: expired })).toEqual(open(401));
    expect(await statuses(dashboard, { authorization: issuer.bearer({ scope: SCOPE }) })).toEqual(inside);
    const page = await dashboard.get(PAGE, { headers: {} });
    expect(page.text).not.toContain(issuer.issuer);
    expect(page.text).toContain('data-mode="token"');
  });

  it('demands all of them', async () => {
    const dashboard = await startDashboard(platform, { dashboard: { requiredScopes: ['a', 'b'] } });
    const withScopes = (scope: string) =>
      dashboard.get(SNAPSHOT, { headers: { authorization: dashboard.issuer.bearer({ scope }) } });
    expect((await withScopes('a')).status).toBe(403);
    expect((await withScopes('b a')).status).toBe(200);
  });

  it('does not take the scopes of another issuer for its own', async () => {
    const partner = TestIssuer.inMemory({ issuer: PARTNER, audience: 'test-api' });
    const dashboard = await startDashboard(platform, {
      dashboard: { requiredScopes: [SCOPE], requiredIssuers: [OURS] },
      identity: withPartner(partner),
    });
    const theirs = { authorization: partner.bearer({ scope: SCOPE }) };
    expect(await statuses(dashboard, theirs)).toEqual(open(403));
    for (const path of POSTS.slice(0, 2)) {
      expect((await dashboard.post(path, { issuer: OURS }, theirs)).status).toBe(403);
      expect((await dashboard.post(path, { issuer: PARTNER }, theirs)).status).toBe(403);
    }
    expect((await dashboard.get(SNAPSHOT, { headers: theirs })).text).not.toContain(OURS);
    expect(await statuses(dashboard, dashboard.bearer())).toEqual(inside);
    // An operator of ours may act on both.
    expect((await dashboard.post('/identity/data/replace-keys', { issuer: PARTNER })).status).toBe(200);
  });

  it.each<[string, IdentityModuleOptions, RegExp]>([
    [
      'several issuers',
      { ...withPartner(), warmUp: 'off' },
      /"requiredIssuers" is missing.*tokens of 2 issuers/,
    ],
    ['tenants', TENANTS, /"requiredIssuers" is missing.*tokens of tenants/],
    [
      'an issuer that is not configured',
      { ...TENANTS, issuers: [{ issuer: OURS }], allowedIssuers: undefined },
      /@RequireIssuer names what is not configured: https:\/\/partner\.example/,
    ],
  ])('does not start with %s and no word about theirs', async (name, identity, message) => {
    const requiredIssuers = name.startsWith('an issuer') ? ([PARTNER] as const) : undefined;
    const dashboard = { requiredScopes: [SCOPE] as const, requiredIssuers };
    await expect(startDashboard(platform, { dashboard, identity })).rejects.toThrow(message);
  });

  it('lets the operators of one tenant in, and nobody of another one', async () => {
    const partner = TestIssuer.inMemory({ issuer: PARTNER, audience: 'test-api' });
    const dashboard = await startDashboard(platform, {
      dashboard: { requiredScopes: [SCOPE], requiredIssuers: [OURS] },
      identity: {
        ...TENANTS,
        issuers: (issuer) => (issuer === OURS ? { issuer } : { issuer, jwks: { keys: keysOf(partner) } }),
      },
    });
    expect((await dashboard.get(SNAPSHOT)).status).toBe(200);
    const theirs = { authorization: partner.bearer({ scope: SCOPE }) };
    expect((await dashboard.get(SNAPSHOT, { headers: theirs })).status).toBe(403);
  });

  it('says why with a challenge, and 503 where the provider is the reason', async () => {
    const dashboard = await startDashboard(platform, { identity: { warmUp: 'off' } });
    const { issuer } = dashboard;
    const none = await dashboard.get(SNAPSHOT, { headers: {} });
    expect([none.status, none.headers['www-authenticate']]).toEqual([
      401,
      `Bearer realm="api", scope="${SCOPE}"`,
    ]);
    issuer.misbehave('down');
    const down = await dashboard.get(SNAPSHOT);
    expect([down.status, down.headers['retry-after']]).toEqual([503, expect.stringMatching(/^\d+$/)]);
    issuer.behave();
    await dashboard.clock.advance(60_000);
    const scopeless = await dashboard.get(SNAPSHOT, { headers: { authorization: issuer.bearer() } });
    expect(scopeless.headers['www-authenticate']).toBe(
      `Bearer realm="api", error="insufficient_scope", scope="${SCOPE}"`,
    );
  });

  it('is the same behind a guard of the whole application', async () => {
    const dashboard = await startDashboard(platform, {
      metadata: { providers: [{ provide: APP_GUARD, useExisting: IdentityAuthGuard }] },
    });
    expect(await statuses(dashboard, {})).toEqual(open(401));
    const authorization = dashboard.issuer.bearer({ scope: SCOPE });
    expect(await statuses(dashboard, { authorization })).toEqual(inside);
    expect(await statuses(dashboard, { authorization: dashboard.issuer.bearer() })).toEqual(open(403));
  });
});

describe.each(PLATFORMS)('on %s, with a guard of the application', (platform) => {
  const session = { cookie: 'session=operator' };

  it('nobody passes it, to the page and its files neither', async () => {
    SessionGuard.seen.length = 0;
    const dashboard = await startDashboard(platform, { dashboard: { guard: SessionGuard } });
    const all = await statuses(dashboard, { cookie: 'session=visitor' });
    expect(new Set(Object.values(all))).toEqual(new Set([401]));
    expect(SessionGuard.seen).toHaveLength(everyRoute.length / 2);
    expect(await statuses(dashboard, session)).toEqual(inside);
    expect((await dashboard.get(PAGE, { headers: session })).text).toContain('data-mode="guard"');
  });

  it('has the headers of every answer on what it refuses', async () => {
    const dashboard = await startDashboard(platform, { dashboard: { guard: new SessionGuard() } });
    for (const path of [PAGE, SNAPSHOT]) {
      const { status, headers } = await dashboard.get(path, { headers: {} });
      expect(status).toBe(401);
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
      });
    }
  });

  it('takes its dependencies from the modules it is given', async () => {
    @Injectable()
    class Sessions {
      isOperator(cookie: string | undefined): boolean {
        return cookie === 'session=operator';
      }
    }
    @Injectable()
    class StoreGuard implements CanActivate {
      constructor(private readonly sessions: Sessions) {}

      canActivate(context: ExecutionContext): boolean {
        const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
        return this.sessions.isOperator(headers['cookie']);
      }
    }
    @Module({ providers: [Sessions], exports: [Sessions] })
    class SessionModule {}
    const dashboard = await startDashboard(platform, {
      dashboard: {
        guard: StoreGuard,
        imports: [SessionModule],
      },
    });
    expect((await dashboard.get(PAGE, { headers: {} })).status).toBe(403);
    expect((await dashboard.get(PAGE, { headers: session })).status).toBe(200);
  });

  it('is asked though the whole application has a guard for tokens, which a browser does not bring', async () => {
    const dashboard = await startDashboard(platform, {
      dashboard: { guard: SessionGuard },
      metadata: { providers: [{ provide: APP_GUARD, useExisting: IdentityAuthGuard }] },
    });
    const bearer = (sub: string, wrong?: 'expired') => ({
      authorization: dashboard.issuer.bearer({ sub, wrong }),
    });
    expect(await statuses(dashboard, session)).toEqual(inside);
    expect((await dashboard.get(PAGE, { headers: {} })).status).toBe(401);
    expect((await dashboard.get(PAGE, { headers: bearer('user') })).status).toBe(401);
    // A token that came is judged, and there for the guard to see.
    expect((await dashboard.get(PAGE, { headers: bearer('operator') })).status).toBe(200);
    expect(
      (await dashboard.get(PAGE, { headers: { ...bearer('operator', 'expired'), ...session } })).status,
    ).toBe(401);
  });
});

describe.each(PLATFORMS)('on %s, without any protection', (platform) => {
  it('everyone gets in, and the log says so at the start', async () => {
    const { Logger } = await import('@nestjs/common');
    const warned = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const dashboard = await startDashboard(platform, {
      dashboard: { dangerouslyUnprotected: UNPROTECTED },
      metadata: { providers: [{ provide: APP_GUARD, useExisting: IdentityAuthGuard }] },
    });
    expect(warned).toHaveBeenCalledWith('/identity is open to everyone who reaches it');
    expect(await statuses(dashboard, {})).toEqual(inside);
    const foreign = { 'sec-fetch-site': 'cross-site' };
    expect((await dashboard.get(SNAPSHOT, { headers: foreign })).status).toBe(403);
  });
});
