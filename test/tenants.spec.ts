import { Controller, Get, UseGuards } from '@nestjs/common';
import { afterEach, beforeAll, afterAll, describe, expect, it } from 'vitest';
import {
  DiscoveryService,
  IdentityAuthGuard,
  IdentityHealthIndicator,
  IdentityModule,
  JwksService,
  RequireIssuer,
  TokenValidationService,
  type IdentityModuleOptions,
  type IssuerOptions,
} from 'nestjs-identity-model';
import { codeOf } from './support/code-of.js';
import { createApp, get, PLATFORMS } from './support/create-app.js';
import { rejectionOf } from './support/create-module.js';
import { ProviderDouble } from './support/provider-double.js';
import { quietNetwork } from './support/quiet-network.js';
import { lastingToken, simulate, type Simulation } from './support/simulated-module.js';
import { createKey } from './support/signing-key.js';

let one: ProviderDouble;
let two: ProviderDouble;
let simulation: Simulation | undefined;

beforeAll(async () => {
  one = await ProviderDouble.start();
  two = await ProviderDouble.start();
});
afterEach(async () => {
  await simulation?.module.close();
  simulation = undefined;
  for (const provider of [one, two]) {
    provider.answers.clear();
    provider.requests.length = 0;
  }
});
afterAll(() => Promise.all([one.stop(), two.stop()]));

/** Tenants by their issuers; what was asked for is noted. */
async function start(
  answer: (issuer: string) => unknown,
  options: Partial<IdentityModuleOptions> = {},
): Promise<{ tokens: TokenValidationService; jwks: JwksService; asked: string[]; time: Simulation }> {
  const asked: string[] = [];
  simulation = await simulate({
    audience: 'orders-api',
    allowedIssuers: (issuer) => issuer.startsWith('http://127.0.0.1:'),
    http: { retries: 0, allowPrivateNetworks: true },
    ...options,
    issuers: (issuer) => {
      asked.push(issuer);
      return answer(issuer) as IssuerOptions;
    },
  });
  const { module } = simulation;
  return {
    tokens: module.get(TokenValidationService),
    jwks: module.get(JwksService),
    asked,
    time: simulation,
  };
}

const known = (issuer: string): IssuerOptions | undefined =>
  issuer === one.issuer || issuer === two.issuer ? { issuer } : undefined;

describe('a function "issuers"', () => {
  it('is asked once for each tenant, and its answer is kept', async () => {
    const { tokens, asked } = await start(async (issuer) => known(issuer));
    await Promise.all(Array.from({ length: 100 }, () => tokens.validate(one.token())));
    expect((await tokens.validate(two.token())).issuer).toBe(two.issuer);
    expect(tokens.validateSync(one.token()).issuer).toBe(one.issuer);
    expect(asked).toEqual([one.issuer, two.issuer]);
    expect(one.requests).toEqual([one.metadataPath, one.jwksPath]);
  });

  it('is never asked for what allowedIssuers does not let through, and nothing is fetched', async () => {
    const { tokens, jwks, asked } = await start(known, { allowedIssuers: [one.issuer] });
    for (const iss of [two.issuer, `${one.issuer}/`, '', 'x'.repeat(5_000), 7, null, {}]) {
      expect(await rejectionOf(tokens.validate(two.token({ iss })))).toBe('issuer_unknown');
    }
    expect(await rejectionOf(jwks.get(two.issuer))).toBe('issuer_unknown');
    expect(codeOf(() => jwks.state(two.issuer))).toBe('issuer_unknown');
    expect(await rejectionOf(jwks.get())).toBe('issuer_ambiguous');
    expect([asked, two.requests]).toEqual([[], []]);
  });

  it('takes nothing but true for a yes of the predicate', async () => {
    const { tokens, asked } = await start(known, { allowedIssuers: () => 'yes' as unknown as boolean });
    expect(await rejectionOf(tokens.validate(one.token()))).toBe('issuer_unknown');
    expect(asked).toEqual([]);
  });

  it('never lets a tenant’s keys verify another’s tokens', async () => {
    const { tokens } = await start(known);
    await tokens.validate(one.token());
    await tokens.validate(two.token());
    expect(await rejectionOf(tokens.validate(one.token({ iss: two.issuer })))).toBe('signature_invalid');
    expect(await rejectionOf(tokens.validate(two.token({ iss: one.issuer })))).toBe('signature_invalid');
  });

  it('may give each tenant its own audience', async () => {
    const { tokens } = await start((issuer) => ({
      issuer,
      audience: issuer === one.issuer ? 'first' : 'second',
    }));
    await tokens.validate(one.token({ aud: 'first' }));
    await tokens.validate(two.token({ aud: 'second' }));
    expect(await rejectionOf(tokens.validate(two.token({ aud: 'first' })))).toBe('audience_mismatch');
    expect(await rejectionOf(tokens.validate(two.token()))).toBe('audience_mismatch');
  });

  it('is not asked again for a refused name for 30 s', async () => {
    const { tokens, asked, time } = await start(() => undefined);
    for (let request = 0; request < 50; request++) {
      expect(await rejectionOf(tokens.validate(one.token()))).toBe('issuer_unknown');
    }
    expect(asked).toHaveLength(1);
    await time.pass(30_001);
    expect(await rejectionOf(tokens.validate(lastingToken(one)))).toBe('issuer_unknown');
    expect(asked).toHaveLength(2);
    expect(one.requests).toEqual([]);
  });

  it('keeps a tenant that is served while 5,000 made-up names are refused', { timeout: 30_000 }, async () => {
    const { tokens, asked } = await start(known, { cache: { maxEntries: 2 } });
    await tokens.validate(one.token());
    // Whose name it is is looked up before the signature: one for all spares the test some seconds.
    const [header = '', payload = '', signature = ''] = one.token().split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
    for (let index = 0; index < 5_000; index++) {
      const made = { ...claims, iss: `http://127.0.0.1:${String(index)}/made-up` };
      const token = `${header}.${Buffer.from(JSON.stringify(made)).toString('base64url')}.${signature}`;
      expect(await rejectionOf(tokens.validate(token))).toBe('issuer_unknown');
    }
    const before = asked.length;
    await tokens.validate(one.token());
    expect(asked).toHaveLength(before);
  });

  it('keeps a tenant that is served while tokens that nobody signed name many others that exist', async () => {
    const other = (index: number): string => `http://127.0.0.1:1/tenant/${String(index)}`;
    const isOther = (issuer: string): boolean => issuer.startsWith('http://127.0.0.1:1/tenant/');
    let database = true;
    const keys = [createKey('ES256', 'k').jwk];
    const { tokens, time } = await start(
      (issuer) => {
        if (!database) throw new Error('down');
        return isOther(issuer) ? { issuer, jwks: { keys } } : known(issuer);
      },
      { cache: { maxEntries: 8 } },
    );
    const token = lastingToken(one);
    await tokens.validate(token);
    for (let index = 0; index < 200; index++) {
      const forged = one.token({ iss: other(index) }, { alg: 'ES256', kid: 'k' });
      expect(['signature_invalid', 'keys_unavailable']).toContain(await rejectionOf(tokens.validate(forged)));
    }
    // Neither its keys nor its options are fetched again: during an outage of both it is served.
    one.respond(one.jwksPath, 500);
    one.respond(one.metadataPath, 500);
    database = false;
    await time.pass(1_000);
    expect((await tokens.validate(token)).issuer).toBe(one.issuer);
  });

  it('asks a provider that has failed no sooner because tokens name others', async () => {
    const keys = [createKey('ES256', 'k').jwk];
    const { tokens } = await start((issuer) => known(issuer) ?? { issuer, jwks: { keys } }, {
      cache: { maxEntries: 8 },
    });
    one.respond(one.metadataPath, 500);
    const token = lastingToken(one);
    for (let round = 0; round < 5; round++) {
      // Its options were driven out as well, and are asked for again 2 s later at the earliest.
      const code = await rejectionOf(tokens.validate(token));
      expect(code).toBe(round === 0 ? 'keys_unavailable' : 'keys_busy');
      for (let index = 0; index < 20; index++) {
        const iss = `http://127.0.0.1:1/tenant/${String(20 * round + index)}`;
        await rejectionOf(tokens.validate(one.token({ iss }, { alg: 'ES256', kid: 'k' })));
      }
    }
    expect(one.requests).toEqual([one.metadataPath]);
  });

  it('is not asked for a token that no tenant would accept', async () => {
    const { tokens, asked } = await start(known, { requiredClaims: ['sub'] });
    const wrong: [code: string, claims: object, header?: Record<string, unknown>][] = [
      ['token_expired', { exp: 1 }],
      ['token_not_yet_valid', { nbf: 1e11 }],
      ['issued_in_future', { iat: 1e11 }],
      ['claim_missing', { sub: undefined }],
      ['claim_invalid', { exp: 'x' }],
      ['sender_constrained', { cnf: {} }],
      ['not_an_access_token', { at_hash: 'x' }],
      ['token_type_not_accepted', {}, { typ: 'dpop+jwt' }],
      ['algorithm_not_allowed', {}, { alg: 'HS256' }],
    ];
    for (const [code, claims, header] of wrong) {
      expect(await rejectionOf(tokens.validate(one.token(claims as Record<string, unknown>, header)))).toBe(
        code,
      );
      expect(codeOf(() => tokens.validateSync(one.token(claims as Record<string, unknown>, header)))).toBe(
        code,
      );
    }
    expect([asked, one.requests]).toEqual([[], []]);
    // What a tenant may have options of its own for is decided when they are known, and before any fetch.
    expect(await rejectionOf(tokens.validate(one.token({ aud: 'another' })))).toBe('audience_mismatch');
    expect([asked, one.requests]).toEqual([[one.issuer], []]);
  });

  it.each<[string, () => unknown]>([
    ['throws', () => JSON.parse('{') as unknown],
    ['rejects', () => Promise.reject(new Error('database'))],
    ['names another issuer', () => ({ issuer: 'https://other.example' })],
    ['answers what is no options object', () => 'yes'],
    ['answers unknown options', () => ({ issuer: one.issuer, audiences: ['x'] })],
    ['answers null for the audience list', () => ({ issuer: one.issuer, audience: [] })],
  ])('that %s is 503, asked again after a backoff, and then served', async (_name, broken) => {
    let works = false;
    const { tokens, asked, time } = await start((issuer) => (works ? known(issuer) : broken()));
    const token = lastingToken(one);
    for (let request = 0; request < 20; request++) {
      expect(await rejectionOf(tokens.validate(token))).toBe('check_failed');
    }
    expect(asked).toHaveLength(1);
    expect(time.events).toContainEqual({ type: 'issuers.failed', reason: expect.any(String) });
    expect(JSON.stringify(time.events.find(({ type }) => type === 'issuers.failed'))).not.toContain(
      one.issuer,
    );
    works = true;
    await time.pass(1_001);
    expect((await tokens.validate(token)).issuer).toBe(one.issuer);
  });

  it('that never answers costs no more than the deadline', async () => {
    const { tokens, time } = await start(() => new Promise(() => undefined));
    const code = rejectionOf(tokens.validate(one.token()));
    await time.pass(10_000);
    expect(await code).toBe('check_failed');
  });

  it('may be asked by no more than maxWaiting at a time', async () => {
    const { tokens, asked, time } = await start(() => new Promise(() => undefined), {
      jwks: { maxWaiting: 5 },
    });
    const codes = Array.from({ length: 10 }, (_, index) =>
      rejectionOf(tokens.validate(one.token({ iss: `http://127.0.0.1:${String(index)}` }))),
    );
    await quietNetwork();
    await time.pass(10_000);
    const all = await Promise.all(codes);
    expect(all.filter((code) => code === 'keys_busy')).toHaveLength(5);
    expect(asked).toHaveLength(5);
  });

  it('serves as many first requests of one tenant as may wait for its keys', async () => {
    const { tokens, asked } = await start(async (issuer) => known(issuer), { jwks: { maxWaiting: 500 } });
    await Promise.all(Array.from({ length: 500 }, () => tokens.validate(one.token())));
    expect(asked).toHaveLength(1);
  });

  it('has its answer renewed ahead, and survives when it breaks', async () => {
    let works = true;
    const { tokens, asked, time } = await start((issuer) => {
      if (works) return known(issuer);
      throw new Error('database');
    });
    const token = lastingToken(one);
    await tokens.validate(token);
    works = false;
    for (let hour = 0; hour < 20; hour++) {
      await time.pass(3_600_000, 1_800_000);
      expect((await tokens.validate(token)).issuer).toBe(one.issuer);
    }
    expect(asked.length).toBeGreaterThan(2);
  });

  it('can withdraw a tenant', async () => {
    let works = true;
    const { tokens, time } = await start((issuer) => (works ? known(issuer) : undefined));
    const token = lastingToken(one);
    await tokens.validate(token);
    works = false;
    await time.pass(3_600_000, 600_000);
    expect(await rejectionOf(tokens.validate(token))).toBe('issuer_unknown');
    works = true;
    await time.pass(31_000);
    expect((await tokens.validate(token)).issuer).toBe(one.issuer);
  });

  it('can move a tenant to other keys, static ones too', async () => {
    const key = createKey('ES256', 'static');
    let jwks: IssuerOptions['jwks'];
    const { tokens, time } = await start((issuer) => ({ issuer, jwks }));
    const token = lastingToken(one);
    await tokens.validate(token);
    jwks = { keys: [key.jwk] };
    await time.pass(3_600_000, 600_000);
    expect(await rejectionOf(tokens.validate(token))).toBe('key_not_found');
    jwks = { keys: [one.key.jwk] };
    await time.pass(3_600_000, 600_000);
    await tokens.validate(token);
  });

  it('has its answers forgotten by DiscoveryService.clear', async () => {
    const { tokens, asked, time } = await start(known);
    await tokens.validate(one.token());
    time.module.get(DiscoveryService).clear(one.issuer);
    await tokens.validate(one.token());
    expect(asked).toEqual([one.issuer, one.issuer]);
  });

  it('shares one fetch between tenants with one key set URL, and trusts each alone', async () => {
    one.answers.set(one.jwksPath, (_request, response) => {
      setTimeout(() => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ keys: [one.key.jwk] }));
      }, 50);
    });
    const { tokens } = await start((issuer) => ({ issuer, jwksUri: `${one.issuer}${one.jwksPath}` }));
    const names = Array.from({ length: 50 }, (_, index) => `http://127.0.0.1:1/tenant-${String(index)}`);
    const results = await Promise.all(names.map((iss) => tokens.validate(one.token({ iss }))));
    expect(results.map(({ issuer }) => issuer)).toEqual(names);
    expect(one.requests).toEqual([one.jwksPath]);
  });

  it('is counted by health, which it cannot bring down', async () => {
    const { tokens, time } = await start(known);
    const health = time.module.get(IdentityHealthIndicator);
    await tokens.validate(one.token());
    expect(health.check('identity')).toMatchObject({
      identity: { status: 'up', issuers: {}, tenants: 1 },
    });
  });

  it('never makes validateSync wait', async () => {
    const { tokens } = await start(async (issuer) => known(issuer));
    expect(codeOf(() => tokens.validateSync(one.token()))).toBe('keys_cold');
    await quietNetwork();
    expect(codeOf(() => tokens.validateSync(one.token()))).toBe('keys_cold');
    await expect.poll(() => codeOf(() => tokens.validateSync(one.token()))).toBeUndefined();
  });

  it('obeys overrides', async () => {
    const { tokens } = await start(known);
    await tokens.validate(one.token(), { issuer: one.issuer });
    expect(await rejectionOf(tokens.validate(two.token(), { issuer: one.issuer }))).toBe(
      'issuer_not_accepted',
    );
    expect(await rejectionOf(tokens.validate(one.token(), { algorithms: ['ES256'] }))).toBe(
      'algorithm_not_allowed',
    );
    expect(await rejectionOf(tokens.validate(one.token(), { issuer: 'https://other.example' }))).toBe(
      'invalid_override',
    );
  });
});

describe.each(PLATFORMS)('tenants behind the guard, on %s', (platform) => {
  it('are served, and routes can demand one of them', async () => {
    @UseGuards(IdentityAuthGuard)
    @Controller()
    class Routes {
      @Get('any') any(): unknown {
        return { ok: true };
      }
      @RequireIssuer(two.issuer) @Get('second') second(): unknown {
        return { ok: true };
      }
    }
    const { app, url } = await createApp(platform, {
      imports: [
        IdentityModule.forRoot({
          audience: 'orders-api',
          issuers: async (issuer) => known(issuer),
          allowedIssuers: [one.issuer, two.issuer],
          http: { allowPrivateNetworks: true },
        }),
      ],
      controllers: [Routes],
    });
    expect((await get(`${url}/any`, one.token())).status).toBe(200);
    expect((await get(`${url}/second`, one.token())).status).toBe(403);
    expect((await get(`${url}/second`, two.token())).status).toBe(200);
    expect((await get(`${url}/any`, one.token({ iss: 'http://127.0.0.1:1' }))).status).toBe(401);
    await app.close();
  });
});
