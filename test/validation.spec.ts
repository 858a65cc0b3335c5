import type { TestingModule } from '@nestjs/testing';
import * as fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  IdentityError,
  JwksService,
  TokenValidationService,
  type IdentityModuleOptions,
  type ValidatedToken,
  type ValidationOverrides,
} from 'nestjs-identity-model';
import { codeOf } from './support/code-of.js';
import { createModule, rejectionOf } from './support/create-module.js';
import { ProviderDouble } from './support/provider-double.js';
import { createKey, signToken } from './support/signing-key.js';

let provider: ProviderDouble;
const open: TestingModule[] = [];

beforeAll(async () => {
  provider = await ProviderDouble.start();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((module) => module.close()));
});
afterAll(() => provider.stop());

async function start(options: Partial<IdentityModuleOptions> = {}): Promise<TestingModule> {
  const module = await createModule({
    issuer: provider.issuer,
    audience: 'orders-api',
    warmUp: 'await',
    ...options,
  });
  open.push(module);
  return module;
}

async function service(options?: Partial<IdentityModuleOptions>): Promise<TokenValidationService> {
  return (await start(options)).get(TokenValidationService);
}

describe('validate', () => {
  it.each(['RS256', 'RS384', 'PS256', 'PS512', 'ES256', 'ES384', 'ES512', 'ES256K', 'EdDSA', 'Ed25519'])(
    'accepts %s from the key set of a provider',
    async (alg) => {
      const own = await ProviderDouble.start({ keys: [createKey(alg, `key of ${alg}`)] });
      const tokens = await service({ issuer: own.issuer });
      const token = own.token();
      const { claims, header, issuer, token: same } = await tokens.validate(token);
      expect([claims.sub, header.alg, issuer, same]).toEqual(['user-1', alg, own.issuer, token]);
      expect(Object.isFrozen(claims) && Object.isFrozen(header)).toBe(true);
      await own.stop();
    },
  );

  it('makes one discovery and one key set request for 1,000 concurrent first tokens', async () => {
    const own = await ProviderDouble.start();
    const tokens = await service({ issuer: own.issuer, warmUp: 'off' });
    const all = Array.from({ length: 1_000 }, (_, index) => own.token({ sub: `user-${String(index)}` }));
    const results = await Promise.all(all.map((token) => tokens.validate(token)));
    expect(results.map(({ claims }) => claims.sub)).toEqual(all.map((_, index) => `user-${String(index)}`));
    expect(own.requests).toEqual([own.metadataPath, own.jwksPath]);
    await own.stop();
  });

  it('never fetches anything for an issuer that is not configured', async () => {
    const stranger = await ProviderDouble.start();
    const tokens = await service();
    expect(await rejectionOf(tokens.validate(stranger.token()))).toBe('issuer_unknown');
    expect(stranger.requests).toEqual([]);
    await stranger.stop();
  });

  it('throws nothing but an IdentityError, whatever it is handed', async () => {
    // Each forged token asks for a refresh of its own.
    const tokens = await service({ jwks: { unknownKidCooldownMs: 1, badSignatureCooldownMs: 1 } });
    const good = provider.token();
    const mutated = fc
      .tuple(fc.nat(good.length - 1), fc.string({ minLength: 1, maxLength: 3 }))
      .map(([at, text]) => good.slice(0, at) + text + good.slice(at + 1))
      .filter((token) => token !== good);
    const signed = fc
      .tuple(fc.dictionary(fc.string(), fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()))
      .map(([claims, header]) => signToken(provider.key, provider.claims(claims), header));
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.anything(), fc.string(), mutated, signed), async (token) => {
        const outcome = await tokens.validate(token as string).catch((error: unknown) => error);
        const sync = ((): unknown => {
          try {
            return tokens.validateSync(token as string);
          } catch (error) {
            return error;
          }
        })();
        if (!(outcome instanceof IdentityError)) {
          // A signed one may well be good; nothing else can be.
          expect((outcome as ValidatedToken).claims.iss).toBe(provider.issuer);
          return;
        }
        expect(outcome.status).toBe(401);
        expect((sync as IdentityError).code).toBe(outcome.code);
        if (typeof token === 'string' && token.length > 8) expect(outcome.message).not.toContain(token);
      }),
      { numRuns: 500 },
    );
  });
});

describe('validateSync', () => {
  it('never waits: cold keys are asked for in the background', async () => {
    const own = await ProviderDouble.start();
    const module = await start({ issuer: own.issuer, warmUp: 'off' });
    const tokens = module.get(TokenValidationService);
    const token = own.token();
    expect(codeOf(() => tokens.validateSync(token))).toBe('keys_cold');
    expect(codeOf(() => tokens.validateSync(token))).toBe('keys_cold');
    await module.get(JwksService).get();
    expect(tokens.validateSync(token).claims.sub).toBe('user-1');
    expect(own.requests).toHaveLength(2);
    await own.stop();
  });

  it('says that a key id is not settled, asks, and then knows', async () => {
    const own = await ProviderDouble.start();
    const module = await start({ issuer: own.issuer, jwks: { unknownKidCooldownMs: 100 } });
    const tokens = module.get(TokenValidationService);
    const token = own.token({}, { kid: 'nobody' });
    expect(codeOf(() => tokens.validateSync(token))).toBe('keys_cold');
    await expect.poll(() => codeOf(() => tokens.validateSync(token))).toBe('key_not_found');
    expect(own.count(own.jwksPath)).toBe(2);

    const next = createKey('ES256', 'next');
    own.keys = [next];
    const rotated = own.token();
    expect(codeOf(() => tokens.validateSync(rotated))).toBe('keys_cold');
    await expect.poll(() => codeOf(() => tokens.validateSync(rotated))).toBeUndefined();
    await own.stop();
  });

  it('refuses what validate refuses, with the same code', async () => {
    const tokens = await service();
    for (const token of [provider.token({ exp: 1 }), provider.token({ aud: 'x' }), 'a.b.c', '']) {
      const code = codeOf(() => tokens.validateSync(token));
      expect(code).toBeDefined();
      expect(await rejectionOf(tokens.validate(token))).toBe(code);
    }
  });

  it.each<[string, IdentityModuleOptions['validate'], string | undefined]>([
    ['accepts', () => true, undefined],
    ['refuses', () => false, 'check_refused'],
    ['throws', () => JSON.parse('{') as boolean, 'check_failed'],
    ['answers a promise', async () => true, 'sync_unavailable'],
    ['answers a promise that fails', () => Promise.reject(new Error('x')), 'sync_unavailable'],
  ])('with a hook that %s', async (_name, validate, code) => {
    const tokens = await service({ validate });
    expect(codeOf(() => tokens.validateSync(provider.token()))).toBe(code);
  });
});

describe('validateMany', () => {
  it('settles every token, in order, from any iterable', async () => {
    const tokens = await service();
    const list = [provider.token({ sub: 'a' }), 'garbage', provider.token({ exp: 1 }), provider.token()];
    const outcome = ['a', 'token_malformed', 'token_expired', 'user-1'];
    async function* slowly(): AsyncIterable<string> {
      for (const token of list) yield await Promise.resolve(token);
    }
    for (const source of [list, new Set(list), slowly()]) {
      const results = await tokens.validateMany(source, { concurrency: 2 });
      expect(
        results.map((result) =>
          result.status === 'fulfilled' ? result.value.claims.sub : (result.reason as IdentityError).code,
        ),
      ).toEqual(outcome);
    }
    expect(await tokens.validateMany([])).toEqual([]);
  });

  it('lets tokens that wait for keys leave their slot, and share one wait', async () => {
    const own = await ProviderDouble.start();
    const module = await start({ issuer: own.issuer, jwks: { maxWaiting: 1 } });
    const tokens = module.get(TokenValidationService);
    const order: string[] = [];
    const unknown = Array.from({ length: 50 }, (_, n) => own.token({ sub: `u${String(n)}` }, { kid: 'x' }));
    const results = await tokens.validateMany([...unknown, own.token({ sub: 'known' })], {
      concurrency: 1,
      onProgress: ({ fulfilled, rejected }) => order.push(`${String(fulfilled)}/${String(rejected)}`),
    });
    expect(order[0]).toBe('1/0');
    expect(results.at(-1)?.status).toBe('fulfilled');
    const codes = results
      .slice(0, -1)
      .map((result) => (result as PromiseRejectedResult).reason as IdentityError);
    expect(new Set(codes.map(({ code }) => code))).toEqual(new Set(['key_not_found']));
    expect(own.count(own.jwksPath)).toBe(2);
    await own.stop();
  });

  it.each(['RS256', 'PS256', 'ES256', 'EdDSA'])(
    'answers the same on the thread pool as on the event loop, %s',
    async (alg) => {
      const own = await ProviderDouble.start({ keys: [createKey(alg, 'k')] });
      const tokens = await service({ issuer: own.issuer, jwks: { unknownKidCooldownMs: 1 } });
      const good = own.token();
      const [header = '', payload = '', signature = ''] = good.split('.');
      const stranger = createKey(alg, 'k');
      const list = [
        good,
        own.token({ exp: 1 }),
        signToken(stranger, own.claims()),
        own.token({}, { kid: 'nobody' }),
        `${header}.${payload}.${Buffer.from(signature, 'base64url').subarray(1).toString('base64url')}`,
        [header, own.token({ sub: 'admin' }).split('.')[1], signature].join('.'),
        'garbage',
        own.token({ sub: 'last' }),
      ];
      const outcome = async (threadPool: 'always' | 'never'): Promise<unknown[]> => {
        const results = await tokens.validateMany(list, { threadPool });
        return results.map((result) =>
          result.status === 'fulfilled' ? result.value.claims.sub : (result.reason as IdentityError).code,
        );
      };
      const onLoop = await outcome('never');
      expect(onLoop.filter((code) => code === 'signature_invalid')).toHaveLength(3);
      expect([onLoop[0], onLoop.at(-1)]).toEqual(['user-1', 'last']);
      expect(await outcome('always')).toEqual(onLoop);
      await own.stop();
    },
  );

  it('finds a key that was put under an old id, on the thread pool too', async () => {
    const own = await ProviderDouble.start({ keys: [createKey('ES256', 'k')] });
    const tokens = await service({ issuer: own.issuer });
    own.keys = [createKey('ES256', 'k')];
    const list = Array.from({ length: 60 }, () => own.token());
    const results = await tokens.validateMany(list);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(60);
    expect(own.count(own.jwksPath)).toBe(2);
    await own.stop();
  });

  it('settles the rest as aborted, and never rejects', async () => {
    const tokens = await service();
    const abort = new AbortController();
    const list = Array.from({ length: 500 }, () => provider.token());
    const results = await tokens.validateMany(list, {
      concurrency: 1,
      signal: abort.signal,
      onProgress: ({ settled }) => settled === 10 && abort.abort(),
    });
    expect(results).toHaveLength(500);
    expect(results.slice(0, 10).every(({ status }) => status === 'fulfilled')).toBe(true);
    for (const result of results.slice(10)) {
      expect((result as PromiseRejectedResult).reason).toMatchObject({ code: 'aborted' });
    }
    const before = await tokens.validateMany(list, { signal: AbortSignal.abort() });
    expect(before.every(({ status }) => status === 'rejected')).toBe(true);
  });

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('enough');
      },
    ],
    ['rejects with, if it is async', async () => Promise.reject(new Error('enough'))],
  ])(
    'rejects with what onProgress %s, with no unhandled rejection while tokens come slowly',
    async (_how, report) => {
      const tokens = await service();
      const unhandled: unknown[] = [];
      const note = (reason: unknown): void => void unhandled.push(reason);
      process.on('unhandledRejection', note);
      async function* slowly(): AsyncGenerator<string> {
        yield provider.token();
        for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
        yield provider.token();
      }
      await expect(tokens.validateMany(slowly(), { onProgress: report })).rejects.toThrow('enough');
      process.off('unhandledRejection', note);
      expect(unhandled).toEqual([]);
    },
  );

  it('never has more on their way than it may', async () => {
    let now = 0;
    let most = 0;
    const tokens = await service({
      validate: async () => {
        most = Math.max(most, ++now);
        await new Promise((resolve) => setTimeout(resolve, 1));
        now--;
        return true;
      },
    });
    await tokens.validateMany(
      Array.from({ length: 40 }, () => provider.token()),
      { concurrency: 7 },
    );
    expect(most).toBe(7);
    await expect(tokens.validateMany([], { concurrency: 0 })).rejects.toMatchObject({
      code: 'invalid_override',
    });
  });

  it('lets others have their turn', async () => {
    const tokens = await service();
    const list = Array.from({ length: 2_000 }, () => provider.token());
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await tokens.validateMany(list);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  });
});

describe('overrides', () => {
  it.each<[string, ValidationOverrides, Record<string, unknown>, string | undefined]>([
    ['nothing', {}, {}, undefined],
    ['undefined members', { audience: undefined, validate: undefined }, {}, undefined],
    ['a scope that is granted', { scopes: ['a'] }, { scope: 'a b' }, undefined],
    ['a scope that is not', { scopes: ['c'] }, { scope: 'a b' }, 'scope_missing'],
    ['a claim that is there', { requiredClaims: ['tenant'] }, { tenant: 'x' }, undefined],
    ['a claim that is not', { requiredClaims: ['tenant'] }, {}, 'claim_missing'],
    ['a smaller tolerance', { clockToleranceMs: 0 }, { exp: Date.now() / 1000 - 5 }, 'token_expired'],
    ['a larger one, which is ignored', { clockToleranceMs: 1e9 }, { exp: 1 }, 'token_expired'],
    ['an algorithm', { algorithms: ['ES256'] }, {}, 'algorithm_not_allowed'],
    ['a type', { tokenTypes: ['JWT'] }, {}, 'token_type_not_accepted'],
    ['an audience', { audience: 'second-api' }, {}, 'audience_mismatch'],
    ['a check that accepts', { validate: () => true }, {}, undefined],
    ['a check that refuses', { validate: async () => false }, {}, 'check_refused'],
  ])('demand %s', async (_name, overrides, claims, code) => {
    const tokens = await service({ audience: ['orders-api', 'second-api'] });
    expect(await rejectionOf(tokens.validate(provider.token(claims), overrides))).toBe(code);
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['a null member', { audience: null }],
    ['an unknown name', { audiences: ['x'] }],
    ['an empty list', { algorithms: [] }],
    ['no common audience', { audience: 'other-api' }],
    ['no common algorithm', { algorithms: ['HS256'] }],
    ['an issuer that is not configured', { issuer: 'https://nobody.example' }],
    ['a switch that is not there', { ignoreExpiration: true }],
    ['a tolerance that is no number', { clockToleranceMs: NaN }],
    ['a check that is no function', { validate: true }],
  ])('that are wrong are no fault of the token: %s', async (_name, overrides) => {
    const tokens = await service();
    const wrong = overrides as ValidationOverrides;
    expect(await rejectionOf(tokens.validate(provider.token(), wrong))).toBe('invalid_override');
    expect(codeOf(() => tokens.validateSync(provider.token(), wrong))).toBe('invalid_override');
    expect(await rejectionOf(tokens.validateMany([], { overrides: wrong }))).toBe('invalid_override');
  });

  it('never let in what the configuration refuses', async () => {
    const tokens = await service({ validate: ({ claims }) => claims['blocked'] !== true });
    const overrides = fc.record(
      {
        audience: fc.constantFrom('orders-api', 'x'),
        algorithms: fc.constantFrom(['RS256'], ['RS256', 'none']),
        tokenTypes: fc.constantFrom(['at+jwt'], ['at+jwt', 'logout+jwt', null]),
        requiredClaims: fc.constantFrom(['sub'], ['nope']),
        clockToleranceMs: fc.constantFrom(0, Infinity, 1e12),
        validate: fc.constant(() => true),
      },
      { requiredKeys: [] },
    );
    const bad = fc.constantFrom(
      provider.token({ exp: 1 }),
      provider.token({ aud: 'x' }),
      provider.token({ iss: 'x' }),
      provider.token({ blocked: true }),
      provider.token({}, { typ: 'logout+jwt' }),
      provider.token({ cnf: {} }),
    );
    await fc.assert(
      fc.asyncProperty(overrides, bad, async (own, token) => {
        expect(await rejectionOf(tokens.validate(token, own))).toEqual(expect.any(String));
      }),
    );
  });
});
