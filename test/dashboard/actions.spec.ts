import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  IdentityEvents,
  JwksService,
  TokenValidationService,
  type IdentityEvent,
} from 'nestjs-identity-model';
import { TestIssuer } from 'nestjs-identity-model/testing';
import type { DashboardState } from '../../lib/dashboard/dashboard-state.js';
import type { TokenExplanation } from '../../lib/validation/explain-token.js';
import { PLATFORMS } from '../support/create-app.js';
import { rejectionOf } from '../support/create-module.js';
import { ProviderDouble } from '../support/provider-double.js';
import { startDashboard, type Dashboard } from '../support/start-dashboard.js';

const REFRESH = '/identity/data/refresh';
const REPLACE = '/identity/data/replace-keys';
const EXPLAIN = '/identity/data/explain';

const stateOf = async ({ get }: Dashboard): Promise<DashboardState> =>
  (JSON.parse((await get('/identity/data/snapshot')).text) as { state: DashboardState }).state;

describe.each(PLATFORMS)('the button "refresh", on %s', (platform) => {
  it('asks for both documents now', async () => {
    const { issuer, post } = await startDashboard(platform);
    issuer.rotate();
    const { status, text } = await post(REFRESH, { issuer: issuer.issuer });
    expect(status).toBe(200);
    expect((JSON.parse(text) as { state: DashboardState }).state.issuers[0]?.keySet.count).toBe(2);
    expect(issuer.requests.slice(-2)).toEqual(['discovery', 'jwks']);
  });

  it('asks for keys alone where the configuration says where they are', async () => {
    const { issuer, post } = await startDashboard(platform, {
      identity: { jwksUri: 'https://issuer.test/jwks' },
    });
    expect((await post(REFRESH, { issuer: issuer.issuer })).status).toBe(200);
    expect(new Set(issuer.requests)).toEqual(new Set(['jwks']));
  });

  it.each([REFRESH, REPLACE])('knows configured issuers only: %s', async (path) => {
    const { issuer, post } = await startDashboard(platform);
    const asked = issuer.count();
    for (const body of [
      { issuer: 'https://none.example' },
      { issuer: `${issuer.issuer}/` },
      { issuer: [issuer.issuer] },
      { issuer: '__proto__' },
      {},
      [],
    ]) {
      const { status, text } = await post(path, body);
      expect([status, text]).toEqual([404, '{"code":"issuer_unknown"}']);
    }
    expect(issuer.count()).toBe(asked);
  });

  it.each([
    [REFRESH, 'metadata_unavailable'],
    [REPLACE, 'keys_unavailable'],
  ])('says that the provider is down, and why: %s', async (path, code) => {
    const { app, issuer, post } = await startDashboard(platform);
    const token = issuer.token();
    issuer.misbehave('error');
    const { status, text } = await post(path, { issuer: issuer.issuer });
    expect(status).toBe(503);
    expect(JSON.parse(text)).toEqual({ code, reason: expect.stringContaining('500') as unknown });
    // What is held goes on to serve.
    await app.get(TokenValidationService).validate(token);
  });

  it('pressed by many at once is one more fetch after the one under way, not one each', async () => {
    const provider = await ProviderDouble.start();
    onTestFinished(() => provider.stop());
    const { lines, post } = await startDashboard(platform, {
      identity: { issuer: provider.issuer, http: { retries: 0 } },
      dashboard: { guard: { canActivate: () => true } },
    });
    const before = provider.count(provider.jwksPath);
    const held: (() => void)[] = [];
    const keys = JSON.stringify({ keys: provider.keys.map(({ jwk }) => jwk) });
    provider.answers.set(provider.jwksPath, (_request, response) => held.push(() => response.end(keys)));
    const pressed = Array.from({ length: 50 }, () => post(REPLACE, { issuer: provider.issuer }));
    const asked = (): number => lines.filter((line) => line.includes('asked for')).length;
    await vi.waitFor(() => expect([asked(), held.length]).toEqual([50, 1]), 5_000);
    held[0]?.();
    await vi.waitFor(() => expect(held).toHaveLength(2), 5_000);
    held[1]?.();
    expect(new Set((await Promise.all(pressed)).map(({ status }) => status))).toEqual(new Set([200]));
    expect(provider.count(provider.jwksPath) - before).toBe(2);
  });

  it('leaves a line in the log', async () => {
    const { issuer, lines, post } = await startDashboard(platform);
    await post(REFRESH, { issuer: issuer.issuer });
    expect(lines.join('\n')).toContain(`refresh asked for: ${issuer.issuer}`);
  });
});

describe.each(PLATFORMS)('the button "replace keys", on %s', (platform) => {
  it('drops former keys and what was verified with them, once a new set is here', async () => {
    const { app, issuer, post } = await startDashboard(platform, {
      identity: { tokenCache: {} },
      dashboard: { guard: { canActivate: () => true } },
    });
    const tokens = app.get(TokenValidationService);
    const token = issuer.token();
    await tokens.validate(token);
    issuer.rotate();
    issuer.withdraw();
    // Nobody has looked since: the former key still serves.
    await tokens.validate(token);
    issuer.misbehave('no keys');
    expect((await post(REPLACE, { issuer: issuer.issuer })).status).toBe(503);
    await tokens.validate(token);
    issuer.behave();
    expect((await post(REPLACE, { issuer: issuer.issuer })).status).toBe(200);
    expect(await rejectionOf(tokens.validate(token))).toBe('key_not_found');
    await tokens.validate(issuer.token());
  });

  it('verifies tokens anew even where the keys are the same', async () => {
    const { app, issuer, post } = await startDashboard(platform, {
      identity: { tokenCache: {} },
      dashboard: { guard: { canActivate: () => true } },
    });
    const tokens = app.get(TokenValidationService);
    const token = issuer.token();
    await tokens.validate(token);
    await tokens.validate(token);
    expect(tokens.stats().tokenCache).toMatchObject({ hits: 1, misses: 1 });
    const held = app.get(JwksService).cached();
    expect((await post(REPLACE, { issuer: issuer.issuer })).status).toBe(200);
    expect(app.get(JwksService).cached()).not.toBe(held);
    await tokens.validate(token);
    expect(tokens.stats().tokenCache).toMatchObject({
      hits: 1,
      misses: 2,
    });
  });
});

describe.each(PLATFORMS)('"explain a token", on %s', (platform) => {
  async function explain({ post }: Dashboard, token: string): Promise<TokenExplanation> {
    const { status, text } = await post(EXPLAIN, { token });
    expect(status).toBe(200);
    return JSON.parse(text) as TokenExplanation;
  }

  it('says of each step whether it passed', async () => {
    const dashboard = await startDashboard(platform);
    const { issuer } = dashboard;
    const good = await explain(dashboard, issuer.token({ sub: 'ada' }));
    expect(good.accepted).toBe(true);
    expect(good.content?.unverifiedClaims).toMatchObject({ sub: 'ada' });
    const bad = await explain(dashboard, issuer.token({ wrong: 'expired', audience: 'other-api' }));
    expect(bad.accepted).toBe(false);
    expect(bad.steps.filter(({ outcome }) => outcome === 'failed').map(({ code }) => code)).toHaveLength(1);
    expect((await explain(dashboard, 'no token')).steps[0]).toMatchObject({ outcome: 'failed' });
  });

  it('says what audience would have been accepted, and what could not be decided', async () => {
    const dashboard = await startDashboard(platform, {
      dashboard: { guard: { canActivate: () => true } },
    });
    const { issuer } = dashboard;
    const failedOf = async (token: string): Promise<unknown> =>
      (await explain(dashboard, token)).steps.find(({ outcome }) => outcome === 'failed');
    expect(await failedOf(issuer.token({ audience: 'other-api' }))).toMatchObject({
      code: 'audience_mismatch',
      kind: 'rejected',
      expected: [issuer.audience],
    });
    issuer.misbehave('down');
    expect(await failedOf(issuer.token({ wrong: 'unknown kid' }))).toMatchObject({
      step: 'key',
      code: 'keys_unavailable',
      kind: 'unavailable',
    });
  });

  it('asks for no key where a validation would not', async () => {
    const dashboard = await startDashboard(platform);
    const { issuer } = dashboard;
    const asked = issuer.count();
    const { steps } = await explain(dashboard, issuer.token({ header: { alg: 'HS256', kid: 'made-up' } }));
    expect(steps.find(({ step }) => step === 'algorithm')).toMatchObject({ code: 'algorithm_not_allowed' });
    expect(steps.find(({ step }) => step === 'key')).toMatchObject({ outcome: 'skipped' });
    expect(issuer.count()).toBe(asked);
  });

  it('shows no content that nests deeper than anybody means', async () => {
    const dashboard = await startDashboard(platform);
    const nested = (depth: number): unknown => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`);
    const { issuer } = dashboard;
    const shown = await explain(dashboard, issuer.token({ claims: { it: nested(40) } }));
    expect(shown.content).toBeDefined();
    const deep = await explain(dashboard, issuer.token({ claims: { it: nested(2_000) } }));
    expect(deep.steps[0]).toMatchObject({ step: 'form', outcome: 'failed', code: 'token_malformed' });
    expect(deep.content).toBeUndefined();
  });

  it('refuses what is too large as the application would, and what is no token at all', async () => {
    const dashboard = await startDashboard(platform);
    const large = await explain(dashboard, `${dashboard.issuer.token()}${'x'.repeat(20_000)}`);
    expect(large.steps[0]).toMatchObject({ step: 'form', outcome: 'failed', code: 'token_too_large' });
    expect(large.content).toBeUndefined();
    for (const body of [{}, { token: 7 }, { token: null }, [], { Token: 'x' }]) {
      const { status, text } = await dashboard.post(EXPLAIN, body);
      expect([status, text]).toEqual([400, '{"code":"token_missing"}']);
    }
  });

  it('counts, reports, remembers and logs nothing of it', async () => {
    const dashboard = await startDashboard(platform, { identity: { tokenCache: {} } });
    const { app, issuer, lines } = dashboard;
    const events: IdentityEvent[] = [];
    app.get(IdentityEvents).events$.subscribe((event) => events.push(event));
    const tokens = app.get(TokenValidationService);
    const secret = 'a-claim-that-nobody-may-read';
    const explained = [
      issuer.token({ claims: { secret } }),
      issuer.token({ wrong: 'expired', claims: { secret } }),
      issuer.token({ wrong: 'wrong issuer', claims: { secret } }),
      issuer.token({ wrong: 'unknown kid', claims: { secret } }),
      `${issuer.token({ claims: { secret } }).slice(0, -4)}AAAA`,
    ];
    for (const token of explained) await explain(dashboard, token);
    // Each request of the page brought a token of its own, and no other one was counted.
    expect(tokens.stats()).toMatchObject({ validated: explained.length, rejected: 0 });
    expect(tokens.stats().tokenCache).toMatchObject({ size: explained.length });
    expect(events.filter(({ type }) => type === 'token.rejected')).toEqual([]);
    const { window, incidents } = await stateOf(dashboard);
    expect(window.rejections).toEqual([]);
    const told = JSON.stringify([window, incidents, events, lines]);
    expect(told).not.toContain(secret);
    for (const token of explained) expect(told).not.toContain(token.split('.')[1]);
    expect((await dashboard.get('/identity/data/snapshot')).text).not.toContain(secret);
  });
});

describe('what is remembered', () => {
  it('is bounded under a flood of made-up tenants and key ids', { timeout: 60_000 }, async () => {
    const tenants = TestIssuer.inMemory({ issuer: 'https://tenants.example' });
    const dashboard = await startDashboard('express', {
      identity: {
        issuer: undefined,
        issuers: (issuer) => {
          if (issuer.length % 2 === 0) throw new Error(`nobody knows ${issuer}`);
          return { issuer };
        },
        allowedIssuers: (issuer) => /^https:\/\/(tenants|issuer)\.(example|test)/.test(issuer),
        http: { dispatcher: tenants.dispatcher, retries: 0 },
        cache: { maxEntries: 8 },
      },
      dashboard: { guard: { canActivate: () => true } },
    });
    const tokens = dashboard.app.get(TokenValidationService);
    const sizes: number[] = [];
    for (let round = 0; round < 3; round++) {
      for (let index = 0; index < 400; index++) {
        const name = `https://tenants.example/${String(round)}-${String(index)}${'x'.repeat(index % 7)}`;
        const header = { kid: `made-up-${String(index)}` };
        await rejectionOf(tokens.validate(tenants.token({ claims: { iss: name }, header })));
      }
      sizes.push((await dashboard.get('/identity/data/snapshot')).text.length);
    }
    const { issuers, incidents } = await stateOf(dashboard);
    expect(issuers.length).toBeLessThanOrEqual(8);
    expect(incidents.length).toBeGreaterThan(10);
    expect(incidents.length).toBeLessThanOrEqual(100);
    expect(sizes[2]).toBeLessThan(1.1 * (sizes[0] ?? 0));
  });

  it('does not break where a tenant is refused after it was known', async () => {
    const refused = new Set<string>();
    const issuer = TestIssuer.inMemory({ issuer: 'https://tenant.example' });
    const dashboard = await startDashboard('express', {
      identity: {
        issuer: undefined,
        issuers: (name) => ({ issuer: name }),
        allowedIssuers: (name) => !refused.has(name),
        http: { dispatcher: issuer.dispatcher, retries: 0 },
      },
      dashboard: { guard: { canActivate: () => true } },
    });
    await dashboard.app.get(TokenValidationService).validate(issuer.token({ audience: 'test-api' }));
    expect((await stateOf(dashboard)).issuers).toMatchObject([{ issuer: issuer.issuer, configured: false }]);
    refused.add(issuer.issuer);
    expect((await stateOf(dashboard)).issuers).toEqual([]);
    expect((await dashboard.post(REFRESH, { issuer: issuer.issuer })).status).toBe(404);
  });
});
