import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  JwksService,
  TokenValidationService,
  type IdentityError,
  type IdentityModuleOptions,
} from 'nestjs-identity-model';
import { codeOf } from './support/code-of.js';
import { createModule, rejectionOf } from './support/create-module.js';
import { ProviderDouble } from './support/provider-double.js';
import { createKey, signToken } from './support/signing-key.js';
import { resolveOptions } from '../lib/options/resolve-options.js';

let provider: ProviderDouble;
let closes: (() => Promise<void>)[];
beforeEach(async () => {
  provider = await ProviderDouble.start();
  closes = [];
});
afterEach(async () => {
  for (const close of closes) await close();
  await provider.stop();
});

async function start(options: Partial<IdentityModuleOptions> = {}): Promise<{
  tokens: TokenValidationService;
  jwks: JwksService;
}> {
  const module = await createModule({ issuer: provider.issuer, audience: 'orders-api', ...options });
  closes.push(() => module.close());
  return { tokens: module.get(TokenValidationService), jwks: module.get(JwksService) };
}

describe('the first key set', () => {
  it('is waited for by no more than maxWaiting; the others are told when the fetch has ended', async () => {
    const { tokens } = await start({ warmUp: 'off', jwks: { maxWaiting: 40 } });
    let answer: (() => void) | undefined;
    provider.answers.set(provider.jwksPath, (_request, response) => {
      answer = () => response.end(JSON.stringify({ keys: provider.keys.map(({ jwk }) => jwk) }));
    });
    const token = provider.token();
    const outcomes = Array.from({ length: 200 }, () =>
      tokens.validate(token).then(
        () => undefined,
        (error: unknown) => error as IdentityError,
      ),
    );
    await expect.poll(() => answer).toBeDefined();
    answer?.();
    const all = await Promise.all(outcomes);
    const busy = all.filter((error) => error !== undefined);
    expect(busy).toHaveLength(160);
    for (const error of busy) {
      expect(error.code).toBe('keys_busy');
      expect(error.retryAfterMs).toBeGreaterThan(9_000);
      expect(error.retryAfterMs).toBeLessThanOrEqual(10_000);
    }
    expect(provider.count(provider.jwksPath)).toBe(1);
  });
});

describe('a key that was replaced under its id', () => {
  it('is no 401 for validateSync: it says when the answer is there, and has it then', async () => {
    const { tokens } = await start({ warmUp: 'await' });
    provider.keys = [createKey('RS256', 'rsa-1')];
    const honest = provider.token();
    const forged = signToken(createKey('RS256', 'rsa-1'), provider.claims());
    for (const token of [honest, forged]) expect(codeOf(() => tokens.validateSync(token))).toBe('keys_cold');
    await expect.poll(() => codeOf(() => tokens.validateSync(honest))).toBeUndefined();
    await expect.poll(() => codeOf(() => tokens.validateSync(forged))).toBe('signature_invalid');
  });

  it('is found by secretOrKeyProvider', async () => {
    const { jwks } = await start({ warmUp: 'await' });
    const provide = jwks.secretOrKeyProvider();
    const outcomeOf = (token: string): Promise<unknown> =>
      new Promise((resolve) => {
        provide({}, token, (error: unknown, key) => resolve(error ?? key));
      });
    provider.keys = [createKey('RS256', 'rsa-1')];
    expect(await outcomeOf(provider.token())).toMatchObject({ type: 'public' });
    const forged = signToken(createKey('RS256', 'rsa-1'), provider.claims());
    expect(await outcomeOf(forged)).toMatchObject({ code: 'signature_invalid' });
  });

  it('is found by findKey, with another algorithm', async () => {
    const { jwks } = await start({ warmUp: 'await' });
    provider.keys = [createKey('ES256', 'rsa-1')];
    expect((await jwks.findKey({ alg: 'ES256', kid: 'rsa-1' })).asymmetricKeyType).toBe('ec');
  });

  it('cannot be told from a forged token while the provider is down: 503, and known keys serve', async () => {
    const { tokens } = await start({ warmUp: 'await' });
    const known = provider.token();
    provider.respond(provider.jwksPath, 500);
    const forged = signToken(createKey('RS256', 'rsa-1'), provider.claims());
    expect(await rejectionOf(tokens.validate(forged))).toBe('keys_unavailable');
    expect(await rejectionOf(tokens.validate(known))).toBeUndefined();
  });

  it('of a static key set needs no look', async () => {
    const { tokens } = await start({
      issuer: undefined,
      audience: undefined,
      issuers: [{ issuer: provider.issuer, audience: 'orders-api', jwks: { keys: [provider.key.jwk] } }],
    });
    const forged = signToken(createKey('RS256', 'rsa-1'), provider.claims());
    expect(await rejectionOf(tokens.validate(forged))).toBe('signature_invalid');
    expect(codeOf(() => tokens.validateSync(forged))).toBe('signature_invalid');
    expect(provider.requests).toEqual([]);
  });
});

describe('jwks.unknownKidMaxWaitMs', () => {
  it('is the bound of both waits together: for a key id, and for a signature that fails under the new key', async () => {
    const { tokens } = await start({
      warmUp: 'await',
      jwks: { unknownKidMaxWaitMs: 1_000, unknownKidCooldownMs: 500, badSignatureCooldownMs: 500 },
    });
    provider.keys.push(createKey('RS256', 'coming'));
    const body = JSON.stringify({ keys: provider.keys.map(({ jwk }) => jwk) });
    provider.answers.set(provider.jwksPath, (_request, response) => {
      setTimeout(() => response.end(body), 700);
    });
    const startedMs = performance.now();
    const forged = signToken(createKey('RS256', 'coming'), provider.claims());
    await expect(tokens.validate(forged)).rejects.toMatchObject({
      code: 'keys_unavailable',
      retryAfterMs: expect.any(Number) as number,
    });
    expect(performance.now() - startedMs).toBeLessThan(1_300);
    // It was decided meanwhile, as the answer said.
    await expect
      .poll(() => codeOf(() => tokens.validateSync(forged)), { timeout: 3_000 })
      .toBe('signature_invalid');
  });

  it.each([
    [
      { unknownKidMaxWaitMs: 1_000 },
      /jwks\.unknownKidCooldownMs: expected at most unknownKidMaxWaitMs, got 2000 and 1000/,
    ],
    [
      { badSignatureCooldownMs: 60_000 },
      /jwks\.badSignatureCooldownMs: expected at most unknownKidMaxWaitMs, got 60000/,
    ],
  ])('is not shorter than the cooldowns: %j', (jwks, message) => {
    expect(() => resolveOptions({ issuer: 'https://id.example.com', audience: 'x', jwks }, {})).toThrow(
      message,
    );
  });
});
