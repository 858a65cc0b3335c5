import { Controller, Get, UseGuards } from '@nestjs/common';
import { Test, type TestingModule, type TestingModuleBuilder } from '@nestjs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import {
  Claims,
  DiscoveryService,
  IdentityAuthGuard,
  IdentityModule,
  TokenValidationService,
  type IdentityModuleOptions,
} from 'nestjs-identity-model';
import { TestIssuer, withIdentity, withIssuer } from 'nestjs-identity-model/testing';
import { describeError } from '../../lib/errors/identity-error.js';
import { createKey } from '../support/signing-key.js';
import { rejectionOf } from '../support/create-module.js';

@UseGuards(IdentityAuthGuard)
@Controller()
class Me {
  @Get() me(@Claims('iss') iss: string): object {
    return { iss };
  }
}

const open: TestingModule[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((module) => module.close()));
});

const TENANT = 'https://login.example.com/7d2f/v2.0';
const TEMPLATE = 'https://login.example.com/{tenantid}/v2.0';

/** Applications whose issuer is not found, or does not name itself, in the usual way. */
const FORMS: Readonly<Record<string, IdentityModuleOptions>> = {
  'client_id in the place of aud': {
    issuer: 'https://pool.example.com/eu-1',
    audience: 'orders-client',
    audienceClaim: 'client_id',
  },
  'tokens without typ': { issuer: 'https://id.example.com', audience: 'orders-api', tokenTypes: [null] },
  'metadata on another host': {
    issuer: 'https://sts.example.net/7d2f/',
    audience: 'api://orders',
    discoveryUrl: 'https://login.example.com/7d2f/.well-known/openid-configuration',
  },
  'metadata that names a template': { issuer: TENANT, audience: 'api://orders', metadataIssuer: TEMPLATE },
  'keys without metadata': {
    issuer: 'https://id.example.com',
    audience: 'orders-api',
    jwksUri: 'https://cdn.example.com/keys.json',
  },
  'keys in the options': {
    issuers: [
      {
        issuer: 'https://id.example.com',
        audience: 'orders-api',
        jwks: { keys: [createKey('ES256', 'of-production').jwk] },
      },
    ],
  },
  'a name that is no URL': {
    issuer: 'urn:example:issuer',
    audience: 'orders-api',
    discoveryUrl: 'https://id.example.com/.well-known/openid-configuration',
  },
  'tenants behind a function': {
    audience: 'api://orders',
    issuers: (issuer: string) => ({ issuer, metadataIssuer: TEMPLATE }),
    allowedIssuers: [TENANT],
  },
};

const ROWS = Object.entries(FORMS).flatMap(([form, options]) =>
  // One on loopback cannot stand for tenants: see withIssuer.
  (typeof options.issuers === 'function' ? ['in memory'] : ['in memory', 'on loopback']).map((place) => ({
    form,
    place,
    options,
  })),
);

describe('an application', () => {
  it.each(ROWS)('with $form meets an issuer $place', async ({ place, options }) => {
    const named = typeof options.issuers === 'function' ? { issuer: TENANT } : {};
    const issuer = place === 'in memory' ? TestIssuer.inMemory(named) : await TestIssuer.start();
    try {
      const builder = Test.createTestingModule({ imports: [IdentityModule.forRoot(options)] });
      const module = await withIssuer(builder, issuer).compile();
      module.useLogger(false);
      open.push(module);
      await module.init();
      const tokens = module.get(TokenValidationService);
      const { claims } = await tokens.validate(issuer.token({ sub: 'ada' }));
      expect(claims).toMatchObject({ iss: issuer.issuer, sub: 'ada' });
      for (const [wrong, code] of [
        ['wrong audience', 'audience_mismatch'],
        ['wrong key', 'signature_invalid'],
        ['wrong issuer', 'issuer_unknown'],
      ] as const) {
        expect(await rejectionOf(tokens.validate(issuer.token({ wrong })))).toBe(code);
      }
    } finally {
      await issuer.stop();
    }
  });
});

describe('what stops the start of an application', () => {
  it.each<[string, IdentityModuleOptions]>([
    ['an http issuer', { issuer: 'http://id.example.com', audience: 'a' }],
    ['a bad discoveryUrl', { issuer: 'https://id.example.com', audience: 'a', discoveryUrl: 'nowhere' }],
    [
      'keys over plain http',
      { issuer: 'https://id.example.com', audience: 'a', jwksUri: 'http://id.example.com/jwks' },
    ],
    ['a bad timeout', { issuer: 'https://id.example.com', audience: 'a', http: { timeoutMs: -1 } }],
  ])('stops its tests: %s', async (_name, options) => {
    const build = (): TestingModuleBuilder =>
      Test.createTestingModule({ imports: [IdentityModule.forRoot(options)] });
    expect(await rejectionOf(build().compile())).toBe('options_invalid');
    expect(await rejectionOf(withIssuer(build(), TestIssuer.inMemory()).compile())).toBe('options_invalid');
    expect(await rejectionOf(withIdentity(build(), { sub: 'ada' }).compile())).toBe('options_invalid');
  });
});

it('vouches for a second issuer in its own algorithm', async () => {
  const [first, second] = ['https://a.example.com', 'https://b.example.com'];
  const options: IdentityModuleOptions = {
    audience: 'orders-api',
    issuers: [
      { issuer: first ?? '', algorithms: ['ES256'] },
      { issuer: second ?? '', algorithms: ['EdDSA'] },
    ],
  };
  for (const issuer of [first, second]) {
    const builder = Test.createTestingModule({
      imports: [IdentityModule.forRoot(options)],
      controllers: [Me],
    });
    const app = (await withIdentity(builder, { sub: 'ada', issuer }).compile()).createNestApplication();
    app.useLogger(false);
    await app.listen(0, '127.0.0.1');
    expect(await (await fetch(await app.getUrl())).json()).toEqual({ iss: issuer });
    await app.close();
  }
});

it('leaves the application its patience', async () => {
  const issuer = TestIssuer.inMemory();
  issuer.misbehave('stall');
  const builder = Test.createTestingModule({
    imports: [
      IdentityModule.forRoot({
        issuer: 'https://id.example.com',
        audience: 'orders-api',
        warmUp: 'off',
        http: { timeoutMs: 50 },
      }),
    ],
  });
  const module = await withIssuer(builder, issuer).compile();
  module.useLogger(false);
  open.push(module);
  await module.init();
  const { message } = await module
    .get(DiscoveryService)
    .get()
    .then(
      () => ({ message: '' }),
      (error: unknown) => ({ message: describeError(error) }),
    );
  expect(message).toContain('no complete answer within 50 ms');
});
