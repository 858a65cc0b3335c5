import { Controller, ForbiddenException, Get, UseGuards } from '@nestjs/common';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  IdentityAuthGuard,
  IdentityEvents,
  IdentityModule,
  IdentityStats,
  OptionalAuth,
  Public,
  RequireRoles,
  RequireScopes,
} from 'nestjs-identity-model';
import { IdentityPrometheus, IdentityPrometheusModule } from 'nestjs-identity-model/prometheus';
import { TestIssuer } from 'nestjs-identity-model/testing';
import { createApp, type TestApp } from './support/create-app.js';

@UseGuards(IdentityAuthGuard)
@Controller()
class Routes {
  @Get('plain') plain(): object {
    return {};
  }
  @RequireScopes('a') @Get('scoped') scoped(): object {
    return {};
  }
  @RequireRoles('admin') @Get('roles') roles(): object {
    return {};
  }
  @OptionalAuth() @Get('optional') optional(): object {
    return {};
  }
  @Public() @Get('public') open(): object {
    return {};
  }
}

const issuer = TestIssuer.inMemory({ audience: 'orders-api' });
let test: TestApp;
beforeAll(async () => {
  test = await createApp('express', {
    imports: [
      IdentityModule.forRoot(
        issuer.moduleOptions({
          rolesClaim: 'roles',
          validate: ({ claims }) => claims.sub !== 'refused',
          mapUser: ({ claims }) => {
            if (claims.sub === 'barred') throw new ForbiddenException();
            if (claims.sub === 'broken') throw new TypeError('database');
            return claims.sub === 'unknown' ? null : claims;
          },
        }),
      ),
      IdentityPrometheusModule.forRoot({}),
    ],
    controllers: [Routes],
  });
});
afterAll(() => test.app.close());

const ask = async (path: string, authorization?: string): Promise<number> =>
  (await fetch(`${test.url}/${path}`, { headers: authorization ? { authorization } : {} })).status;

it('are counted once, whoever refuses: a validation, a route, or for want of a token', async () => {
  const asked: [string, string | undefined, number][] = [
    ['plain', undefined, 401],
    ['plain', undefined, 401],
    ['scoped', 'Basic YTpi', 401],
    ['plain', 'Bearer a b', 400],
    ['optional', undefined, 200],
    ['public', undefined, 200],
    ['plain', issuer.bearer({ wrong: 'expired' }), 401],
    ['plain', issuer.bearer({ sub: 'refused' }), 401],
    ['scoped', issuer.bearer({ scope: 'b' }), 403],
    ['scoped', issuer.bearer(), 403],
    ['roles', issuer.bearer(), 403],
    ['plain', issuer.bearer({ sub: 'unknown' }), 401],
    ['plain', issuer.bearer({ sub: 'barred' }), 403],
    ['plain', issuer.bearer({ sub: 'broken' }), 503],
    ['scoped', issuer.bearer({ scope: 'a' }), 200],
  ];
  const rejected: string[] = [];
  const events = test.app.get(IdentityEvents).events$.subscribe((event) => {
    if (event.type === 'request.rejected') rejected.push(`${event.code}: ${event.reason}`);
  });
  for (const [path, authorization, status] of asked)
    expect([path, await ask(path, authorization)]).toEqual([path, status]);

  events.unsubscribe();
  const missing = 'token_missing: The request carries no Bearer token.';
  expect(rejected).toEqual([
    missing,
    missing,
    missing,
    'authorization_malformed: The Authorization header is repeated, or "Bearer" is not followed by exactly one token.',
  ]);

  const { window, otherDenials, issuers } = test.app.get(IdentityStats).snapshot();
  const counted = (rows: readonly { code: string; count: number }[]): object =>
    Object.fromEntries(rows.filter(({ count }) => count > 0).map(({ code, count }) => [code, count]));
  const ofRoutes = { scope_missing: 2, role_missing: 1, user_refused: 1, check_refused: 1, check_failed: 1 };
  const withoutToken = { token_missing: 3, authorization_malformed: 1 };
  expect(counted(window.denials)).toEqual({ ...withoutToken, ...ofRoutes });
  expect(counted(otherDenials)).toEqual(withoutToken);
  expect(counted(issuers[0]?.denials ?? [])).toEqual(ofRoutes);
  expect(window.validations.results).toEqual([
    { result: 'ok', verified: true, count: 7 },
    { result: 'token_expired', verified: false, count: 1 },
    { result: 'check_refused', verified: true, count: 1 },
  ]);

  const text = await test.app.get(IdentityPrometheus).metrics();
  expect(text).toContain('identity_access_denied_total{issuer="other",code="token_missing"} 3');
  expect(text).toContain(`identity_access_denied_total{issuer="${issuer.issuer}",code="scope_missing"} 2`);
  expect(text).toContain(`identity_access_denied_total{issuer="${issuer.issuer}",code="claim_not_met"} 0`);
});
