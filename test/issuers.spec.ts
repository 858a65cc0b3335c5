import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  JwksService,
  TokenValidationService,
  type IdentityModuleOptions,
  type IssuerOptions,
} from 'nestjs-identity-model';
import { IssuerRegistry } from '../lib/issuers/issuer-registry.js';
import { rejectionOf } from './support/create-module.js';
import { ProviderDouble } from './support/provider-double.js';
import { createKey } from './support/signing-key.js';
import { elapse, lastingToken, simulate, type Simulation } from './support/simulated-module.js';

let provider: ProviderDouble;
let time: Simulation;
beforeAll(async () => void (provider = await ProviderDouble.start({ keys: [createKey('ES256', 'k')] })));
afterAll(() => provider.stop());
beforeEach(() => {
  provider.requests.length = 0;
});
afterEach(async () => {
  provider.answers.clear();
  await time.module.close();
});

/** A tenant whose options a test may change. */
async function start(
  options: () => Partial<IssuerOptions>,
  more: Partial<IdentityModuleOptions> = {},
): Promise<TokenValidationService> {
  time = await simulate({
    audience: 'orders-api',
    issuers: async (issuer) => ({ issuer, ...options() }),
    allowedIssuers: [provider.issuer],
    http: { allowPrivateNetworks: true, retries: 0 },
    ...more,
  });
  return time.module.get(TokenValidationService);
}

const HOUR_MS = 3_600_000;

describe('a tenant whose options change', () => {
  it('keeps its keys if they come from the same place, though its provider is down', async () => {
    let audience = 'orders-api';
    const tokens = await start(() => ({ audience }));
    const before = lastingToken(provider);
    await tokens.validate(before);
    const registry = time.module.get(IssuerRegistry);
    const former = registry.peek(provider.issuer);
    provider.respond(provider.jwksPath, 500);
    provider.respond(provider.metadataPath, 500);
    audience = 'new-api';
    for (let step = 0; step < 8; step++) {
      await time.pass(HOUR_MS / 8);
      await rejectionOf(tokens.validate(before));
    }
    expect(registry.peek(provider.issuer)).not.toBe(former);
    expect(await rejectionOf(tokens.validate(before))).toBe('audience_mismatch');
    const exp = Math.floor(Date.now() / 1000) + 30 * 24 * 3600;
    expect((await tokens.validate(provider.token({ aud: 'new-api', exp }))).issuer).toBe(provider.issuer);
  });

  it('leaves no fetch and no timer of its former object behind', async () => {
    let options: Partial<IssuerOptions> = {};
    const tokens = await start(() => options);
    await tokens.validate(lastingToken(provider));
    const former = time.module.get(IssuerRegistry).peek(provider.issuer);
    options = { jwks: { keys: [createKey('ES256', 'static').jwk] } };
    for (let step = 0; step < 8; step++) {
      await time.pass(HOUR_MS / 8);
      await rejectionOf(tokens.validate(lastingToken(provider)));
    }
    expect(await rejectionOf(tokens.validate(lastingToken(provider)))).toBe('key_not_found');
    expect(former?.keySet.peek()).toBeUndefined();
    expect(await rejectionOf(former?.keySet.get() ?? Promise.resolve())).toBe('keys_unavailable');
  });

  it('sends those away who wait for keys at that moment, and judges them by the new options then', async () => {
    let audience = 'orders-api';
    const tokens = await start(() => ({ audience }));
    const unknown = lastingToken(provider, { kid: 'unknown' });
    await tokens.validate(lastingToken(provider));
    provider.answers.set(provider.jwksPath, () => undefined);
    const waiting = tokens.validate(unknown).catch((error: unknown) => error);
    await time.pass(100);
    audience = 'new-api';
    const registry = time.module.get(IssuerRegistry);
    registry.forgetTenants();
    expect(await rejectionOf(tokens.validate(lastingToken(provider)))).toBe('audience_mismatch');
    expect(await waiting).toMatchObject({ code: 'keys_busy', retryAfterMs: 1_000 });
  });
});

describe('clear()', () => {
  it('withdraws the keys of a tenant whose answer is forgotten, too', async () => {
    const tokens = await start(() => ({}));
    await tokens.validate(lastingToken(provider));
    time.module.get(IssuerRegistry).forgetTenants();
    const jwks = time.module.get(JwksService);
    expect(jwks.cached(provider.issuer)?.keys).toHaveLength(1);
    jwks.clear();
    expect(jwks.cached(provider.issuer)).toBeUndefined();
    expect(jwks.state(provider.issuer)).toMatchObject({ state: 'cold', keys: 0 });
  });
});

describe('a fetch in simulated time', () => {
  it('is tried again when Retry-After says so, and not before', async () => {
    const tokens = await start(() => ({}), { http: { allowPrivateNetworks: true, retries: 2 } });
    provider.respond(provider.metadataPath, 503, '', { 'retry-after': '3' });
    const pending = tokens.validate(lastingToken(provider)).catch((error: unknown) => error);
    await time.pass(2_999);
    expect(provider.requests).toEqual([provider.metadataPath]);
    provider.answers.clear();
    await time.pass(1);
    expect(await pending).toMatchObject({ issuer: provider.issuer });
    expect(provider.requests).toEqual([provider.metadataPath, provider.metadataPath, provider.jwksPath]);
  });

  it('ends with its deadline, whatever is left of its attempts', async () => {
    const tokens = await start(() => ({}), {
      http: { allowPrivateNetworks: true, retries: 5, timeoutMs: 4_000, deadlineMs: 10_000 },
    });
    provider.answers.set(provider.metadataPath, () => undefined);
    const startMs = time.clock.monotonicMs();
    expect(await elapse(time, rejectionOf(tokens.validate(lastingToken(provider))))).toBe('keys_unavailable');
    const elapsedMs = time.clock.monotonicMs() - startMs;
    expect(elapsedMs).toBeGreaterThanOrEqual(10_000);
    expect(elapsedMs).toBeLessThan(10_200);
    expect(provider.requests).toHaveLength(3);
  });
});
