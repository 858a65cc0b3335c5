import { Test, type TestingModuleBuilder } from '@nestjs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { IdentityModule, TokenValidationService, type IdentityModuleOptions } from 'nestjs-identity-model';
import { TestClock, TestIssuer, withClock, withIdentity, withIssuer } from 'nestjs-identity-model/testing';
import { rejectionOf } from '../support/create-module.js';
import { applicationWith, PRODUCTION } from './application.js';
import { startApp } from './start-app.js';

const OURS = 'https://id.example.com';
const PARTNER = 'https://partner.example';
const SEVERAL: IdentityModuleOptions = {
  issuers: [
    { issuer: OURS, audience: 'orders-api' },
    {
      issuer: PARTNER,
      audience: 'orders-partner',
      algorithms: ['EdDSA'],
      discoveryUrl: 'https://x.example/m',
    },
    { issuer: 'https://third.example', audience: 'orders-api' },
  ],
  rolesClaim: 'roles',
  warmUp: 'off',
};

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

const builderFor = (options: IdentityModuleOptions = SEVERAL): TestingModuleBuilder =>
  Test.createTestingModule({ imports: [applicationWith('@UseGuards', options)] });
const named = (issuer: string): TestIssuer => TestIssuer.inMemory({ issuer });

describe('withIssuer for several issuers', () => {
  it.each<[string, IdentityModuleOptions]>([
    ['in a list', SEVERAL],
    [
      'behind a function',
      {
        audience: 'orders-api',
        issuers: (issuer) => ({ issuer }),
        allowedIssuers: [OURS, PARTNER],
        warmUp: 'off',
      },
    ],
  ])('puts each in the place of the one that it names: %s', async (_name, options) => {
    const [ours, partner] = [named(OURS), named(PARTNER)];
    const isListed = Array.isArray(options.issuers);
    const { app, get } = await startApp(withIssuer(withIssuer(builderFor(options), ours), partner));
    open.push(() => app.close());
    for (const issuer of [ours, partner]) {
      const audience = isListed ? undefined : 'orders-api';
      const { status, body } = await get('/orders', issuer.bearer({ sub: 'ada', audience }));
      expect([status, body['iss']]).toEqual([200, issuer.issuer]);
      expect(issuer.count('jwks')).toBe(1);
    }
    if (isListed) expect([partner.audience, partner.keys[0]?.alg]).toEqual(['orders-partner', 'EdDSA']);
    // Keys of one prove nothing for the other.
    const forged = ours.bearer({ claims: { iss: PARTNER }, audience: ['orders-partner', 'orders-api'] });
    expect((await get('/orders', forged)).status).toBe(401);
    partner.misbehave('down');
    expect((await get('/orders', ours.bearer({ audience: 'orders-api' }))).status).toBe(200);
  });

  it('lets nobody be asked for the others', async () => {
    const module = await withIssuer(withIssuer(builderFor(), named(OURS)), named(PARTNER)).compile();
    module.useLogger(false);
    open.push(() => module.close());
    const third = named('https://third.example').token({ audience: 'orders-api' });
    expect(await rejectionOf(module.get(TokenValidationService).validate(third))).toBe('keys_unavailable');
  });

  it.each<[string, () => readonly TestIssuer[], RegExp]>([
    [
      'without a name',
      () => [TestIssuer.inMemory(), named(PARTNER)],
      /each must be in memory and name another/,
    ],
    ['of one name', () => [named(OURS), named(OURS)], /each must be in memory and name another/],
    [
      'that nobody configured',
      () => [named(OURS), named('https://x.example')],
      /not configured: https:\/\/x\.example/,
    ],
    [
      'of which one alone has a name that nobody configured',
      () => [named('https://x.example')],
      /not configured: https:\/\/x\.example/,
    ],
  ])('refuses issuers %s', async (_name, make, message) => {
    let builder = builderFor();
    for (const issuer of make()) builder = withIssuer(builder, issuer);
    await expect(builder.compile()).rejects.toThrow(message);
  });

  it('are found in whichever of several modules has them', async () => {
    const modules = [OURS, PARTNER].map((issuer) =>
      IdentityModule.forRoot({ issuer, audience: 'orders-api', isGlobal: false, warmUp: 'off' }),
    );
    const [ours, partner] = [named(OURS), named(PARTNER)];
    const builder = withIssuer(withIssuer(Test.createTestingModule({ imports: modules }), ours), partner);
    const module = await builder.compile();
    open.push(() => module.close());
    const services = module.get(TokenValidationService, { strict: false, each: true });
    expect(services).toHaveLength(2);
    for (const issuer of [ours, partner]) {
      const token = issuer.token({ audience: 'orders-api' });
      const results = await Promise.allSettled(services.map((tokens) => tokens.validate(token)));
      expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    }
  });

  it('takes the same one twice for one', async () => {
    const issuer = TestIssuer.inMemory();
    const { app, get } = await startApp(withIssuer(withIssuer(builderFor(PRODUCTION), issuer), issuer));
    open.push(() => app.close());
    expect((await get('/orders', issuer.bearer())).status).toBe(200);
  });
});

describe('what cannot be at once in one builder', () => {
  it('is refused at the second call', () => {
    const first = builderFor();
    withIdentity(first, { sub: 'ada' });
    expect(() => withIdentity(first, { sub: 'eve' })).toThrow(/withIdentity was called twice/);
    expect(() => withIssuer(first, named(OURS))).toThrow(/withIdentity and withIssuer/);

    const second = withIssuer(builderFor(), named(OURS));
    expect(() => withIdentity(second, { sub: 'ada' })).toThrow(/withIdentity and withIssuer/);

    const clock = new TestClock();
    const third = withClock(withClock(builderFor(), clock), clock);
    expect(() => withClock(third, new TestClock())).toThrow(/two clocks/);
    // Another builder is another application.
    withIdentity(withClock(builderFor(), new TestClock()), { sub: 'ada' });
  });
});
