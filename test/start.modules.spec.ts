import {
  All,
  Controller,
  Get,
  Injectable,
  Module,
  Scope,
  Search,
  Sse,
  UseGuards,
  Version,
  type ControllerOptions,
  type INestApplication,
  type ModuleMetadata,
  type Type,
} from '@nestjs/common';
import { APP_GUARD, REQUEST } from '@nestjs/core';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { afterEach, describe, expect, it } from 'vitest';
import {
  Claims,
  guardSockets,
  IdentityAuthGuard,
  IdentityError,
  IdentityModule,
  OptionalAuth,
  Public,
  RequireIssuer,
  RequireRoles,
  RequireScopes,
  type IdentityModuleOptions,
} from 'nestjs-identity-model';
import { TestIssuer } from 'nestjs-identity-model/testing';
import { createApp, get } from './support/create-app.js';
import { askIo, askWs, IO_OPTIONS, openWs } from './support/transports/sockets.js';
import { io } from 'socket.io-client';

const ours = TestIssuer.inMemory({ issuer: 'https://ours.example.com', audience: 'ours' });
const theirs = TestIssuer.inMemory({ issuer: 'https://theirs.example.com', audience: 'theirs' });
let app: INestApplication | undefined;

afterEach(async () => {
  await app?.close();
  app = undefined;
});

async function start(
  metadata: ModuleMetadata,
  prepare?: Parameters<typeof createApp>[2],
): Promise<{ url: string; app: INestApplication }> {
  const started = await createApp('express', metadata, prepare);
  ({ app } = started);
  return started;
}

/** What the start fails with. */
async function failureOf(
  metadata: ModuleMetadata,
  prepare?: Parameters<typeof createApp>[2],
): Promise<IdentityError> {
  try {
    await start(metadata, prepare);
  } catch (error) {
    if (error instanceof IdentityError) return error;
    throw error;
  }
  throw new Error('the application has started');
}

/** A module with an IdentityModule of its own. */
function feature(
  issuer: TestIssuer,
  metadata: ModuleMetadata,
  options: Partial<IdentityModuleOptions> = {},
): Type {
  const { imports = [], ...rest } = metadata;
  const identity = IdentityModule.forRoot({ ...issuer.moduleOptions(), ...options, isGlobal: false });
  @Module({ imports: [identity, ...imports], ...rest })
  class Feature {}
  return Feature;
}

const global = { provide: APP_GUARD, useExisting: IdentityAuthGuard };

describe('several modules', () => {
  @UseGuards(IdentityAuthGuard)
  @RequireIssuer(ours.issuer)
  @Controller('ours')
  class Ours {
    @Get() me(@Claims('sub') sub: string): string {
      return sub;
    }
  }
  @UseGuards(IdentityAuthGuard)
  @RequireIssuer(theirs.issuer)
  @RequireRoles('reader')
  @Controller('theirs')
  class Theirs {
    @Get() me(@Claims('sub') sub: string): string {
      return sub;
    }
  }
  @RequireScopes('a')
  @Controller('open')
  class Open {
    @Get() read(): void {}
  }
  const withRoles = { rolesClaim: 'roles' };

  it('judge each its own routes', async () => {
    const { url } = await start({
      imports: [
        feature(ours, { controllers: [Ours] }),
        feature(theirs, { controllers: [Theirs] }, withRoles),
      ],
    });
    expect((await get(`${url}/ours`, ours.token())).status).toBe(200);
    expect((await get(`${url}/theirs`, theirs.token({ claims: { roles: ['reader'] } }))).status).toBe(200);
    expect((await get(`${url}/theirs`, ours.token())).status).toBe(401);
  });

  it('judge them by way of a module that exports theirs', async () => {
    const identity = IdentityModule.forRoot({ ...theirs.moduleOptions(), ...withRoles, isGlobal: false });
    @Module({ imports: [identity], exports: [IdentityModule] })
    class Shared {}
    @Module({ imports: [Shared], controllers: [Theirs] })
    class Feature {}
    const { url } = await start({ imports: [feature(ours, { controllers: [Ours] }), Feature] });
    expect((await get(`${url}/theirs`, theirs.token({ claims: { roles: ['reader'] } }))).status).toBe(200);
  });

  it.each<[string, () => ModuleMetadata['imports'], string, RegExp]>([
    [
      'an issuer that their own module does not have',
      () => [feature(ours, { controllers: [Ours] }), feature(ours, { controllers: [Theirs] }, withRoles)],
      'options_invalid',
      /@RequireIssuer names what is not configured: https:\/\/theirs/,
    ],
    [
      'roles where their own module has none',
      () => [feature(ours, { controllers: [Ours] }, withRoles), feature(theirs, { controllers: [Theirs] })],
      'options_invalid',
      /@RequireRoles stands on Theirs\.me/,
    ],
    [
      'a route without a guard',
      () => [feature(ours, { controllers: [Open] }), feature(theirs, { controllers: [Theirs] }, withRoles)],
      'route_unguarded',
      /Open\.read/,
    ],
  ])('refuse %s', async (_name, imports, code, message) => {
    expect(await failureOf({ imports: imports() ?? [] })).toMatchObject({
      code,
      message: expect.stringMatching(message) as unknown,
    });
  });

  it('leave the options of one out of the other', async () => {
    const off = { unguarded: 'off' } as const;
    await start({
      imports: [
        feature(ours, { controllers: [Open] }, off),
        feature(theirs, { controllers: [Theirs] }, withRoles),
      ],
    });
  });

  it('all judge a route that sees none of them', async () => {
    const imports = [feature(ours, {}, { unguarded: 'off' }), feature(theirs, {})];
    expect(await failureOf({ imports, controllers: [Open] })).toMatchObject({ code: 'route_unguarded' });
  });

  it('judge what a global guard of theirs is asked about', async () => {
    const imports = [
      feature(ours, { providers: [global] }),
      feature(theirs, { controllers: [Theirs] }, withRoles),
    ];
    const { code, message } = await failureOf({ imports });
    expect([code, message]).toEqual(['options_invalid', expect.stringContaining(theirs.issuer)]);
  });
});

describe('routes of every kind', () => {
  const routeWith = (...decorators: MethodDecorator[]): Type => {
    @Controller()
    class Routes {
      @RequireScopes('a') read(): void {}
    }
    const descriptor = Object.getOwnPropertyDescriptor(Routes.prototype, 'read') ?? {};
    for (const decorate of decorators) decorate(Routes.prototype, 'read', descriptor);
    return Routes;
  };
  const placed = (options: ControllerOptions): Type => {
    @Controller(options)
    class Routes {
      @RequireScopes('a') @Get() read(): void {}
    }
    return Routes;
  };

  it.each<[string, () => Type]>([
    ['@All', () => routeWith(All())],
    ['@Sse', () => routeWith(Sse('events'))],
    ['@Search', () => routeWith(Search())],
    ['a version of a route', () => routeWith(Get(), Version('2'))],
    ['a list of paths', () => routeWith(Get(['a', 'b']))],
    ['a controller of one host', () => placed({ host: ':tenant.example.com' })],
    ['a controller of one version', () => placed({ path: 'x', version: '1' })],
    ['a controller whose options make it request-scoped', () => placed({ scope: Scope.REQUEST })],
  ])('are checked: %s', async (_name, controller) => {
    const identity = IdentityModule.forRoot(ours.moduleOptions());
    const { code, message } = await failureOf({ imports: [identity], controllers: [controller()] });
    expect([code, message]).toEqual(['route_unguarded', expect.stringContaining('Routes.read')]);
  });
});

describe('guardSockets with several modules', () => {
  class Me {
    @SubscribeMessage('me') me(@Claims('sub') sub: string): object {
      return { event: 'reply', data: sub };
    }
  }
  @UseGuards(IdentityAuthGuard)
  @WebSocketGateway()
  class OurGateway extends Me {}
  @UseGuards(IdentityAuthGuard)
  @WebSocketGateway({ path: '/theirs' })
  class TheirGateway extends Me {}
  @WebSocketGateway()
  class BareGateway {
    @SubscribeMessage('me') me(): object {
      return { event: 'reply', data: 'anybody' };
    }
  }
  const adapters = {
    'socket.io': (target: INestApplication) => new IoAdapter(target),
    ws: (target: INestApplication) => new WsAdapter(target),
  };
  const prepare = (library: keyof typeof adapters) => (target: INestApplication) => {
    target.useWebSocketAdapter(guardSockets(target, adapters[library](target)));
  };
  const libraries = Object.keys(adapters) as (keyof typeof adapters)[];

  it.each(libraries)('does not start where gateways belong to different ones, on %s', async (library) => {
    const imports = [
      feature(ours, { providers: [OurGateway] }),
      feature(theirs, { providers: [TheirGateway] }),
    ];
    const { code, message } = await failureOf({ imports }, prepare(library));
    expect([code, message]).toEqual([
      'options_invalid',
      expect.stringMatching(/guardSockets.*OurGateway.*TheirGateway.*"issuers"/s),
    ]);
  });

  it.each(libraries)('takes the one that all gateways see, wherever it stands, on %s', async (library) => {
    const { url } = await start(
      { imports: [feature(ours, {}), feature(theirs, { providers: [TheirGateway] })] },
      prepare(library),
    );
    const ask = async (token: string): Promise<unknown> => {
      if (library === 'ws') {
        const socket = openWs(url, { headers: { authorization: `Bearer ${token}` } }, '/theirs');
        return askWs(socket, 'me').finally(() => socket.terminate());
      }
      const socket = io(url, { ...IO_OPTIONS, path: '/theirs', auth: { token } });
      return askIo(socket, 'me').finally(() => socket.disconnect());
    };
    expect(await ask(theirs.token({ sub: 'eve' }))).toEqual({ value: 'eve' });
    expect(await ask(ours.token())).toMatchObject({ code: 'issuer_unknown' });
  });

  it('does not start where a gateway sees none of several', async () => {
    const imports = [feature(ours, { providers: [OurGateway] }), feature(theirs, {})];
    const { code, message } = await failureOf({ imports, providers: [BareGateway] }, prepare('ws'));
    expect([code, message]).toEqual(['options_invalid', expect.stringContaining('BareGateway')]);
  });

  it('takes the only one for a gateway that sees none', async () => {
    const { url } = await start({ imports: [feature(ours, {})], providers: [BareGateway] }, prepare('ws'));
    const socket = openWs(url, { headers: { authorization: theirs.bearer() } });
    expect(await askWs(socket, 'me')).toMatchObject({ code: 'issuer_unknown' });
    socket.terminate();
  });
});

describe('what a subclass inherits', () => {
  const identity = (): ModuleMetadata['imports'] => [IdentityModule.forRoot(ours.moduleOptions())];

  @Public()
  class OpenParent {
    @Get() read(): object {
      return { ok: true };
    }
  }
  @OptionalAuth()
  class OptionalParent extends OpenParent {}

  @Controller()
  class Undecorated extends OpenParent {}
  @Controller()
  class UndecoratedOptional extends OptionalParent {}
  @UseGuards(IdentityAuthGuard)
  @Controller()
  class SaysGuarded extends OpenParent {}
  @Public()
  @Controller()
  class SaysPublic extends OpenParent {}
  @RequireScopes('a')
  @Controller()
  class SaysScope extends OpenParent {}
  @Controller()
  class SaysForEachRoute extends OpenParent {
    @Public() @Get() override read(): object {
      return super.read();
    }
  }

  it.each([
    [Undecorated, 'Undecorated (it extends OpenParent, whose @Public() does not count for it'],
    [
      UndecoratedOptional,
      'UndecoratedOptional (it extends OptionalParent, whose @OptionalAuth() does not count',
    ],
  ])('is no access mode: the start of %o says so', async (controller, message) => {
    const failure = await failureOf({
      imports: identity() ?? [],
      controllers: [controller],
      providers: [global],
    });
    expect([failure.code, failure.message]).toEqual([
      'access_contradiction',
      expect.stringContaining(message),
    ]);
  });

  it.each([
    [SaysGuarded, 401],
    [SaysPublic, 200],
    [SaysScope, 401],
    [SaysForEachRoute, 200],
  ])('does not matter where it speaks for itself: %o', async (controller, status) => {
    const { url } = await start({
      imports: identity() ?? [],
      controllers: [controller],
      providers: [global],
    });
    expect((await get(url)).status).toBe(status);
  });

  class Parent {
    @RequireScopes('admin') @Get() read(): object {
      return { ok: true };
    }
    @Public() @Get('open') open(): object {
      return { ok: true };
    }
    @UseGuards(IdentityAuthGuard) @Get('guarded') guarded(): object {
      return { ok: true };
    }
  }

  it('is no requirement of a method that it overrides', async () => {
    @UseGuards(IdentityAuthGuard)
    @Controller()
    class Forgetful extends Parent {
      @Get() override read(): object {
        return super.read();
      }
    }
    @UseGuards(IdentityAuthGuard)
    @Controller()
    class Grandchild extends Forgetful {
      @Get() override read(): object {
        return super.read();
      }
    }
    for (const controller of [Forgetful, Grandchild]) {
      const { code, message } = await failureOf({ imports: identity() ?? [], controllers: [controller] });
      expect([code, message]).toEqual([
        'access_contradiction',
        expect.stringMatching(new RegExp(`${controller.name}\\.read \\(it overrides`)),
      ]);
    }
  });

  it('is content with an override that says what it requires, and with one that requires more', async () => {
    @UseGuards(IdentityAuthGuard)
    @Controller()
    class Explicit extends Parent {
      @RequireScopes('reader') @Get() override read(): object {
        return super.read();
      }
      @Get('open') override open(): object {
        return super.open();
      }
    }
    const { url } = await start({ imports: identity() ?? [], controllers: [Explicit] });
    expect((await get(url, ours.token({ scope: 'reader' }))).status).toBe(200);
    expect((await get(url, ours.token({ scope: 'admin' }))).status).toBe(403);
    expect((await get(`${url}/open`)).status).toBe(401);
  });

  it('is no guard of a method that it overrides', async () => {
    @Controller()
    class Unguarded extends Parent {
      @Public() @Get() override read(): object {
        return super.read();
      }
      @Get('guarded') override guarded(): object {
        return super.guarded();
      }
    }
    const { code, message } = await failureOf({ imports: identity() ?? [], controllers: [Unguarded] });
    expect([code, message]).toEqual([
      'route_unguarded',
      expect.stringMatching(/Unguarded\.guarded \(it overrides a method with @UseGuards/),
    ]);
    await start({ imports: identity() ?? [], controllers: [Unguarded], providers: [global] });
  });
});

describe('options that depend on the request', () => {
  @Injectable({ scope: Scope.REQUEST })
  class TenantSettings {}
  @Injectable()
  class Settings {
    constructor(readonly tenant: TenantSettings) {}
  }
  @Injectable({ scope: Scope.TRANSIENT })
  class EachTime {}
  @Module({
    providers: [
      TenantSettings,
      {
        provide: Settings,
        inject: [TenantSettings],
        useFactory: (tenant: TenantSettings) => new Settings(tenant),
      },
      EachTime,
    ],
    exports: [TenantSettings, Settings, EachTime],
  })
  class SettingsModule {}
  @UseGuards(IdentityAuthGuard)
  @Controller()
  class Routes {
    @Get() me(): object {
      return {};
    }
  }

  const register = (inject: (typeof REQUEST | Type)[], isGlobal: boolean): ModuleMetadata => ({
    imports: [
      IdentityModule.forRootAsync({
        imports: [SettingsModule],
        inject,
        useFactory: () => ours.moduleOptions(),
        isGlobal,
      }),
    ],
    controllers: [Routes],
  });

  it.each<[string, typeof REQUEST | Type]>([
    ['TenantSettings', TenantSettings],
    ['TenantSettings', Settings],
    ['REQUEST', REQUEST],
  ])('stop the start, and name %s', async (name, token) => {
    for (const isGlobal of [true, false]) {
      const { code, message } = await failureOf(register([token], isGlobal));
      expect([code, message]).toEqual([
        'options_invalid',
        expect.stringMatching(
          new RegExp(`depend on ${name}, which is request-scoped.*"issuers" be a function`, 's'),
        ),
      ]);
    }
  });

  it('do not stop it where a dependency is only transient', async () => {
    const { url } = await start(register([EachTime], true));
    expect((await get(url, ours.token())).status).toBe(200);
  });
});

describe('a guard that was made with "new"', () => {
  class OwnGuard extends IdentityAuthGuard {}
  class HoldingGuard {
    readonly identity = new IdentityAuthGuard();
    canActivate(): boolean {
      return true;
    }
  }
  const metadata = (...guards: Parameters<typeof UseGuards>): ModuleMetadata => {
    @UseGuards(...guards)
    @Controller()
    class Routes {
      @Get() me(): object {
        return {};
      }
    }
    return { imports: [IdentityModule.forRoot(ours.moduleOptions())], controllers: [Routes] };
  };
  const refusal = (name: string): object => ({
    code: 'guard_missing',
    message: expect.stringContaining(`${name} was made with "new"`) as unknown,
  });

  it.each([
    [new IdentityAuthGuard(), 'IdentityAuthGuard'],
    [new OwnGuard(), 'OwnGuard'],
    [new HoldingGuard(), 'IdentityAuthGuard'],
  ])('stops the start, on a class and for all: %#', async (guard, name) => {
    expect(await failureOf(metadata(guard))).toMatchObject(refusal(name));
    const forAll = await failureOf(metadata(), (prepared) => void prepared.useGlobalGuards(guard));
    expect(forAll).toMatchObject(refusal(name));
  });
});
