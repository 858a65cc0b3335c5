import * as fc from 'fast-check';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  IdentityModule,
  JwksService,
  TokenValidationService,
  type IdentityModuleOptions,
  type ValidationOverrides,
} from 'nestjs-identity-model';
import { CLOCK } from '../lib/cache/clock.js';
import { IssuerRegistry } from '../lib/issuers/issuer-registry.js';
import { codeOf } from './support/code-of.js';
import { createModule, rejectionOf } from './support/create-module.js';
import { FakeClock } from './support/fake-clock.js';
import { ProviderDouble } from './support/provider-double.js';
import { createKey, signToken } from './support/signing-key.js';
import { idle } from './support/simulated-module.js';

const K1 = createKey('ES256', 'k1');
const K2 = createKey('ES256', 'k2');
/** Another key under an id that is taken. */
const K1_AGAIN = createKey('ES256', 'k1');

let provider: ProviderDouble;
beforeAll(async () => {
  provider = await ProviderDouble.start({ keys: [K1] });
});
afterAll(() => provider.stop());

describe('the cache of verified tokens', () => {
  const start = async (options: Partial<IdentityModuleOptions> = {}) => {
    provider.keys = [K1];
    const module = await createModule({
      issuer: provider.issuer,
      audience: ['orders-api', 'second-api'],
      warmUp: 'await',
      tokenCache: {},
      ...options,
    });
    const tokens = module.get(TokenValidationService);
    return { module, tokens, jwks: module.get(JwksService), cache: () => tokens.stats().tokenCache };
  };

  it('is off by default', async () => {
    const { module, cache } = await start({ tokenCache: undefined });
    expect(cache()).toBeUndefined();
    await module.close();
  });

  it('hands out the same deeply frozen claims, and counts', async () => {
    const { module, tokens, cache } = await start();
    const token = provider.token({ a: { b: ['c'] } });
    const first = await tokens.validate(token);
    expect(cache()).toMatchObject({ hits: 0, misses: 1, size: 1 });
    expect(await tokens.validate(token)).toBe(first);
    expect(tokens.validateSync(token)).toBe(first);
    expect(() => Object.assign(first.claims, { sub: 'x' })).toThrow(TypeError);
    expect(cache()).toMatchObject({ hits: 2, misses: 1, size: 1, hitRate: 2 / 3 });
    expect(tokens.stats()).toMatchObject({ validated: 3, rejected: 0 });
    await module.close();
  });

  it('compares the whole token: the tail of a good one helps no other', async () => {
    const { module, tokens, cache } = await start();
    const token = provider.token();
    await tokens.validate(token);
    const [header = '', payload = '', signature = ''] = token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
    const forged = Buffer.from(JSON.stringify({ ...claims, sub: 'admin' })).toString('base64url');
    expect(await rejectionOf(tokens.validate(`${header}.${forged}.${signature}`))).toBe('signature_invalid');
    const other = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    expect(await rejectionOf(tokens.validate(`${header}.${payload}.${other}`))).toBe('signature_invalid');
    expect(cache()).toMatchObject({ hits: 0, size: 1 });
    await module.close();
  });

  it('remembers nothing that was refused', async () => {
    const { module, tokens, cache } = await start({ validate: () => false });
    for (const token of [provider.token({ exp: 1 }), provider.token({ aud: 'x' }), 'garbage']) {
      await rejectionOf(tokens.validate(token));
    }
    expect(cache()).toMatchObject({ size: 0 });
    // Its signature was verified; that the hook says no is asked again each time.
    expect(await rejectionOf(tokens.validate(provider.token()))).toBe('check_refused');
    await module.close();
  });

  it('asks the hook on every use', async () => {
    let asked = 0;
    let verdict = true;
    const { module, tokens } = await start({ validate: async () => (asked++, verdict) });
    const token = provider.token();
    await tokens.validate(token);
    await tokens.validate(token);
    verdict = false;
    expect(await rejectionOf(tokens.validate(token))).toBe('check_refused');
    expect(codeOf(() => tokens.validateSync(token))).toBe('sync_unavailable');
    expect(asked).toBe(4);
    await module.close();
  });

  it('forgets everything of a set of keys that changes, and of one that is cleared', async () => {
    const { module, tokens, jwks, cache } = await start();
    const token = provider.token();
    await tokens.validate(token);
    await jwks.refresh();
    await tokens.validate(token);
    expect(cache()).toMatchObject({ hits: 1 });
    provider.keys = [K1, K2];
    await jwks.refresh();
    await tokens.validate(token);
    expect(cache()).toMatchObject({ hits: 1 });
    jwks.clear();
    await tokens.validate(token);
    expect(cache()).toMatchObject({ hits: 1 });
    provider.keys = [K2];
    await jwks.refresh();
    expect(codeOf(() => tokens.validateSync(token))).toBe('keys_cold');
    await module.close();
  });

  it('forgets what was verified before the keys were replaced, by the same ones too', async () => {
    const { module, tokens, jwks, cache } = await start();
    const token = provider.token();
    await tokens.validate(token);
    await tokens.validate(token);
    expect(cache()).toMatchObject({ hits: 1, misses: 1 });
    await jwks.replace();
    await tokens.validate(token);
    expect(cache()).toMatchObject({ hits: 1, misses: 2, size: 1 });
    await tokens.validate(token);
    expect(cache()).toMatchObject({ hits: 2, misses: 2 });
    await module.close();
  });

  it('is bounded in entries and in bytes', async () => {
    const few = await start({ tokenCache: { maxEntries: 3 } });
    const list = Array.from({ length: 10 }, (_, index) => provider.token({ sub: `user-${String(index)}` }));
    await few.tokens.validateMany(list, { concurrency: 1 });
    expect(few.cache()).toMatchObject({ size: 3, evictions: 7, maxSize: 3 });
    await few.module.close();
    const small = await start({ tokenCache: { maxBytes: 65_536 } });
    const long = Array.from({ length: 20 }, (_, index) =>
      provider.token({ sub: `user-${String(index)}`, padding: 'x'.repeat(4_000) }),
    );
    await small.tokens.validateMany(long, { concurrency: 1 });
    expect(small.cache()?.bytes).toBeLessThanOrEqual(65_536);
    expect(small.cache()?.size).toBeLessThan(7);
    await small.module.close();
  });
});

/** Validates with and without the cache; both see the same time, the same provider and the same hook. */
class Twins {
  // The thousands of renewals that it skips, and the timeouts of requests, are no matter of this cache.
  readonly clock = new FakeClock(Date.now(), false);
  revoked = new Set<string>();
  private readonly services: TokenValidationService[] = [];
  private readonly jwks: JwksService[] = [];
  private readonly caches: { readonly isFetching: boolean }[] = [];
  private readonly closers: (() => Promise<void>)[] = [];

  async start(): Promise<void> {
    for (const tokenCache of [undefined, { maxEntries: 4 }]) {
      const options: IdentityModuleOptions = {
        issuer: provider.issuer,
        audience: ['orders-api', 'second-api'],
        warmUp: 'await',
        validate: ({ claims }) => !this.revoked.has(String(claims.jti)),
        http: { retries: 0, timeoutMs: 100 * 3_600_000, deadlineMs: 100 * 3_600_000 },
        tokenCache,
      };
      const module = await Test.createTestingModule({ imports: [IdentityModule.forRoot(options)] })
        .overrideProvider(CLOCK)
        .useValue(this.clock)
        .compile();
      module.useLogger(false);
      await module.init();
      this.services.push(module.get(TokenValidationService));
      this.jwks.push(module.get(JwksService));
      for (const { keySet, metadata } of module.get(IssuerRegistry).configured) {
        this.caches.push(keySet.cached, metadata.cached);
      }
      this.closers.push(() => module.close());
    }
  }

  /** What both answer; anything that was asked for in the background has arrived by then. */
  async ask(token: string, overrides: ValidationOverrides): Promise<(string | undefined)[]> {
    const renews = this.jwks.some((jwks) => jwks.state().state !== 'fresh');
    const codes = this.services.map((service) => codeOf(() => service.validateSync(token, overrides)));
    if (renews || codes.includes('keys_cold') || codes.includes('signature_invalid')) await this.quiet();
    return codes;
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
    await this.quiet();
  }

  /** Until no fetch is on its way: how long that takes is the machine's business. */
  private async quiet(): Promise<void> {
    do await idle(1);
    while (this.caches.some((cache) => cache.isFetching));
  }

  async eachJwks(act: (jwks: JwksService) => unknown): Promise<void> {
    await Promise.all(this.jwks.map(act));
  }

  get hits(): number {
    return this.services[1]?.stats().tokenCache?.hits ?? 0;
  }

  async close(): Promise<void> {
    for (const close of this.closers) await close();
  }
}

type Step =
  | { readonly do: 'ask'; readonly token: number; readonly overrides: ValidationOverrides }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'publish'; readonly keys: number }
  | { readonly do: 'refresh' | 'clear' | 'provider up' | 'provider down' }
  | { readonly do: 'revoke' | 'reinstate'; readonly token: number };

const KEY_SETS = [[K1], [K2], [K1, K2], [K1_AGAIN], [K1_AGAIN, K2]];
const TOKENS = 10;
const token = fc.nat(TOKENS - 1);
const overrides = fc.constantFrom<ValidationOverrides>(
  {},
  {},
  {},
  { audience: 'second-api' },
  { scopes: ['orders:write'] },
  { requiredClaims: ['tenant'] },
  { clockToleranceMs: 0 },
  { algorithms: ['RS256', 'ES256'] },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant('ask' as const), token, overrides }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      ms: fc.constantFrom(1_000, 20_000, 29_000, 61_000, 300_000, 3_600_000, 23 * 3_600_000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('publish' as const), keys: fc.nat(4) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'refresh' as const,
        'clear' as const,
        'provider up' as const,
        'provider down' as const,
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('revoke' as const, 'reinstate' as const), token }),
  },
);

/** Tokens that differ in what can go wrong with them, from a moment on. */
function mint(clock: FakeClock): string[] {
  const nowSec = Math.floor(clock.wallMs() / 1000);
  const claims = (own: object): object => ({
    ...provider.claims({ iat: nowSec, exp: nowSec + 90_000 }),
    ...own,
  });
  const variants: [object, typeof K1][] = [
    [{ jti: '0' }, K1],
    [{ jti: '1', exp: nowSec + 30 }, K1],
    [{ jti: '2', exp: nowSec + 3_600 }, K2],
    [{ jti: '3', aud: 'second-api', scope: 'orders:write' }, K1],
    [{ jti: '4', aud: ['orders-api', 'x'], tenant: 'acme' }, K2],
    [{ jti: '5', nbf: nowSec + 60 }, K1],
    [{ jti: '6', scope: 'orders:read' }, K1_AGAIN],
    [{ jti: '7', aud: 'x' }, K1],
    [{ jti: '8', exp: nowSec + 300 }, K1_AGAIN],
    [{ jti: '9', cnf: { jkt: 'x' } }, K1],
  ];
  return variants.map(([own, key]) => signToken(key, claims(own)));
}

describe('with and without the cache', { timeout: 120_000 }, () => {
  it('every answer is the same, whatever happens', async () => {
    let hits = 0;
    let asked = 0;
    const histories = fc.array(step, { minLength: 10, maxLength: 40, size: 'max' });
    await fc.assert(
      fc.asyncProperty(histories, async (steps) => {
        provider.keys = [K1];
        provider.answers.clear();
        const twins = new Twins();
        await twins.start();
        const tokens = mint(twins.clock);
        try {
          for (const each of steps) {
            switch (each.do) {
              case 'ask': {
                // The second time the cache has it, if it may; so that every history has hits to compare.
                for (let time = 0; time < 2; time++) {
                  const [without, withCache] = await twins.ask(tokens[each.token] ?? '', each.overrides);
                  asked++;
                  expect(withCache).toBe(without);
                }
                break;
              }
              case 'pass':
                await twins.pass(each.ms);
                break;
              case 'publish':
                provider.keys = KEY_SETS[each.keys] ?? [K1];
                break;
              case 'refresh':
                await twins.eachJwks((jwks) => jwks.refresh().catch(() => undefined));
                break;
              case 'clear':
                await twins.eachJwks((jwks) => jwks.clear());
                await twins.eachJwks((jwks) => jwks.get().catch(() => undefined));
                break;
              case 'provider up':
                provider.answers.clear();
                break;
              case 'provider down':
                provider.respond(provider.jwksPath, 503);
                break;
              case 'revoke':
                twins.revoked.add(String(each.token));
                break;
              case 'reinstate':
                twins.revoked.delete(String(each.token));
                break;
            }
          }
        } finally {
          hits += twins.hits;
          await twins.close();
        }
      }),
      { numRuns: 60, endOnFailure: true },
    );

    expect(asked).toBeGreaterThan(300);
    expect(hits).toBeGreaterThan(50);
  });
});
