import {
  applyDecorators,
  Controller,
  Get,
  Inject,
  Injectable,
  Logger,
  Module,
  Post,
  UseGuards,
  type ModuleMetadata,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  DiscoveryService,
  IdentityAuthGuard,
  IdentityDiscoveryService,
  IdentityError,
  IdentityModule,
  JwksService,
  OptionalAuth,
  Public,
  RequireClaim,
  RequireIssuer,
  RequireScopes,
  TokenValidationService,
  type IdentityModuleOptions,
  type IdentityOptionsFactory,
} from 'nestjs-identity-model';
import { createApp, get, type TestApp } from './support/create-app.js';
import { OrdersController } from './support/orders.controller.js';
import { ProviderDouble } from './support/provider-double.js';

let provider: ProviderDouble;
let options: IdentityModuleOptions;
const open: TestApp[] = [];

beforeAll(async () => {
  provider = await ProviderDouble.start();
  options = { issuer: provider.issuer, audience: 'orders-api' };
});
afterEach(async () => {
  await Promise.all(open.splice(0).map(({ app }) => app.close()));
});
afterAll(() => provider.stop());

async function start(metadata: ModuleMetadata): Promise<TestApp> {
  const target = await createApp('express', metadata);
  open.push(target);
  return target;
}

/** What the start fails with. */
async function failureOf(metadata: ModuleMetadata): Promise<IdentityError> {
  try {
    await start(metadata);
  } catch (error) {
    if (error instanceof IdentityError) return error;
    throw error;
  }
  throw new Error('the application has started');
}

@Injectable()
class Factory implements IdentityOptionsFactory {
  createIdentityOptions(): IdentityModuleOptions {
    return options;
  }
}
@Module({
  providers: [Factory, { provide: 'AUDIENCE', useValue: 'orders-api' }],
  exports: [Factory, 'AUDIENCE'],
})
class ConfigModule {}

describe('the forms of registration', () => {
  it.each<[string, () => ReturnType<typeof IdentityModule.forRoot>]>([
    ['forRoot', () => IdentityModule.forRoot(options)],
    [
      'useFactory with inject',
      () =>
        IdentityModule.forRootAsync({
          imports: [ConfigModule],
          inject: ['AUDIENCE'],
          useFactory: async (audience: string) => ({ issuer: provider.issuer, audience }),
        }),
    ],
    ['useClass', () => IdentityModule.forRootAsync({ useClass: Factory })],
    ['useExisting', () => IdentityModule.forRootAsync({ imports: [ConfigModule], useExisting: Factory })],
  ])('%s protects a module that does not import it', async (_name, register) => {
    @Module({ controllers: [OrdersController] })
    class Feature {}
    const { app, url } = await start({ imports: [register(), Feature] });
    expect((await get(`${url}/orders`)).status).toBe(401);
    expect((await get(`${url}/orders`, provider.token())).status).toBe(200);
    expect(app.get(IdentityDiscoveryService)).toBe(app.get(DiscoveryService));
  });

  it('refuses what is wrong, whichever form it comes through', async () => {
    const wrong = { ...options, audiences: ['x'] } as IdentityModuleOptions;
    for (const register of [
      IdentityModule.forRoot(wrong),
      IdentityModule.forRootAsync({ useFactory: () => wrong }),
      IdentityModule.forRootAsync({ useFactory: () => Promise.resolve(wrong) }),
    ]) {
      const { code, message } = await failureOf({ imports: [register] });
      expect(code).toBe('options_invalid');
      expect(message).toContain('did you mean "audience"');
    }
  });

  it('says where isGlobal belongs', async () => {
    const misplaced = { ...options, isGlobal: false } as IdentityModuleOptions;
    const { code, message } = await failureOf({
      imports: [IdentityModule.forRootAsync({ useFactory: () => misplaced })],
    });
    expect([code, message]).toEqual([
      'options_invalid',
      expect.stringMatching(/isGlobal.*beside "useFactory"/s),
    ]);
  });

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a string', 'https://id.example.com'],
  ])('refuses %s instead of options', async (_name, value) => {
    const { code } = await failureOf({
      imports: [IdentityModule.forRootAsync({ useFactory: () => value as IdentityModuleOptions })],
    });
    expect(code).toBe('options_invalid');
  });

  it('refuses a second global instance', async () => {
    const { code, message } = await failureOf({
      imports: [
        IdentityModule.forRoot(options),
        IdentityModule.forRoot({ issuer: 'https://other.example', audience: 'x', warmUp: 'off' }),
      ],
    });
    expect([code, message]).toEqual(['module_duplicated', expect.stringContaining('"issuers"')]);
  });

  it('keeps separate instances apart in feature modules', async () => {
    const other = await ProviderDouble.start();
    const feature = (issuer: string, path: string): unknown => {
      @UseGuards(IdentityAuthGuard)
      @Controller(path)
      class FeatureController {
        constructor(@Inject(JwksService) private readonly jwks: JwksService) {}
        @Get() async index(): Promise<unknown> {
          return { keys: (await this.jwks.get(issuer)).keys.length };
        }
      }
      @Module({
        imports: [IdentityModule.forRoot({ issuer, audience: 'orders-api', isGlobal: false })],
        controllers: [FeatureController],
      })
      class Feature {}
      return Feature;
    };
    const { url } = await start({
      imports: [feature(provider.issuer, 'one'), feature(other.issuer, 'two')] as never,
    });
    const status = async (path: string, token: string): Promise<number> =>
      (await get(`${url}${path}`, token)).status;
    expect(await status('/one', provider.token())).toBe(200);
    expect(await status('/two', other.token())).toBe(200);
    expect(await status('/one', other.token())).toBe(401);
    expect(await status('/two', provider.token())).toBe(401);
    await other.stop();
  });
});

describe('what stops the start', () => {
  @Controller('open')
  class Unguarded {
    @RequireScopes('a') @Get() read(): void {}
  }

  it('is a requirement without a guard', async () => {
    const { code, message } = await failureOf({
      imports: [IdentityModule.forRoot(options)],
      controllers: [Unguarded],
    });
    expect([code, message]).toEqual(['route_unguarded', expect.stringContaining('Unguarded.read')]);
  });

  it('may be a warning, or nothing', async () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    await start({
      imports: [IdentityModule.forRoot({ ...options, unguarded: 'off' })],
      controllers: [Unguarded],
    });
    expect(warn).not.toHaveBeenCalled();
    await start({
      imports: [IdentityModule.forRoot({ ...options, unguarded: 'warn' })],
      controllers: [Unguarded],
    });
    expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('Unguarded.read'));
  });

  it('is not a requirement behind any form of the guard', async () => {
    class OwnGuard extends IdentityAuthGuard {}
    @Controller('route')
    class ByRoute {
      @UseGuards(OwnGuard) @RequireScopes('a') @Get() read(): void {}
    }
    @UseGuards(IdentityAuthGuard)
    @RequireScopes('a')
    @Controller('class')
    class ByClass {
      @Get() read(): void {}
    }
    await start({ imports: [IdentityModule.forRoot(options)], controllers: [ByRoute, ByClass] });
    await start({
      imports: [IdentityModule.forRoot(options)],
      controllers: [Unguarded],
      providers: [{ provide: APP_GUARD, useClass: OwnGuard }],
    });
  });

  it('is a requirement beside @Public or @OptionalAuth', async () => {
    @UseGuards(IdentityAuthGuard)
    @Controller()
    class Contradictory {
      @Public() @RequireScopes('a') @Get('one') one(): void {}
      @RequireClaim('a') @OptionalAuth() @Post('two') two(): void {}
    }
    const { code, message } = await failureOf({
      imports: [IdentityModule.forRoot(options)],
      controllers: [Contradictory],
    });
    expect([code, message]).toEqual([
      'access_contradiction',
      expect.stringMatching(/Contradictory\.one, Contradictory\.two/),
    ]);
  });

  it('is a requirement that another decorator has swallowed', async () => {
    const Swallowing = (): MethodDecorator => (_target, _name, descriptor: PropertyDescriptor) => {
      const original = descriptor.value as () => unknown;
      descriptor.value = () => original();
      return descriptor;
    };
    @UseGuards(IdentityAuthGuard)
    @Controller()
    class Swallowed {
      @Get() @applyDecorators(Swallowing(), RequireScopes('a')) fine(): void {}
      @Get('lost') @Swallowing() @RequireScopes('a') lost(): void {}
    }
    const { code, message } = await failureOf({
      imports: [IdentityModule.forRoot(options)],
      controllers: [Swallowed],
    });
    expect([code, message]).toEqual(['access_contradiction', expect.stringContaining('Swallowed.lost')]);
    expect(message).not.toContain('Swallowed.fine');
  });

  it('is an issuer that is not configured', async () => {
    @UseGuards(IdentityAuthGuard)
    @Controller()
    class Demanding {
      @RequireIssuer('https://nobody.example') @Get() read(): void {}
    }
    const { code, message } = await failureOf({
      imports: [IdentityModule.forRoot(options)],
      controllers: [Demanding],
    });
    expect([code, message]).toEqual(['options_invalid', expect.stringContaining('https://nobody.example')]);
  });

  it('is a provider that is not there, with warmUp "await"', async () => {
    const gone = await ProviderDouble.start();
    await gone.stop();
    const { code, message } = await failureOf({
      imports: [
        IdentityModule.forRoot({
          issuer: gone.issuer,
          audience: 'x',
          warmUp: 'await',
          http: { retries: 0 },
        }),
      ],
    });
    expect([code, message]).toEqual(['keys_unavailable', expect.stringContaining(gone.issuer)]);
  });

  it('is a static key set without a usable key, even with warmUp "off"', async () => {
    const { code } = await failureOf({
      imports: [
        IdentityModule.forRoot({
          issuers: [{ issuer: 'urn:me', audience: 'x', jwks: { keys: [{ kty: 'oct', k: 'AAAA' }] } }],
          warmUp: 'off',
        }),
      ],
    });
    expect(code).toBe('keys_unavailable');
  });
});

describe('warm-up', () => {
  it.each([
    ['await', 1],
    ['background', 1],
    ['off', 0],
  ] as const)('"%s" has asked the provider %d times before the first request', async (warmUp, count) => {
    const fresh = await ProviderDouble.start();
    const { app } = await start({
      imports: [IdentityModule.forRoot({ issuer: fresh.issuer, audience: 'x', warmUp })],
    });
    if (warmUp === 'background') await app.get(JwksService).get();
    expect([fresh.count(fresh.metadataPath), fresh.count(fresh.jwksPath)]).toEqual([count, count]);
    await fresh.stop();
  });
});

describe('several issuers', () => {
  it('have their own audience and algorithms, and never verify each other’s tokens', async () => {
    const second = await ProviderDouble.start();
    @UseGuards(IdentityAuthGuard)
    @Controller()
    class Routes {
      @Get('any') any(): unknown {
        return { ok: true };
      }
      @RequireIssuer(second.issuer) @Get('second') second(): unknown {
        return { ok: true };
      }
    }
    const { app, url } = await start({
      imports: [
        IdentityModule.forRoot({
          audience: 'orders-api',
          issuers: [
            { issuer: provider.issuer },
            { issuer: second.issuer, audience: 'second-api', algorithms: ['RS256'] },
          ],
        }),
      ],
      controllers: [Routes],
    });
    const status = async (path: string, token: string): Promise<number> =>
      (await get(`${url}${path}`, token)).status;
    expect(await status('/any', provider.token())).toBe(200);
    expect(await status('/any', second.token())).toBe(401);
    expect(await status('/any', second.token({ aud: 'second-api' }))).toBe(200);
    expect(await status('/second', second.token({ aud: 'second-api' }))).toBe(200);
    expect(await status('/second', provider.token())).toBe(403);
    expect(await status('/any', provider.token({ iss: second.issuer, aud: 'second-api' }))).toBe(401);
    expect(await status('/any', second.token({ iss: provider.issuer }))).toBe(401);
    expect(await status('/any', provider.token({ iss: `${provider.issuer}/` }))).toBe(401);

    for (const service of [app.get(DiscoveryService), app.get(JwksService)]) {
      await expect(service.get()).rejects.toMatchObject({ code: 'issuer_ambiguous' });
      await expect(service.get('https://nobody.example')).rejects.toMatchObject({ code: 'issuer_unknown' });
      await expect(service.get(second.issuer)).resolves.toBeDefined();
      expect(service.state(provider.issuer).state).toBe('fresh');
    }
    expect(app.get(TokenValidationService).stats()).toEqual({ validated: 4, rejected: 4 });
    await second.stop();
  });
});
