import { afterEach, describe, expect, it } from 'vitest';
import {
  IdentityStats,
  JwksService,
  TokenValidationService,
  type IdentityModuleOptions,
  type IdentitySnapshot,
} from 'nestjs-identity-model';
import { rejectionOf } from './support/create-module.js';
import { ProviderDouble } from './support/provider-double.js';
import { lastingToken, simulate, type Simulation } from './support/simulated-module.js';
import { createKey } from './support/signing-key.js';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

type Setup = Simulation & {
  provider: ProviderDouble;
  tokens: TokenValidationService;
  jwks: JwksService;
  snapshot: () => IdentitySnapshot;
};

async function start(options: Partial<IdentityModuleOptions> = {}): Promise<Setup> {
  const provider = await ProviderDouble.start();
  const simulation = await simulate({
    issuer: provider.issuer,
    audience: 'orders-api',
    warmUp: 'await',
    jwks: { unknownKidCooldownMs: 1 },
    http: { retries: 0 },
    ...options,
  });
  const { module } = simulation;
  closers.push(
    () => provider.stop(),
    () => module.close(),
  );
  const stats = module.get(IdentityStats);
  return {
    ...simulation,
    provider,
    tokens: module.get(TokenValidationService),
    jwks: module.get(JwksService),
    snapshot: () => stats.snapshot(),
  };
}

const counted = (rows: readonly { readonly count: number }[]): unknown[] =>
  rows.filter(({ count }) => count > 0);

describe('IdentityStats', () => {
  it('counts validations by issuer, result and whether the signature was verified', async () => {
    const { provider, tokens, snapshot } = await start();
    await tokens.validate(provider.token());
    tokens.validateSync(provider.token());
    await rejectionOf(tokens.validate(provider.token({ exp: 1 })));
    await rejectionOf(tokens.validate(provider.token(), { scopes: ['a'] }));
    await rejectionOf(tokens.validate('garbage'));
    await rejectionOf(tokens.validate(provider.token({ iss: 'https://evil.example' })));
    expect(() => tokens.validateSync('garbage')).toThrow();
    const { issuers, other, sinceStart } = snapshot();
    expect(counted(issuers[0]?.results ?? [])).toEqual([
      { result: 'ok', verified: true, count: 2 },
      { result: 'token_expired', verified: false, count: 1 },
      { result: 'scope_missing', verified: true, count: 1 },
    ]);
    expect(counted(other)).toEqual([
      { result: 'token_malformed', verified: false, count: 2 },
      { result: 'issuer_unknown', verified: false, count: 1 },
    ]);
    const { ok, rejected, unavailable } = sinceStart.validations.durations;
    expect(sinceStart.validations.total).toBe(7);
    expect([ok.count, rejected.count, unavailable.count]).toEqual([2, 5, 0]);
  });

  it('tells the last five minutes apart from the time since the start', async () => {
    const setup = await start();
    const { provider, tokens, snapshot } = setup;
    for (let index = 0; index < 3; index++) await tokens.validate(lastingToken(provider));
    await setup.pass(301_000);
    await tokens.validate(lastingToken(provider));
    const { sinceStart, window } = snapshot();
    expect(sinceStart.validations.total).toBe(4);
    expect(window.validations.total).toBe(1);
    expect(window.validations.results).toEqual([{ result: 'ok', verified: true, count: 1 }]);
    expect(sinceStart.lengthMs).toBe(301_000);
    expect(window.lengthMs).toBeLessThanOrEqual(300_000);
    expect(sinceStart.caches.jwks).toMatchObject({ hits: 4, misses: 1 });
    expect(window.caches.jwks.hits).toBeLessThanOrEqual(2);
  });

  it('tells requests to the provider by document and outcome, and the state of the keys', async () => {
    const { provider, jwks, snapshot } = await start();
    provider.respond(provider.jwksPath, 500);
    await rejectionOf(jwks.refresh());
    provider.respond(provider.jwksPath, 404);
    await rejectionOf(jwks.refresh());
    provider.respond(provider.jwksPath, 200, 'no json');
    await rejectionOf(jwks.refresh());
    provider.respond(provider.jwksPath, 302, '', { location: '/elsewhere' });
    await rejectionOf(jwks.refresh());
    await provider.stop();
    await rejectionOf(jwks.refresh());
    const { sinceStart, issuers } = snapshot();
    expect(sinceStart.requests.results).toEqual([
      { endpoint: 'discovery', outcome: 'ok', count: 1 },
      ...['ok', 'redirect', 'client_error', 'server_error', 'invalid', 'network'].map((outcome) => ({
        endpoint: 'jwks',
        outcome,
        count: 1,
      })),
    ]);
    expect(sinceStart.requests.durations.jwks.count).toBe(6);
    expect(sinceStart.requests.durations.jwks.p50Ms).toBeGreaterThan(0);
    expect(issuers).toMatchObject([
      {
        issuer: provider.issuer,
        configured: true,
        keySet: { state: 'fresh', keys: 1, generation: 1, failures: 5 },
        metadata: { state: 'fresh' },
      },
    ]);
  });

  it('calls a request that takes too long a timeout', async () => {
    const { provider, jwks, snapshot, clock } = await start({ http: { retries: 0, timeoutMs: 100 } });
    provider.answers.set(provider.jwksPath, () => undefined);
    const refreshed = rejectionOf(jwks.refresh());
    await clock.advance(100);
    await refreshed;
    expect(snapshot().sinceStart.requests.results).toContainEqual({
      endpoint: 'jwks',
      outcome: 'timeout',
      count: 1,
    });
  });

  it('numbers the generations of a key set', async () => {
    const { provider, jwks, snapshot } = await start();
    const generation = (): unknown => snapshot().issuers[0]?.keySet.generation;
    expect(generation()).toBe(1);
    await jwks.refresh();
    expect(generation()).toBe(1);
    provider.keys = [createKey('ES256', 'ec-2'), ...provider.keys];
    await jwks.refresh();
    expect(generation()).toBe(2);
    expect(snapshot().issuers[0]?.keySet.keys).toBe(2);
  });

  it('counts batches, and the time they had of the event loop', async () => {
    const { provider, tokens, snapshot } = await start();
    await tokens.validateMany(Array.from({ length: 200 }, () => provider.token()));
    const { batches } = snapshot().sinceStart;
    expect(batches).toMatchObject({ batches: 1, tokens: 200 });
    expect(batches.eventLoopMs).toBeGreaterThan(0);
    expect(batches.eventLoopMs).toBeLessThanOrEqual(batches.durationMs + 1);
  });

  it('tells of the cache of verified tokens where it is on', async () => {
    const { provider, tokens, snapshot } = await start({ tokenCache: {} });
    const token = provider.token();
    for (let index = 0; index < 4; index++) await tokens.validate(token);
    expect(snapshot().sinceStart.caches.tokens).toEqual({ hits: 3, misses: 1, hitRate: 0.75 });
    expect(snapshot().entries.tokens).toEqual({ size: 1, maxSize: 10_000 });
    expect((await start()).snapshot().entries).not.toHaveProperty('tokens');
  });

  it('keeps its size in a flood of made-up issuers and kids', async () => {
    const { provider, tokens, snapshot } = await start();
    const size = (): number =>
      snapshot().issuers.reduce((all, { results }) => all + results.length, snapshot().other.length);
    const before = size();
    for (let index = 0; index < 300; index++) {
      await rejectionOf(tokens.validate(provider.token({ iss: `https://evil-${String(index)}.example` })));
      expect(() => tokens.validateSync(provider.token({}, { kid: `made-up-${String(index)}` }))).toThrow();
      await rejectionOf(tokens.validate(provider.token({ exp: index })));
      await rejectionOf(tokens.validate(`garbage.${String(index)}`));
      await rejectionOf(tokens.validate(provider.token({}, { alg: `X${String(index)}` })));
    }
    expect(size()).toBe(before);
    expect(snapshot().sinceStart.validations.total).toBe(1_500);
  });

  it('has rows from the start for what ends before the function "issuers" is asked', async () => {
    const provider = await ProviderDouble.start();
    closers.push(() => provider.stop());
    const { tokens, snapshot } = await start({
      issuer: undefined,
      issuers: () => undefined,
      allowedIssuers: () => true,
    });
    const before = snapshot().other.length;
    const nowSec = Math.floor(Date.now() / 1_000);
    const early: [object, object?][] = [
      [{ exp: 1 }],
      [{ exp: undefined }],
      [{ exp: 'soon' }],
      [{ nbf: nowSec + 3_600 }],
      [{ iat: nowSec + 3_600 }],
      [{ cnf: {} }],
      [{ nonce: 'n' }],
      [{}, { typ: 'JOSE' }],
      [{}, { alg: 'HS256' }],
    ];
    const codes = new Set<unknown>();
    for (const [claims, header] of early) {
      codes.add(await rejectionOf(tokens.validate(provider.token({ ...claims }, { ...header }))));
    }
    expect(counted(snapshot().other)).toHaveLength(codes.size);
    expect(codes.size).toBe(early.length);
    expect(snapshot().other).toHaveLength(before);
  });

  it('lets a tenant that was driven out take its counts along', async () => {
    const provider = await ProviderDouble.start();
    closers.push(() => provider.stop());
    const { tokens, snapshot } = await start({
      issuer: undefined,
      issuers: (issuer: string) => ({ issuer, jwks: { keys: [provider.key.jwk] } }),
      allowedIssuers: (issuer: string) => issuer.startsWith('https://tenant-'),
      cache: { maxEntries: 2 },
    });
    for (const name of ['a', 'b', 'c'])
      await tokens.validate(provider.token({ iss: `https://tenant-${name}.example` }));
    await rejectionOf(tokens.validate(provider.token({ iss: 'https://evil.example' })));
    expect(snapshot().issuers).toMatchObject(
      ['c', 'b'].map((name) => ({
        issuer: `https://tenant-${name}.example`,
        configured: false,
        results: [{ result: 'ok', verified: true, count: 1 }],
        keySet: { keys: 1, generation: 1 },
      })),
    );
    expect(snapshot().sinceStart.validations.total).toBe(4);
  });

  it('counts neither a token, nor a claim', async () => {
    const { provider, tokens, snapshot } = await start();
    const token = provider.token({ sub: 'secret-subject' }, { kid: 'secret-kid' });
    expect(() => tokens.validateSync(token)).toThrow();
    await rejectionOf(
      tokens.validate(provider.token({ iss: 'https://secret.example', sub: 'secret-subject' })),
    );
    expect(JSON.stringify(snapshot())).not.toMatch(/secret|user-1/);
  });
});
