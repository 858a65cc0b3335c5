import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TestingModule } from '@nestjs/testing';
import { JwksService, TokenValidationService, type IdentityModuleOptions } from 'nestjs-identity-model';
import type { StepOutcome, TokenExplanation } from '../lib/validation/explain-token.js';
import { TokenInspector } from '../lib/validation/token-inspector.js';
import { createModule, rejectionOf } from './support/create-module.js';
import { ProviderDouble } from './support/provider-double.js';
import { createKey, signToken } from './support/signing-key.js';

const KEY = createKey('ES256', 'k1');
const ANOTHER = createKey('ES256', 'k2');
/** Another key under an id that is taken. */
const REPLACED = createKey('ES256', 'k1');

let provider: ProviderDouble;
let module: TestingModule | undefined;
beforeEach(async () => {
  provider = await ProviderDouble.start({ keys: [KEY] });
});
afterEach(async () => {
  await module?.close();
  module = undefined;
});

interface Bench {
  readonly tokens: TokenValidationService;
  readonly jwks: JwksService;
  readonly explain: (token: string) => Promise<TokenExplanation>;
  /** Requests for the key set so far. */
  readonly fetched: () => number;
}

async function start(options: Partial<IdentityModuleOptions> = {}): Promise<Bench> {
  module = await createModule({
    issuer: provider.issuer,
    audience: 'orders-api',
    warmUp: 'await',
    ...options,
  });
  const inspector = module.get(TokenInspector);
  return {
    tokens: module.get(TokenValidationService),
    jwks: module.get(JwksService),
    explain: (token) => inspector.explain(token),
    fetched: () => provider.count(provider.jwksPath),
  };
}

const failedIn = ({ steps }: TokenExplanation): StepOutcome[] =>
  steps.filter(({ outcome }) => outcome === 'failed');
const outcomesOf = ({ steps }: TokenExplanation): string =>
  steps.map(({ step, outcome }) => `${step} ${outcome}`).join(', ');

describe('an explained token', () => {
  it('has every step of the pipeline, in its order', async () => {
    const { explain } = await start();
    expect(outcomesOf(await explain(provider.token()))).toBe(
      'form passed, issuer passed, algorithm passed, type passed, claims passed, key passed, signature passed, hooks passed',
    );
    expect(outcomesOf(await explain('no token'))).toBe(
      'form failed, issuer skipped, algorithm skipped, type skipped, claims skipped, key skipped, signature skipped, hooks skipped',
    );
  });

  it('is accepted under a key that was put under an old id, as the application accepts it', async () => {
    const { tokens, explain } = await start();
    await tokens.validate(provider.token());
    provider.keys = [REPLACED];
    expect(await explain(provider.token())).toMatchObject({ accepted: true });
    await tokens.validate(provider.token());
  });

  it('is told that it is expired and signed with another key, both', async () => {
    const { explain } = await start();
    const expired = { exp: 1_600_000_000 };
    const said = await explain(signToken({ ...ANOTHER, kid: 'k1' }, provider.claims(expired)));
    expect(failedIn(said).map(({ step, code }) => `${step}: ${String(code)}`)).toEqual([
      'claims: token_expired',
      'signature: signature_invalid',
    ]);
  });

  it.each([
    ['expired, with an unknown key id', { exp: 1_600_000_000 }, 'key skipped, signature skipped'],
    ['for another audience, with an unknown key id', { aud: 'x' }, 'key skipped, signature skipped'],
    ['an ID token with an unknown key id', { at_hash: 'x' }, 'key skipped, signature skipped'],
  ])('asks the provider for nothing that a validation would not: %s', async (_what, claims, rest) => {
    const { tokens, explain, fetched } = await start();
    const token = signToken(ANOTHER, provider.claims(claims));
    const before = fetched();
    await rejectionOf(tokens.validate(token));
    expect(fetched()).toBe(before);
    expect(outcomesOf(await explain(token))).toContain(rest);
    expect(fetched()).toBe(before);
  });

  it('asks for no replaced key for a token that has failed before its signature', async () => {
    const { explain, fetched } = await start();
    const before = fetched();
    const said = await explain(signToken({ ...ANOTHER, kid: 'k1' }, provider.claims({ exp: 1 })));
    expect(failedIn(said).map(({ step }) => step)).toEqual(['claims', 'signature']);
    expect(fetched()).toBe(before);
  });

  it('is no look-up of a cache', async () => {
    const { jwks, tokens, explain } = await start({ tokenCache: {} });
    const good = provider.token();
    await tokens.validate(good);
    const counted = JSON.stringify([jwks.stats().hits, jwks.stats().misses, tokens.stats()]);
    const bad = [
      signToken(ANOTHER, provider.claims()),
      signToken(ANOTHER, provider.claims({ exp: 1 })),
      signToken({ ...ANOTHER, kid: 'k1' }, provider.claims()),
      'no token',
    ];
    for (const token of [good, provider.token({ jti: '2' }), ...bad]) await explain(token);
    expect(JSON.stringify([jwks.stats().hits, jwks.stats().misses, tokens.stats()])).toBe(counted);
  });

  it('of a tenant: the application is not asked who a token names that fails anyway', async () => {
    const asked: string[] = [];
    const { explain } = await start({
      issuer: undefined,
      warmUp: 'off',
      allowedIssuers: () => true,
      issuers: (issuer) => {
        asked.push(issuer);
        return Promise.resolve({ issuer });
      },
      http: { allowPrivateNetworks: true },
    });
    const said = await explain(provider.token({ exp: 1_600_000_000 }));
    expect(said.accepted).toBe(false);
    expect(failedIn(said)).toMatchObject([{ code: 'token_expired' }]);
    expect(asked).toEqual([]);
    expect((await explain(provider.token())).accepted).toBe(true);
    expect(asked).toEqual([provider.issuer]);
  });

  it('is handed to no own check before its signature was verified', async () => {
    let seen = 0;
    const { explain } = await start({ validate: () => ++seen > 0 });
    await explain(provider.token({ exp: 1 }));
    await explain(signToken(ANOTHER, provider.claims()));
    expect(seen).toBe(0);
    expect((await explain(provider.token())).accepted).toBe(true);
    expect(seen).toBe(1);
  });
});

describe('what an explanation says', () => {
  /** Each is wrong in one way: the first step that fails is the reason a validation gives. */
  const TOKENS: Readonly<Record<string, () => string>> = {
    good: () => provider.token(),
    expired: () => provider.token({ exp: 1_600_000_000 }),
    'not yet valid': () => provider.token({ nbf: 4_000_000_000 }),
    'from the future': () => provider.token({ iat: 4_000_000_000 }),
    'for another audience': () => provider.token({ aud: 'other-api' }),
    'of another issuer': () => provider.token({ iss: 'https://other.example' }),
    'without an issuer': () => provider.token({ iss: undefined }),
    'an ID token': () => provider.token({ at_hash: 'x' }),
    'of another type': () => provider.token({}, { typ: 'secevent+jwt' }),
    bound: () => provider.token({ cnf: { jkt: 'x' } }),
    'under an unknown key': () => signToken(ANOTHER, provider.claims()),
    'signed with another key': () => signToken({ ...ANOTHER, kid: 'k1' }, provider.claims()),
    'of a forbidden algorithm': () => provider.token({}, { alg: 'HS256' }),
    'critical extension': () => provider.token({}, { crit: ['x'] }),
    'no token': () => 'x.y.z',
    opaque: () => 'abc',
    'refused by an own check': () => provider.token({ sub: 'eve' }),
  };

  it.each(Object.keys(TOKENS))('of a token that is "%s" is what a validation decides', async (name) => {
    const { tokens, explain } = await start({ validate: ({ claims }) => claims.sub !== 'eve' });
    const token = TOKENS[name]?.() ?? '';
    const decided = await rejectionOf(tokens.validate(token));
    const said = await explain(token);
    expect(said.accepted).toBe(decided === undefined);
    expect(failedIn(said)[0]?.code).toBe(decided);
  });
});
