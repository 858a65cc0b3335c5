import {
  Controller,
  Get,
  Inject,
  Injectable,
  Req,
  SetMetadata,
  UnauthorizedException,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type ModuleMetadata,
  type Type,
} from '@nestjs/common';
import { APP_GUARD, Reflector } from '@nestjs/core';
import { of, type Observable } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  Claims,
  IdentityAuthGuard,
  IdentityModule,
  OptionalAuth,
  RequireScopes,
  Token,
  TokenValidationService,
  type IdentityModuleOptions,
} from 'nestjs-identity-model';
import { TestIssuer } from 'nestjs-identity-model/testing';
import { createApp, PLATFORMS, type Platform, type TestApp } from './support/create-app.js';

const issuer = TestIssuer.inMemory({ audience: 'orders-api' });
const open: TestApp[] = [];

afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(open.splice(0).map(({ app }) => app.close()));
});

async function start(
  platform: Platform,
  metadata: ModuleMetadata,
  options: Partial<IdentityModuleOptions> = {},
): Promise<TestApp> {
  const test = await createApp(platform, {
    ...metadata,
    imports: [IdentityModule.forRoot({ ...issuer.moduleOptions(), ...options })],
  });
  open.push(test);
  return test;
}

const ask = async (url: string, headers: Record<string, string> = {}): Promise<[number, unknown]> => {
  const response = await fetch(url, { headers });
  return [response.status, await response.json()];
};

const token = (sub = 'ada', scope = ''): Record<string, string> => ({
  authorization: issuer.bearer({ sub, scope }),
});

/** Rows of a table that are called as their classes are. */
const named = (...guards: readonly Type<CanActivate>[]): [string, Type<CanActivate>][] =>
  guards.map((guard) => [guard.name, guard]);

/** What handlers of the tests answer with. */
const answer = (request: object, sub: unknown, text: unknown): object => ({
  user: (Reflect.get(request, 'user') as { sub?: string } | undefined)?.sub ?? null,
  sub: sub ?? null,
  token: typeof text,
});

describe.each(PLATFORMS)('a guard in the form of Nest’s documentation, on %s', (platform) => {
  const IS_PUBLIC = 'isPublic';

  @Injectable()
  class JwtAuthGuard extends IdentityAuthGuard {
    constructor(@Inject(Reflector) private readonly reflector: Reflector) {
      super();
    }
    override canActivate(context: ExecutionContext): boolean | Promise<boolean> | Observable<boolean> {
      const targets = [context.getHandler(), context.getClass()];
      if (this.reflector.getAllAndOverride<boolean>(IS_PUBLIC, targets)) return true;
      return super.canActivate(context);
    }
    // oxlint-disable-next-line typescript/no-explicit-any -- as it is documented
    override handleRequest(err: any, user: any, _info: any): any {
      if (err || !user) throw err || new UnauthorizedException();
      return user;
    }
  }

  @Controller()
  class Routes {
    @Get('me') me(@Req() request: object, @Claims('sub') sub: string, @Token() text: string): object {
      return answer(request, sub, text);
    }
    @SetMetadata(IS_PUBLIC, true) @Get('open') open(): object {
      return { open: true };
    }
  }

  it.each<[string, ModuleMetadata]>([
    ['as APP_GUARD', { controllers: [Routes], providers: [{ provide: APP_GUARD, useClass: JwtAuthGuard }] }],
  ])('%s works', async (_name, metadata) => {
    const { url } = await start(platform, metadata);
    expect(await ask(`${url}/me`, token())).toEqual([200, { user: 'ada', sub: 'ada', token: 'string' }]);
    expect((await ask(`${url}/me`))[0]).toBe(401);
    expect(await ask(`${url}/open`)).toEqual([200, { open: true }]);
  });

  it('may answer with an observable, and with a property injected beside the inherited ones', async () => {
    @Injectable()
    class Observing extends IdentityAuthGuard {
      @Inject(Reflector) readonly reflector!: Reflector;
      override canActivate(
        context: ExecutionContext,
      ): Observable<boolean> | ReturnType<CanActivate['canActivate']> {
        return this.reflector.get<boolean>(IS_PUBLIC, context.getHandler()) === true
          ? of(true)
          : super.canActivate(context);
      }
    }
    @UseGuards(Observing)
    @Controller()
    class Observed extends Routes {}
    const { url } = await start(platform, { controllers: [Observed] });
    expect((await ask(`${url}/me`, token()))[0]).toBe(200);
    expect((await ask(`${url}/me`))[0]).toBe(401);
    expect(await ask(`${url}/open`)).toEqual([200, { open: true }]);
  });

  it('that was made with "new" lets nobody in, and says why', async () => {
    const guard = new IdentityAuthGuard();
    await expect(guard.canActivate({} as ExecutionContext)).rejects.toMatchObject({
      code: 'guard_missing',
      message: expect.stringContaining('app.get(IdentityAuthGuard)') as unknown,
    });
  });
});

describe.each(PLATFORMS)('a token or an API key, on %s', (platform) => {
  const keyIn = (context: ExecutionContext): string | undefined =>
    context.switchToHttp().getRequest<{ headers: Record<string, string> }>().headers['x-api-key'];

  @Injectable()
  class TokenOrKeyGuard extends IdentityAuthGuard {
    override async canActivate(context: ExecutionContext): Promise<boolean> {
      const key = keyIn(context);
      if (key === undefined) return (await super.canActivate(context)) === true;
      if (key !== 'k1') throw new UnauthorizedException();
      return this.allowWithoutToken(context);
    }
  }

  /** The same around the module's guard. */
  @Injectable()
  class KeyBesideGuard implements CanActivate {
    constructor(@Inject(IdentityAuthGuard) private readonly identity: IdentityAuthGuard) {}
    async canActivate(context: ExecutionContext): Promise<boolean> {
      if (keyIn(context) === 'k1') return this.identity.allowWithoutToken(context);
      return (await this.identity.canActivate(context)) === true;
    }
  }

  /** In the order of a general OR guard: what the first refuses, the second may let in. */
  @Injectable()
  class AnyOfGuard implements CanActivate {
    constructor(@Inject(IdentityAuthGuard) private readonly identity: IdentityAuthGuard) {}
    async canActivate(context: ExecutionContext): Promise<boolean> {
      try {
        return (await this.identity.canActivate(context)) === true;
      } catch (error) {
        if (keyIn(context) === 'k1') return true;
        throw error;
      }
    }
  }

  /** With the hook that passport's guards have. */
  @Injectable()
  class KeyAsUserGuard extends IdentityAuthGuard {
    override handleRequest<User>(err: unknown, user: User, info: unknown, context: ExecutionContext): User {
      if (!user && keyIn(context) === 'k1') return { key: 1 } as User;
      return super.handleRequest(err, user, info);
    }
  }

  it.each(named(TokenOrKeyGuard, KeyBesideGuard, AnyOfGuard, KeyAsUserGuard))(
    '%s: claims of the token, and undefined for a key',
    async (_name, guard) => {
      @UseGuards(guard)
      @Controller()
      class Routes {
        @Get() me(@Req() request: object, @Claims('sub') sub: string, @Token() text: string): object {
          return answer(request, sub, text);
        }
      }
      const { url } = await start(platform, { controllers: [Routes] });
      expect(await ask(url, token())).toEqual([200, { user: 'ada', sub: 'ada', token: 'string' }]);
      expect(await ask(url, { 'x-api-key': 'k1' })).toEqual([
        200,
        { user: null, sub: null, token: 'undefined' },
      ]);
      for (const headers of [{}, { 'x-api-key': 'k2' }]) expect((await ask(url, headers))[0]).toBe(401);
    },
  );

  it.each(named(TokenOrKeyGuard, KeyBesideGuard, KeyAsUserGuard))(
    '%s: a key meets no requirement',
    async (_name, guard) => {
      @UseGuards(guard)
      @Controller()
      class Routes {
        @RequireScopes('w') @Get() me(): object {
          return {};
        }
      }
      const { url } = await start(platform, { controllers: [Routes] });
      expect((await ask(url, token('ada', 'w')))[0]).toBe(200);
      const response = await fetch(url, { headers: { 'x-api-key': 'k1' } });
      expect([response.status, response.headers.get('www-authenticate')]).toEqual([
        401,
        'Bearer realm="api", scope="w"',
      ]);
    },
  );

  it('a guard that skips super.canActivate() is told what to return where claims are wanted', async () => {
    class Skipping extends IdentityAuthGuard {
      override canActivate(): boolean {
        return true;
      }
    }
    @UseGuards(Skipping)
    @Controller()
    class Routes {
      @Get() me(@Claims('sub') sub: string): object {
        return { sub };
      }
    }
    const logged: unknown[] = [];
    const { app, url } = await start(platform, { controllers: [Routes] });
    app.useLogger({ log() {}, warn() {}, error: (line: unknown) => void logged.push(line) });
    expect((await ask(url))[0]).toBe(500);
    expect(logged.map(String).join('\n')).toContain('allowWithoutToken(context)');
  });
});

describe('handleRequest that returns no user', () => {
  class Lenient extends IdentityAuthGuard {
    override handleRequest<User>(_err: unknown, user: User): User {
      return (user || undefined) as User;
    }
  }
  @UseGuards(Lenient)
  @Controller()
  class Routes {
    @Get('me') me(@Claims('sub') sub: string | undefined): object {
      return { sub: sub ?? null };
    }
    @OptionalAuth() @Get('optional') optional(@Claims('sub') sub: string | undefined): object {
      return { sub: sub ?? null };
    }
  }

  it('is a 401, and the log names @OptionalAuth once', async () => {
    const warned: string[] = [];
    const { app, url } = await start('express', { controllers: [Routes] });
    app.useLogger({ log() {}, error() {}, warn: (line: unknown) => void warned.push(String(line)) });
    for (let times = 0; times < 3; times++) expect((await ask(`${url}/me`))[0]).toBe(401);
    expect(await ask(`${url}/optional`)).toEqual([200, { sub: null }]);
    expect(warned).toEqual([expect.stringMatching(/Routes\.me.*@OptionalAuth\(\)/)]);
  });

  it.each(PLATFORMS)('of a valid token is a 401 too, requirements met or not, on %s', async (platform) => {
    class Blocking extends IdentityAuthGuard {
      override handleRequest<User>(): User {
        return null as User;
      }
    }
    @UseGuards(Blocking)
    @Controller()
    class Blocked {
      @Get('me') me(): object {
        return {};
      }
      @RequireScopes('w') @Get('scoped') scoped(): object {
        return {};
      }
      @OptionalAuth() @Get('optional') optional(): object {
        return {};
      }
    }
    const warned: string[] = [];
    const { app, url } = await start(platform, { controllers: [Blocked] });
    app.useLogger({ log() {}, error() {}, warn: (line: unknown) => void warned.push(String(line)) });
    for (const path of ['scoped', 'me', 'optional']) {
      const response = await fetch(`${url}/${path}`, { headers: token('ada', 'w') });
      expect([path, response.status]).toEqual([path, 401]);
      expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"');
    }
    expect(warned).toEqual([expect.stringMatching(/Blocked\.scoped.*@OptionalAuth\(\)/)]);
  });

  it.each(PLATFORMS)('is no matter of where it leaves the user, on %s', async (platform) => {
    class AccountGuard extends IdentityAuthGuard {
      override getAuthenticateOptions(): { property: string } {
        return { property: 'account' };
      }
    }
    const answers = { controllers: [] as Type<unknown>[] };
    const mount = (path: string, ...guards: Type<CanActivate>[]): void => {
      @UseGuards(...guards)
      @Controller(path)
      class Marked {
        @Get() me(@Req() request: { user?: { sub: string }; account?: { sub: string } }): object {
          return { user: request.user?.sub ?? null, account: request.account?.sub ?? null };
        }
      }
      answers.controllers.push(Marked);
    };
    class Enriching extends IdentityAuthGuard {
      override handleRequest<User>(err: unknown): User {
        if (err instanceof Error) throw err;
        return { sub: 'enriched' } as User;
      }
    }
    /** Looks at an object of its own, which has the token of the request. */
    class CopyGuard extends IdentityAuthGuard {
      // oxlint-disable-next-line typescript/no-explicit-any -- AuthGuard's own signature
      override getRequest(context: ExecutionContext): any {
        const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
        return { headers: { authorization: headers['authorization'] } };
      }
    }
    mount('copied', CopyGuard, IdentityAuthGuard);
    mount('alone', AccountGuard);
    mount('before', AccountGuard, IdentityAuthGuard);
    mount('behind', IdentityAuthGuard, AccountGuard);
    mount('between', Enriching, AccountGuard, IdentityAuthGuard);
    const { url } = await start(platform, answers);
    const both = [200, { user: 'ada', account: 'ada' }];
    expect(await ask(`${url}/alone`, token())).toEqual([200, { user: null, account: 'ada' }]);
    expect(await ask(`${url}/before`, token())).toEqual(both);
    expect(await ask(`${url}/behind`, token())).toEqual(both);
    expect(await ask(`${url}/copied`, token())).toEqual([200, { user: 'ada', account: null }]);
    expect(await ask(`${url}/between`, token())).toEqual([200, { user: 'enriched', account: 'ada' }]);
  });
});

describe('several guards on one handler', () => {
  /** Reads the token of a service from a header of its own, on the request itself or on one that it makes. */
  class ServiceGuard extends IdentityAuthGuard {
    // oxlint-disable-next-line typescript/no-explicit-any -- AuthGuard's own signature
    override getRequest(context: ExecutionContext): any {
      const request = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
      return { headers: { authorization: request.headers['x-service'] } };
    }
  }

  it.each([
    ['before', [ServiceGuard, IdentityAuthGuard]],
    ['after', [IdentityAuthGuard, ServiceGuard]],
  ] as const)('a token from elsewhere replaces nothing: read %s the request’s own', async (_name, guards) => {
    @UseGuards(...guards)
    @Controller()
    class Routes {
      @Get() me(@Req() request: object, @Claims('sub') sub: string, @Token() text: string): object {
        return answer(request, sub, text);
      }
    }
    const { url } = await start('express', { controllers: [Routes] });
    const service = { 'x-service': issuer.bearer({ sub: 'batch' }) };
    expect(await ask(url, { ...token(), ...service })).toEqual([
      200,
      { user: 'ada', sub: 'ada', token: 'string' },
    ]);
    expect((await ask(url, token()))[0]).toBe(401);
    expect((await ask(url, service))[0]).toBe(401);
    expect((await ask(url, { ...token(), 'x-service': issuer.bearer({ wrong: 'expired' }) }))[0]).toBe(401);
  });

  it('a guard that stands alone hands over the token that it read, on optional routes too', async () => {
    @UseGuards(ServiceGuard)
    @Controller()
    class Routes {
      @Get('me') me(@Claims('sub') sub: string): object {
        return { sub };
      }
      @OptionalAuth() @Get('optional') optional(@Claims('sub') sub: string | undefined): object {
        return { sub: sub ?? null };
      }
    }
    const { url } = await start('express', { controllers: [Routes] });
    const service = { 'x-service': issuer.bearer({ sub: 'batch' }) };
    for (const path of ['me', 'optional']) {
      expect(await ask(`${url}/${path}`, service)).toEqual([200, { sub: 'batch' }]);
    }
    // The Authorization header is not this guard's.
    expect((await ask(`${url}/me`, token()))[0]).toBe(401);
    expect(await ask(`${url}/optional`, token())).toEqual([200, { sub: null }]);
  });

  it('ask mapUser once for a call, and hand each its result', async () => {
    const seen: unknown[] = [];
    class Enriching extends IdentityAuthGuard {
      override handleRequest<User>(err: unknown, user: User): User {
        seen.push(user);
        if (err instanceof Error) throw err;
        return { ...(user as object), enriched: true } as User;
      }
    }
    class Checking extends IdentityAuthGuard {
      override handleRequest<User>(err: unknown, user: User): User {
        seen.push(user);
        if (err instanceof Error) throw err;
        return user;
      }
    }
    @UseGuards(Enriching, IdentityAuthGuard, Checking)
    @Controller()
    class Routes {
      @Get() me(@Req() request: { user?: unknown }): object {
        return { user: request.user };
      }
    }
    let mapped = 0;
    const { app, url } = await start(
      'express',
      { controllers: [Routes] },
      { mapUser: ({ claims }) => ({ id: claims.sub, mapped: ++mapped }) },
    );
    // The last guard that has a say made it: what another one's handleRequest returned is not its business.
    expect(await ask(url, token())).toEqual([200, { user: { id: 'ada', mapped: 1 } }]);
    expect(seen).toEqual([
      { id: 'ada', mapped: 1 },
      { id: 'ada', mapped: 1 },
    ]);
    expect(app.get(TokenValidationService).stats().validated).toBe(1);
  });

  it('keep the user of a guard that made one behind a plain guard', async () => {
    class Enriching extends IdentityAuthGuard {
      override handleRequest<User>(err: unknown): User {
        if (err instanceof Error) throw err;
        return { enriched: true } as User;
      }
    }
    @UseGuards(Enriching, IdentityAuthGuard)
    @Controller()
    class Routes {
      @Get() me(@Req() request: { user?: unknown }, @Claims('sub') sub: string): object {
        return { user: request.user, sub };
      }
    }
    const { url } = await start('express', { controllers: [Routes] });
    expect(await ask(url, token())).toEqual([200, { user: { enriched: true }, sub: 'ada' }]);
  });
});
