import {
  Controller,
  ForbiddenException,
  Get,
  Injectable,
  Module,
  Req,
  UnauthorizedException,
  UseGuards,
  type ModuleMetadata,
  type Type,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AuthGuard, PassportModule, PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  Claims,
  IdentityAuthGuard,
  IdentityError,
  IdentityEvents,
  IdentityModule,
  OptionalAuth,
  Public,
  RequireClaim,
  RequireScopes,
  Token,
  TokenValidationService,
  type AccessTokenClaims,
  type IdentityModuleOptions,
} from 'nestjs-identity-model';
import { createApp, get, PLATFORMS, type Platform, type TestApp } from './support/create-app.js';
import { ProviderDouble } from './support/provider-double.js';
import { createKey } from './support/signing-key.js';

const EXPIRED = 'Bearer realm="api", error="invalid_token", error_description="The access token is expired"';
const INVALID = 'Bearer realm="api", error="invalid_token", error_description="The access token is invalid"';

/** Routes without a guard of their own. */
@Controller()
class BareController {
  @Get('plain') plain(@Claims('sub') sub: string): unknown {
    return { sub };
  }
  @RequireScopes('a') @Get('scoped') scoped(): unknown {
    return { ok: true };
  }
  @Public() @Get('public') open(@Claims() claims: unknown): unknown {
    return { claims: claims ?? null };
  }
  @OptionalAuth() @Get('optional') optional(@Claims('sub') sub: string | undefined): unknown {
    return { sub: sub ?? null };
  }
  @Get('user') user(@Req() request: { user?: unknown }, @Claims('sub') sub: string): unknown {
    return { user: request.user, sub };
  }
}

@UseGuards(IdentityAuthGuard)
@Controller()
class GuardedController extends BareController {}

let provider: ProviderDouble;
const open: TestApp[] = [];

beforeAll(async () => {
  provider = await ProviderDouble.start();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map(({ app }) => app.close()));
});
afterAll(() => provider.stop());

const identity = (options: Partial<IdentityModuleOptions> = {}): ReturnType<typeof IdentityModule.forRoot> =>
  IdentityModule.forRoot({ issuer: provider.issuer, audience: 'orders-api', ...options });

async function start(
  platform: Platform,
  metadata: ModuleMetadata,
  prepare?: Parameters<typeof createApp>[2],
): Promise<TestApp> {
  const target = await createApp(platform, metadata, prepare);
  open.push(target);
  return target;
}

/** What each of the four kinds of route answers, with and without a token. */
async function expectProtected(url: string): Promise<void> {
  const good = provider.token({ scope: 'a' });
  const status = async (path: string, token?: string): Promise<number> =>
    (await get(`${url}${path}`, token)).status;
  expect(await status('/plain')).toBe(401);
  expect(await status('/plain', 'garbage')).toBe(401);
  expect(await status('/plain', good)).toBe(200);
  expect(await status('/scoped', good)).toBe(200);
  expect(await status('/scoped', provider.token())).toBe(403);
  expect(await status('/public')).toBe(200);
  expect(await status('/optional')).toBe(200);
  expect(await status('/optional', 'garbage')).toBe(401);
}

@Injectable()
class OwnGuard extends IdentityAuthGuard {}

describe.each(PLATFORMS)('IdentityAuthGuard on %s', (platform) => {
  it.each<[string, ModuleMetadata['providers']]>([
    ['APP_GUARD with useExisting', [{ provide: APP_GUARD, useExisting: IdentityAuthGuard }]],
    ['APP_GUARD with useClass', [{ provide: APP_GUARD, useClass: IdentityAuthGuard }]],
    ['APP_GUARD with a subclass', [{ provide: APP_GUARD, useClass: OwnGuard }]],
  ])('protects every route as %s', async (_name, providers = []) => {
    const { url } = await start(platform, {
      imports: [identity()],
      controllers: [BareController],
      providers,
    });
    await expectProtected(url);
  });

  it('protects every route through useGlobalGuards', async () => {
    const { url } = await start(platform, { imports: [identity()], controllers: [BareController] }, (app) =>
      app.useGlobalGuards(app.get(IdentityAuthGuard)),
    );
    await expectProtected(url);
  });

  it('protects a controller that asks for it, in a module that does not import ours', async () => {
    @Module({ controllers: [GuardedController] })
    class Feature {}
    const { url } = await start(platform, { imports: [identity(), Feature] });
    await expectProtected(url);
  });

  it('works beside PassportModule and a stock jwt strategy, and leaves both alone', async () => {
    @Injectable()
    class StockStrategy extends PassportStrategy(Strategy) {
      constructor() {
        super({ jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(), secretOrKey: 'x'.repeat(32) });
      }
      validate(): unknown {
        return { stock: true };
      }
    }
    @Controller('stock')
    class StockController {
      @UseGuards(AuthGuard()) @Get() index(): unknown {
        return { ok: true };
      }
    }
    const { url } = await start(platform, {
      imports: [PassportModule.register({ defaultStrategy: 'jwt' }), identity()],
      controllers: [GuardedController, StockController],
      providers: [StockStrategy],
    });
    await expectProtected(url);
    const stock = await get(`${url}/stock`, provider.token());
    expect(stock.status).toBe(401);
    expect(stock.headers.get('www-authenticate')).toBeNull();
  });

  it('counts a request once that it sees twice, and asks the provider once', async () => {
    const { app, url } = await start(platform, {
      imports: [identity()],
      controllers: [GuardedController],
      providers: [{ provide: APP_GUARD, useExisting: IdentityAuthGuard }],
    });
    const types: string[] = [];
    app.get(IdentityEvents).events$.subscribe((event) => types.push(event.type));
    expect((await get(`${url}/scoped`, provider.token({ scope: 'a' }))).status).toBe(200);
    expect(types.filter((type) => type.startsWith('token'))).toEqual(['token.validated']);
    expect(app.get(TokenValidationService).stats()).toEqual({ validated: 1, rejected: 0 });
  });

  it('answers 503 where a predicate of a route or the function scopeClaim breaks', async () => {
    @UseGuards(IdentityAuthGuard)
    @Controller()
    class BrokenController {
      @RequireClaim('groups', (groups) => (groups as string[]).includes('admins'))
      @Get('claim')
      claim(): unknown {
        return { ok: true };
      }
      @RequireScopes('a') @Get('scope') scope(): unknown {
        return { ok: true };
      }
    }
    const scopeClaim = (claims: AccessTokenClaims): unknown => (claims['grants'] as string).split(',');
    const { app, url } = await start(platform, {
      imports: [identity({ scopeClaim })],
      controllers: [BrokenController],
    });
    const good = provider.token({ groups: ['admins'], grants: 'a,b' });
    for (const path of ['/claim', '/scope']) {
      expect((await get(`${url}${path}`, good)).status).toBe(200);
      const answer = await get(`${url}${path}`, provider.token());
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    }
    const tokens = app.get(TokenValidationService);
    await expect(tokens.validate(provider.token(), { scopes: ['a'] })).rejects.toMatchObject({
      code: 'check_failed',
    });
  });

  it('asks the handleRequest of a subclass on a route, once, behind the global guard', async () => {
    let asked = 0;
    class OnlyAdmins extends IdentityAuthGuard {
      override handleRequest<User>(err: unknown, user: User): User {
        asked++;
        if (err instanceof Error) throw err;
        if ((user as AccessTokenClaims).sub !== 'admin') throw new ForbiddenException('admins only');
        return user;
      }
    }
    @UseGuards(OnlyAdmins, OnlyAdmins)
    @Controller()
    class AdminController {
      @Get('admin')
      admin(@Claims('sub') sub: string): unknown {
        return { sub };
      }
    }
    const { app, url } = await start(platform, {
      imports: [identity()],
      controllers: [AdminController],
      providers: [{ provide: APP_GUARD, useExisting: IdentityAuthGuard }],
    });
    expect((await get(`${url}/admin`, provider.token())).status).toBe(403);
    expect(asked).toBe(1);
    const answer = await get(`${url}/admin`, provider.token({ sub: 'admin' }));
    expect([answer.status, await answer.json(), asked]).toEqual([200, { sub: 'admin' }, 2]);
    expect(app.get(TokenValidationService).stats()).toEqual({ validated: 2, rejected: 0 });
  });

  it.each<[string, Type]>([
    [
      'the form of Nest’s docs',
      class extends IdentityAuthGuard {
        override handleRequest<User>(err: Error | null, user: User | false): User {
          if (err || !user) throw err ?? new UnauthorizedException();
          return user;
        }
      },
    ],
    [
      'a form that lets everybody in',
      class extends IdentityAuthGuard {
        override handleRequest<User>(_err: unknown, user: User): User {
          return user || (null as User);
        }
      },
    ],
    [
      'a form that replaces the user',
      class extends IdentityAuthGuard {
        override handleRequest<User>(err: unknown, user: User): User {
          if (err instanceof Error) throw err;
          return (user ? { replaced: true } : null) as User;
        }
      },
    ],
  ])('keeps every answer of the table under handleRequest in %s', async (_name, guard) => {
    const { url } = await start(platform, {
      imports: [identity()],
      controllers: [BareController],
      providers: [{ provide: APP_GUARD, useClass: guard }],
    });
    await expectProtected(url);
    const challengeOf = async (path: string, token?: string): Promise<string | null> =>
      (await get(`${url}${path}`, token)).headers.get('www-authenticate');
    expect(await challengeOf('/plain')).toBe('Bearer realm="api"');
    expect(await challengeOf('/plain', provider.token({ exp: 1 }))).toBe(EXPIRED);
    expect(await challengeOf('/plain', 'garbage')).toBe(INVALID);
    expect(await challengeOf('/scoped', provider.token())).toBe(
      'Bearer realm="api", error="insufficient_scope", scope="a"',
    );
    // What the decorators read does not pass through handleRequest.
    expect(await (await get(`${url}/plain`, provider.token())).json()).toEqual({ sub: 'user-1' });
  });

  it('keeps the answer of a handleRequest that throws by itself', async () => {
    class Teapot extends IdentityAuthGuard {
      override handleRequest<User>(): User {
        throw new ForbiddenException('mine');
      }
    }
    const { url } = await start(platform, {
      imports: [identity()],
      controllers: [BareController],
      providers: [{ provide: APP_GUARD, useClass: Teapot }],
    });
    const answer = await get(`${url}/plain`, provider.token());
    expect([answer.status, await answer.json()]).toEqual([
      403,
      { statusCode: 403, message: 'mine', error: 'Forbidden' },
    ]);
  });

  it('hands handleRequest an exception for outages and the reason for refusals', async () => {
    const seen: unknown[] = [];
    class Watching extends IdentityAuthGuard {
      // oxlint-disable-next-line typescript/no-explicit-any
      override handleRequest<User = any>(err: any, user: any, info: any): User {
        seen.push(err instanceof Error ? (err.cause as IdentityError).code : (info as IdentityError).code);
        return super.handleRequest<User>(err, user, info);
      }
    }
    const other = await ProviderDouble.start();
    const { url } = await start(platform, {
      imports: [
        identity({
          issuer: undefined,
          audience: undefined,
          issuers: [
            { issuer: provider.issuer, audience: 'orders-api' },
            { issuer: other.issuer, audience: 'orders-api' },
          ],
          warmUp: 'off',
          http: { retries: 0 },
        }),
      ],
      controllers: [BareController],
      providers: [{ provide: APP_GUARD, useClass: Watching }],
    });
    await other.stop();
    expect((await get(`${url}/plain`, provider.token({ iss: other.issuer }))).status).toBe(503);
    expect((await get(`${url}/plain`, provider.token({ exp: 1 }))).status).toBe(401);
    expect((await get(`${url}/plain`)).status).toBe(401);
    expect((await get(`${url}/scoped`, provider.token())).status).toBe(403);
    expect(seen).toEqual(['keys_unavailable', 'token_expired', 'token_missing', 'scope_missing']);
  });
});

describe.each(PLATFORMS)('request.user on %s', (platform) => {
  const userOf = async (options: Partial<IdentityModuleOptions>, token = provider.token()) => {
    const { url } = await start(platform, {
      imports: [identity(options)],
      controllers: [GuardedController],
    });
    const answer = await get(`${url}/user`, token);
    return [answer.status, await answer.json()] as [number, { user: unknown; sub: string }];
  };

  it('is the claims', async () => {
    const [status, body] = await userOf({});
    expect([status, body]).toEqual([
      200,
      { user: expect.objectContaining({ sub: 'user-1' }), sub: 'user-1' },
    ]);
  });

  it('is what mapUser makes, while the decorators keep the claims', async () => {
    const [status, body] = await userOf({
      mapUser: async ({ claims }, context) => ({ id: claims.sub, route: context.getHandler().name }),
    });
    expect([status, body]).toEqual([200, { user: { id: 'user-1', route: 'user' }, sub: 'user-1' }]);
  });

  it.each<[string, Partial<IdentityModuleOptions>, number]>([
    ['mapUser finds nobody', { mapUser: () => null }, 401],
    ['mapUser forgets to answer', { mapUser: () => undefined }, 401],
    ['mapUser throws', { mapUser: () => Promise.reject(new TypeError('database')) }, 503],
    [
      'mapUser throws an exception of Nest',
      {
        mapUser: () => {
          throw new ForbiddenException();
        },
      },
      403,
    ],
    ['validate says no', { validate: () => false }, 401],
    ['validate answers what is only true-ish', { validate: () => 1 as unknown as boolean }, 401],
    ['validate throws', { validate: () => Promise.reject(new Error('redis')) }, 503],
    [
      'validate throws a fault of ours',
      { validate: () => Promise.reject(new IdentityError('token_expired')) },
      401,
    ],
    ['validate says yes', { validate: async () => true }, 200],
  ])('is not reached where %s', async (_name, options, status) => {
    const [answered, body] = await userOf(options);
    expect(answered).toBe(status);
    expect(JSON.stringify(body)).not.toMatch(/database|redis/);
  });

  it('is not asked for before the requirements are met', async () => {
    let asked = 0;
    const { url } = await start(platform, {
      imports: [identity({ mapUser: () => ({ asked: ++asked }) })],
      controllers: [GuardedController],
    });
    expect((await get(`${url}/scoped`, provider.token())).status).toBe(403);
    expect(asked).toBe(0);
  });
});

describe.each(PLATFORMS)('where the token comes from, on %s', (platform) => {
  it.each<[string, IdentityModuleOptions['jwtFromRequest'], (token: string) => Record<string, string>]>([
    ['a header', ExtractJwt.fromHeader('x-access-token'), (token) => ({ 'x-access-token': token })],
    [
      'a cookie',
      (request: { headers: Record<string, string | undefined> }) =>
        /(?:^|; )at=([^;]+)/.exec(request.headers['cookie'] ?? '')?.[1] ?? null,
      (token) => ({ cookie: `x=1; at=${token}` }),
    ],
    [
      'passport-jwt’s own Bearer extractor',
      ExtractJwt.fromAuthHeaderAsBearerToken(),
      (token) => ({ authorization: `Bearer ${token}` }),
    ],
  ])('takes it from %s', async (_name, jwtFromRequest, headers) => {
    const { url } = await start(platform, {
      imports: [identity({ jwtFromRequest })],
      controllers: [GuardedController],
    });
    const ask = async (init?: RequestInit): Promise<number> => (await fetch(`${url}/plain`, init)).status;
    expect(await ask({ headers: headers(provider.token()) })).toBe(200);
    expect(await ask({ headers: headers('garbage') })).toBe(401);
    expect(await ask()).toBe(401);
  });

  it.each<[string, () => unknown, number]>([
    ['throws', () => JSON.parse('{') as unknown, 503],
    ['answers with a promise that rejects', () => Promise.reject(new Error('later')), 503],
    ['answers with a promise of a good token', () => Promise.resolve(provider.token()), 503],
    [
      'throws an answer of its own',
      () => {
        throw new ForbiddenException();
      },
      403,
    ],
    [
      'throws an answer of the module',
      () => {
        throw new IdentityError('authorization_malformed', 'two cookies');
      },
      400,
    ],
    ['answers an object', () => ({}), 401],
    ['answers a number', () => 7, 401],
    ['answers nothing', () => undefined, 401],
  ])('lets nobody in where an extractor %s', async (how, extract, status) => {
    const { url } = await start(platform, {
      imports: [identity({ jwtFromRequest: extract as () => string })],
      controllers: [GuardedController],
    });
    expect((await get(`${url}/plain`, provider.token())).status).toBe(status);
    expect((await get(`${url}/optional`, provider.token())).status).toBe(
      how === 'answers nothing' ? 200 : status,
    );
  });
});

describe.each(PLATFORMS)('@Claims and @Token on %s', (platform) => {
  it('say where the guard is missing', async () => {
    const { url } = await start(platform, {
      imports: [identity({ unguarded: 'off' })],
      controllers: [BareController],
    });
    expect((await get(`${url}/plain`, provider.token())).status).toBe(500);
  });

  it('hand out frozen claims', async () => {
    @UseGuards(IdentityAuthGuard)
    @Controller()
    class Meddling {
      @Get() index(@Claims() claims: { a: { b: string[] } }, @Token() token: string): unknown {
        const refused = [(): unknown => claims.a.b.push('x'), () => Object.assign(claims, { sub: 'x' })];
        return {
          token: token.split('.').length,
          refused: refused.map((change) => {
            try {
              change();
              return false;
            } catch (error) {
              return error instanceof TypeError;
            }
          }),
        };
      }
    }
    const { url } = await start(platform, { imports: [identity()], controllers: [Meddling] });
    const answer = await get(`${url}/`, provider.token({ a: { b: ['c'] } }));
    expect(await answer.json()).toEqual({ token: 3, refused: [true, true] });
  });
});

describe.each(PLATFORMS)('two applications in one process, on %s', (platform) => {
  it('never mix, however many requests run at once', async () => {
    const other = await ProviderDouble.start({ keys: [createKey('ES256', 'ec-1')] });
    const [one, two] = await Promise.all(
      [provider, other].map((each) =>
        start(platform, {
          imports: [IdentityModule.forRoot({ issuer: each.issuer, audience: 'orders-api' })],
          controllers: [GuardedController],
        }),
      ),
    );
    const ask = async (target: TestApp | undefined, from: ProviderDouble, sub: string): Promise<string> => {
      const answer = await get(`${target?.url ?? ''}/plain`, from.token({ sub }));
      return `${String(answer.status)} ${await answer.text()}`;
    };
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) => {
        const sub = `user-${String(index)}`;
        return Promise.all([
          ask(one, provider, sub),
          ask(two, other, sub),
          index % 10 === 0 ? ask(one, other, sub) : '401',
        ]);
      }),
    );
    for (const [index, [ours, theirs, crossed]] of answers.entries()) {
      const served = `200 {"sub":"user-${String(index)}"}`;
      expect([ours, theirs, crossed.slice(0, 3)]).toEqual([served, served, '401']);
    }
    await other.stop();
  });
});
