import {
  Controller,
  Get,
  Inject,
  Injectable,
  Module,
  UseGuards,
  type CanActivate,
  type INestApplication,
  type Type,
} from '@nestjs/common';
import { AuthGuard, PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  IdentityError,
  IdentityModule,
  JwksService,
  type IdentityModuleOptions,
} from 'nestjs-identity-model';
import { createApp, get, PLATFORMS } from './support/create-app.js';
import { createModule } from './support/create-module.js';
import { ProviderDouble } from './support/provider-double.js';
import { createKey, encode, signRaw, signToken } from './support/signing-key.js';

const StockGuard: Type<CanActivate> = AuthGuard('jwt');
let issuer = '';

@Injectable()
class StockStrategy extends PassportStrategy(Strategy) {
  constructor(@Inject(JwksService) jwks: JwksService) {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKeyProvider: jwks.secretOrKeyProvider(),
      issuer,
      audience: 'orders-api',
      algorithms: ['RS256', 'ES256', 'PS256'],
    });
  }

  validate(payload: object): object {
    return payload;
  }
}

@UseGuards(StockGuard)
@Controller()
class StockController {
  @Get() read(): unknown {
    return { in: true };
  }
}

@Module({ providers: [StockStrategy], controllers: [StockController] })
class StockModule {}

let provider: ProviderDouble;
let app: INestApplication | undefined;

beforeEach(async () => {
  provider = await ProviderDouble.start();
  issuer = provider.issuer;
});
afterEach(async () => {
  await app?.close();
  app = undefined;
  await provider.stop();
});

async function start(
  options: object = {},
  platform = PLATFORMS[0] as (typeof PLATFORMS)[number],
): Promise<string> {
  const all = { issuer, audience: 'orders-api', ...options } as IdentityModuleOptions;
  const started = await createApp(platform, { imports: [IdentityModule.forRoot(all), StockModule] });
  app = started.app;
  return started.url;
}

const statusOf = async (url: string, token?: string): Promise<number> => (await get(url, token)).status;

describe.each(PLATFORMS)('a stock strategy of passport-jwt with our keys, on %s', (platform) => {
  it('lets good tokens in, and answers 401 to all others', async () => {
    const url = await start({}, platform);
    const expired = { exp: 1_000 };
    const stranger = createKey('RS256', provider.key.kid);
    expect(await statusOf(url, provider.token())).toBe(200);
    expect(await statusOf(url)).toBe(401);
    expect(await statusOf(url, 'x')).toBe(401);
    expect(await statusOf(url, provider.token(expired))).toBe(401);
    expect(await statusOf(url, provider.token({ aud: 'another' }))).toBe(401);
    expect(await statusOf(url, provider.token({ iss: 'https://another.example.com' }))).toBe(401);
    expect(await statusOf(url, provider.token({ iss: undefined }))).toBe(401);
    expect(await statusOf(url, signToken(stranger, provider.claims()))).toBe(401);
    expect(await statusOf(url, provider.token({}, { kid: 'nobody' }))).toBe(401);
    // The strategy checks no proof: a bound token would be a bearer token.
    for (const cnf of [{ jkt: 'x'.repeat(43) }, {}, null, 'x']) {
      expect(await statusOf(url, provider.token({ cnf }))).toBe(401);
    }
  });

  it('answers 503, not 401, while there are no keys and the provider is down', async () => {
    provider.respond(provider.metadataPath, 500);
    const url = await start({ warmUp: 'off', http: { retries: 0 } }, platform);
    expect(await statusOf(url, provider.token())).toBe(503);
    expect(await statusOf(url, 'x')).toBe(401);
    expect(await statusOf(url, provider.token({ iss: 'https://another.example.com' }))).toBe(401);
  });

  it('serves known keys while the provider is down', async () => {
    const url = await start({ warmUp: 'await' }, platform);
    const token = provider.token();
    await provider.stop();
    expect(await statusOf(url, token)).toBe(200);
    await provider.listen();
  });
});

describe('secretOrKeyProvider', () => {
  it('waits for one refresh, shared by all who ask for a new key', async () => {
    const url = await start({ warmUp: 'await' });
    const before = provider.count(provider.jwksPath);
    provider.keys = [createKey('RS256', 'rsa-2'), ...provider.keys];
    const token = provider.token();
    const all = await Promise.all(Array.from({ length: 20 }, () => statusOf(url, token)));
    expect(new Set(all)).toEqual(new Set([200]));
    expect(provider.count(provider.jwksPath)).toBe(before + 1);
  });

  it('takes elliptic curves and PSS, and a token without a key id among several keys', async () => {
    provider.keys = [createKey('ES256', 'ec-1'), createKey('PS256', 'pss-1'), createKey('ES256', 'ec-2')];
    const url = await start();
    for (const key of provider.keys) {
      expect(await statusOf(url, signToken(key, provider.claims()))).toBe(200);
      expect(await statusOf(url, signToken(key, provider.claims(), { kid: undefined }))).toBe(200);
    }
  });

  it('hands no key of one issuer to a token of another', async () => {
    const other = await ProviderDouble.start({ keys: [createKey('RS256', 'other-1')] });
    try {
      const issuers = [{ issuer: provider.issuer }, { issuer: other.issuer }];
      const url = await start({ issuer: undefined, issuers });
      expect(await statusOf(url, provider.token())).toBe(200);
      // Known to us, but not what the strategy says.
      expect(await statusOf(url, other.token())).toBe(401);
      expect(await statusOf(url, signToken(other.key, provider.claims()))).toBe(401);
    } finally {
      await other.stop();
    }
  });

  it('asks tenants, and answers 503 where that breaks', async () => {
    let broken = false;
    const issuers = async (name: string): Promise<object | undefined> => {
      if (broken) throw new Error('no database');
      return name === provider.issuer ? { issuer: name } : undefined;
    };
    const url = await start({
      issuer: undefined,
      issuers,
      allowedIssuers: () => true,
      http: { allowPrivateNetworks: true },
    });
    expect(await statusOf(url, provider.token({ iss: 'https://unknown.example.com' }))).toBe(401);
    expect(await statusOf(url, provider.token())).toBe(200);
    broken = true;
    expect(await statusOf(url, provider.token({ iss: 'https://later.example.com' }))).toBe(503);
  });
});

/** Called as a plain function: what it says to the callback. */
async function ask(jwks: JwksService, token: unknown): Promise<{ error: unknown; key: unknown }> {
  const provide = jwks.secretOrKeyProvider();
  return new Promise((resolve) => {
    provide(undefined, token, (error: unknown, key: unknown) => resolve({ error, key }));
  });
}

describe('without a strategy', () => {
  it.each<[string, () => unknown, string]>([
    ['no text', () => undefined, 'token_malformed'],
    ['two segments', () => 'a.b', 'token_malformed'],
    ['the algorithm none', () => `${encode('{"alg":"none"}')}.${claims()}.AAAA`, 'algorithm_not_allowed'],
    ['no signature', () => `${encode('{"alg":"none"}')}.${claims()}.`, 'token_malformed'],
    ['HS256', () => provider.token({}, { alg: 'HS256' }), 'algorithm_not_allowed'],
    ['an algorithm that is not allowed', () => provider.token({}, { alg: 'ES512' }), 'algorithm_not_allowed'],
    ['an algorithm that no key fits', () => provider.token({}, { alg: 'ES256' }), 'key_not_found'],
    ['crit', () => provider.token({}, { crit: ['x'] }), 'header_unsupported'],
    ['an issuer of another type', () => provider.token({ iss: [provider.issuer] }), 'issuer_unknown'],
    ['a slash too many', () => provider.token({ iss: `${provider.issuer}/` }), 'issuer_unknown'],
    [
      'a repeated member',
      () => signRaw(provider.key, '{"alg":"RS256","alg":"RS256"}', '{}'),
      'token_malformed',
    ],
    ['too many bytes', () => provider.token({ pad: 'x'.repeat(20_000) }), 'token_too_large'],
  ])('%s is refused with a code', async (_what, make, code) => {
    const algorithms = ['RS256', 'ES256'];
    const module = await createModule({ issuer, audience: 'orders-api', algorithms });
    const { error, key } = await ask(module.get(JwksService), make());
    expect(key).toBeUndefined();
    expect(error).toBeInstanceOf(IdentityError);
    expect(error).toMatchObject({ code });
    await module.close();
  });

  it('an outage goes to the callback, with its code', async () => {
    const module = await createModule({
      issuer,
      audience: 'orders-api',
      warmUp: 'off',
      http: { retries: 0 },
    });
    provider.respond(provider.jwksPath, 503);
    const { error } = await ask(module.get(JwksService), provider.token());
    expect(error).toMatchObject({ code: 'keys_unavailable' });
    await module.close();
  });

  it('a key that is known is handed out at once, and is public', async () => {
    const module = await createModule({ issuer, audience: 'orders-api', warmUp: 'await' });
    const seen: unknown[] = [];
    module.get(JwksService).secretOrKeyProvider()(undefined, provider.token(), (_error, key) =>
      seen.push(key),
    );
    expect(seen).toMatchObject([{ type: 'public', asymmetricKeyType: 'rsa' }]);
    await module.close();
  });
});

function claims(): string {
  return encode(JSON.stringify(provider.claims()));
}
