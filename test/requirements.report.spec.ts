import { Controller, Get, Logger, UseGuards, type ExecutionContext, type Type } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  Actor,
  Claims,
  IdentityAuthGuard,
  IdentityEvents,
  IdentityModule,
  IdentityStats,
  OptionalAuth,
  Public,
  RequireActor,
  RequireClaim,
  RequireRoles,
  RequireScopes,
  type AccessWouldDenyEvent,
  type IdentityEvent,
  type IdentityModuleOptions,
} from 'nestjs-identity-model';
import { IdentityDashboardModule } from 'nestjs-identity-model/dashboard';
import { TestIssuer } from 'nestjs-identity-model/testing';
import { createApp, get, PLATFORMS, type Platform } from './support/create-app.js';

const REPORT = { mode: 'report' } as const;
const issuer = TestIssuer.inMemory({ audience: 'orders-api' });
const tokenWith = (claims: object): string =>
  issuer.token({ claims: { client_id: 'secret-client', ...claims } });

@UseGuards(IdentityAuthGuard)
@RequireScopes('base')
@Controller('orders')
class Orders {
  @RequireScopes('more', REPORT) @Get('both') both(): object {
    return {};
  }
  @RequireScopes('write') @RequireScopes('more', REPORT) @Get('write') write(): object {
    return {};
  }
}

@UseGuards(IdentityAuthGuard)
@RequireScopes('class', REPORT)
@Controller('reported')
class Reported {
  @Get('plain') plain(@Claims('sub') sub: string | undefined): object {
    return { sub };
  }
  @RequireRoles('admin') @Get('role') role(): object {
    return {};
  }
  @Public() @Get('public') open(): object {
    return {};
  }
  @OptionalAuth() @Get('optional') optional(): object {
    return {};
  }
  @RequireActor('desk', REPORT) @Get('act') act(): object {
    return {};
  }
  @RequireActor('desk') @RequireScopes('b', REPORT) @Get('act-enforced') actEnforced(): object {
    return {};
  }
  @RequireActor('desk', REPORT) @Get('act-parameter') actParameter(
    @Actor() actor: Actor | undefined,
  ): object {
    return { actor: actor?.sub };
  }
  @RequireClaim(
    'tenant',
    () => {
      throw new TypeError('a secret of the application');
    },
    REPORT,
  )
  @Get('broken')
  broken(): object {
    return {};
  }
}

@UseGuards(IdentityAuthGuard)
@Controller('optional')
class Optional {
  @OptionalAuth() @RequireScopes('a', REPORT) @Get() get(): object {
    return {};
  }
}

interface App {
  readonly ask: (path: string, claims?: object | null) => Promise<Response>;
  readonly events: IdentityEvent[];
  readonly stats: IdentityStats;
  /** Lines of the log that warn. */
  readonly warnings: () => string[];
}

async function start(
  options: Partial<IdentityModuleOptions> = {},
  {
    platform = 'express',
    controllers = [Orders, Reported, Optional],
    isGlobal = false,
  }: {
    platform?: Platform;
    controllers?: readonly Type[];
    isGlobal?: boolean;
  } = {},
): Promise<App> {
  const warn = vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
  const { app, url } = await createApp(platform, {
    imports: [IdentityModule.forRoot(issuer.moduleOptions({ rolesClaim: 'roles', ...options }))],
    controllers: [...controllers],
    providers: isGlobal ? [{ provide: APP_GUARD, useExisting: IdentityAuthGuard }] : [],
  });
  onTestFinished(() => app.close());
  const events: IdentityEvent[] = [];
  app.get(IdentityEvents).events$.subscribe((event) => events.push(event));
  return {
    ask: (path, claims = {}) => get(`${url}/${path}`, claims === null ? undefined : tokenWith(claims)),
    events,
    stats: app.get(IdentityStats),
    warnings: () => warn.mock.calls.map(([line]) => String(line)),
  };
}

const wouldDeny = ({ events }: App): readonly AccessWouldDenyEvent[] =>
  events.filter((event) => event.type === 'access.would-deny');
const codes = (app: App): string[] => wouldDeny(app).map(({ code }) => code);

describe.each(PLATFORMS)('a requirement that is only reported, on %s', (platform) => {
  it('lets a token in that does not meet it, and tells of it', async () => {
    const app = await start({ clientNames: { 'secret-client': 'web shop' } }, { platform });
    expect((await app.ask('orders/both', { scope: 'base' })).status).toBe(200);
    expect(wouldDeny(app)).toEqual([
      {
        type: 'access.would-deny',
        code: 'scope_missing',
        reason: 'The token does not have all of the scopes that the route requires: "more".',
        issuer: issuer.issuer,
        route: 'Orders.both',
        requirement: 'RequireScopes',
        client: 'web shop',
      },
    ]);
    expect((await app.ask('orders/both', { scope: 'base more' })).status).toBe(200);
    expect(wouldDeny(app)).toHaveLength(1);
    const { issuers, reported, window } = app.stats.snapshot();
    expect(issuers[0]?.wouldDeny).toEqual([{ code: 'scope_missing', client: 'web shop', count: 1 }]);
    expect(reported).toMatchObject([
      {
        route: 'Orders.both',
        calls: 2,
        wouldDeny: [{ code: 'scope_missing', client: 'web shop', count: 1 }],
      },
    ]);
    expect(window.denials.every(({ count }) => count === 0)).toBe(true);
  });

  it('weakens none that is enforced, of the class or beside it', async () => {
    const app = await start({}, { platform });
    expect((await app.ask('orders/both', { scope: 'more' })).status).toBe(403);
    expect((await app.ask('orders/write', { scope: 'base more' })).status).toBe(403);
    expect((await app.ask('orders/write', { scope: 'write more' })).status).toBe(403);
    expect((await app.ask('reported/role', { scope: 'class' })).status).toBe(403);
    // What is denied anyhow is not reported besides.
    expect(wouldDeny(app)).toEqual([]);
    expect((await app.ask('orders/write', { scope: 'base write' })).status).toBe(200);
    expect((await app.ask('reported/role', { roles: ['admin'] })).status).toBe(200);
    expect(codes(app)).toEqual(['scope_missing', 'scope_missing']);
  });

  it('is in no challenge: a client is not to ask for what is not needed yet', async () => {
    const app = await start({}, { platform });
    const challenge = async (path: string, claims: object | null): Promise<string | null> =>
      (await app.ask(path, claims)).headers.get('www-authenticate');
    expect(await challenge('orders/write', { scope: 'x' })).toBe(
      'Bearer realm="api", error="insufficient_scope", scope="base write"',
    );
    expect(await challenge('orders/write', null)).toBe('Bearer realm="api", scope="base write"');
    expect(await challenge('reported/plain', null)).toBe('Bearer realm="api"');
  });

  it('needs a token as ever, and a valid one', async () => {
    const app = await start({}, { platform });
    expect((await app.ask('reported/plain', null)).status).toBe(401);
    expect((await app.ask('reported/plain', { exp: 1 })).status).toBe(401);
    expect((await app.ask('reported/plain', { aud: 'another' })).status).toBe(401);
    expect((await app.ask('reported/plain', { sub: 'ada' })).status).toBe(200);
    expect(codes(app)).toEqual(['scope_missing']);
  });

  it('says of a malformed claim what enforcing it would answer; it stays a 401 where something else reads it', async () => {
    const app = await start({}, { platform });
    expect((await app.ask('reported/act', { scope: 'class', act: 'malformed' })).status).toBe(200);
    expect(codes(app)).toEqual(['claim_invalid']);
    expect((await app.ask('reported/act', { scope: 'class', act: {} })).status).toBe(200);
    expect((await app.ask('reported/act', { scope: 'class' })).status).toBe(200);
    expect(codes(app)).toEqual(['claim_invalid', 'claim_invalid', 'actor_not_met']);
    expect((await app.ask('reported/act-enforced', { act: 'malformed' })).status).toBe(401);
    expect((await app.ask('reported/act-parameter', { act: 'malformed' })).status).toBe(401);
    expect(await (await app.ask('reported/act-parameter', {})).json()).toEqual({});
  });
});

describe('whether a token is needed', () => {
  it('does not depend on what a decorator only reports', async () => {
    const app = await start();
    // Nothing is looked at on a public route, a bad token included.
    expect((await app.ask('reported/public', null)).status).toBe(200);
    expect((await app.ask('reported/public', { exp: 1 })).status).toBe(200);
    expect(wouldDeny(app)).toEqual([]);
    for (const path of ['reported/optional', 'optional']) {
      app.events.length = 0;
      expect((await app.ask(path, null)).status).toBe(200);
      expect((await app.ask(path, { exp: 1 })).status).toBe(401);
      expect((await app.ask(path, {})).status).toBe(200);
      // Without a token, enforcing would answer 401.
      expect(wouldDeny(app)).toMatchObject([
        { code: 'token_missing', issuer: undefined, requirement: 'RequireScopes', client: 'none' },
        { code: 'scope_missing', issuer: issuer.issuer, client: 'other' },
      ]);
    }
    expect(app.stats.snapshot().otherWouldDeny).toEqual([
      { code: 'token_missing', client: 'none', count: 2 },
    ]);
  });

  it('does not depend on the option requirementMode', async () => {
    @UseGuards(IdentityAuthGuard)
    @RequireScopes('a')
    @Controller('class')
    class OfClass {
      @Public() @Get('public') open(): object {
        return {};
      }
      @OptionalAuth() @Get('optional') optional(): object {
        return {};
      }
    }
    @UseGuards(IdentityAuthGuard)
    @Public()
    @Controller('method')
    class OfMethod {
      @RequireScopes('a') @Get('scoped') scoped(): object {
        return {};
      }
      @Get('open') open(): object {
        return {};
      }
    }
    for (const [requirementMode, without] of [
      ['enforce', 403],
      ['report', 200],
    ] as const) {
      const app = await start({ requirementMode }, { controllers: [OfClass, OfMethod] });
      for (const path of ['class/public', 'class/optional', 'method/scoped']) {
        expect((await app.ask(path, null)).status).toBe(401);
        expect((await app.ask(path, {})).status).toBe(without);
      }
      expect((await app.ask('method/open', null)).status).toBe(200);
    }
  });

  it('is for a guard of the application to say, where nothing is enforced', async () => {
    class KeyOrToken extends IdentityAuthGuard {
      override canActivate(context: ExecutionContext): ReturnType<IdentityAuthGuard['canActivate']> {
        const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, unknown> }>();
        return headers['authorization'] === undefined
          ? this.allowWithoutToken(context)
          : super.canActivate(context);
      }
    }
    @UseGuards(KeyOrToken)
    @Controller('keys')
    class Keys {
      @RequireScopes('a', REPORT) @Get('reported') reported(): object {
        return {};
      }
      @RequireScopes('a') @Get('required') required(): object {
        return {};
      }
    }
    for (const requirementMode of ['enforce', 'report'] as const) {
      const app = await start({ requirementMode }, { controllers: [Keys] });
      expect((await app.ask('keys/reported', null)).status).toBe(200);
      expect((await app.ask('keys/required', null)).status).toBe(401);
      expect(codes(app)).toEqual(['token_missing']);
    }
  });
});

describe('the option requirementMode', () => {
  it('reports what decorators leave open, and no more', async () => {
    @UseGuards(IdentityAuthGuard)
    @RequireScopes('base')
    @Controller()
    class Mixed {
      @RequireScopes('a', { mode: 'enforce' }) @Get('enforced') enforced(): object {
        return {};
      }
      @RequireRoles('admin') @Get('open') open(): object {
        return {};
      }
    }
    const app = await start({ requirementMode: 'report' }, { controllers: [Mixed] });
    const denied = await app.ask('enforced', { scope: 'base' });
    expect(denied.status).toBe(403);
    expect(denied.headers.get('www-authenticate')).toBe(
      'Bearer realm="api", error="insufficient_scope", scope="a"',
    );
    expect((await app.ask('enforced', null)).headers.get('www-authenticate')).toBe(
      'Bearer realm="api", scope="a"',
    );
    expect(wouldDeny(app)).toEqual([]);
    expect((await app.ask('enforced', { scope: 'a' })).status).toBe(200);
    expect((await app.ask('open', {})).status).toBe(200);
    expect(codes(app)).toEqual(['scope_missing', 'scope_missing', 'role_missing']);
  });

  it('opens no dashboard', async () => {
    const { app, url } = await createApp('express', {
      imports: [
        IdentityModule.forRoot(issuer.moduleOptions({ requirementMode: 'report' })),
        IdentityDashboardModule.forRoot({ requiredScopes: ['operate'], requiredIssuers: [issuer.issuer] }),
      ],
    });
    onTestFinished(() => app.close());
    const headers = { 'x-identity-dashboard': '1' };
    const ask = async (scope: string): Promise<number> =>
      (await get(`${url}/identity/data/snapshot`, tokenWith({ scope }), { headers })).status;
    expect(await ask('other')).toBe(403);
    expect(await ask('operate')).toBe(200);
  });
});

describe('what is told of a call', () => {
  it('is told once, however many guards are asked', async () => {
    const app = await start({}, { isGlobal: true });
    expect((await app.ask('orders/both', { scope: 'base' })).status).toBe(200);
    expect(codes(app)).toEqual(['scope_missing']);
    expect(app.stats.snapshot().reported).toMatchObject([{ calls: 1, wouldDeny: [{ count: 1 }] }]);
  });

  it('is one thing for each code, whatever else is not met', async () => {
    const app = await start();
    await app.ask('reported/act', {});
    expect(codes(app)).toEqual(['scope_missing', 'actor_not_met']);
    app.events.length = 0;
    @UseGuards(IdentityAuthGuard)
    @RequireScopes('a', REPORT)
    @RequireScopes('b', REPORT)
    @Controller()
    class Twice {
      @Get('twice') get(): object {
        return {};
      }
    }
    const twice = await start({}, { controllers: [Twice] });
    await twice.ask('twice', {});
    expect(wouldDeny(twice)).toHaveLength(1);
    expect(twice.stats.snapshot().issuers[0]?.wouldDeny).toMatchObject([{ count: 1 }]);
  });

  it('holds nothing of the token, the id of its client least of all', async () => {
    const app = await start({ clientNames: { another: 'app' } });
    await app.ask('reported/act', { act: { sub: 'secret-actor' }, scope: 'secret-scope' });
    await app.ask('reported/broken', { tenant: 'secret-tenant' });
    const told = JSON.stringify([app.events, app.stats.snapshot(), app.warnings()]);
    expect(told).not.toContain('secret');
    expect(codes(app)).toEqual(['scope_missing', 'actor_not_met', 'scope_missing', 'check_failed']);
  });

  it('is a line in the log where a function of the application breaks: nobody is answered so', async () => {
    const app = await start();
    for (let call = 0; call < 3; call++) expect((await app.ask('reported/broken', {})).status).toBe(200);
    expect(app.warnings().filter((line) => line.startsWith('check_failed'))).toEqual([
      "check_failed at Reported.broken, where @RequireClaim is only reported: The application's own function of a requirement failed: it threw TypeError.",
    ]);
  });
});

describe('the start', () => {
  it('lists what is only reported, in one line', async () => {
    const app = await start();
    expect(app.warnings().filter((line) => line.startsWith('Only reported'))).toEqual([
      'Only reported, not enforced: Orders.both (@RequireScopes), Orders.write (@RequireScopes), ' +
        'Reported.plain (@RequireScopes), Reported.role (@RequireScopes), ' +
        'Reported.open (@RequireScopes; @Public(), so no token is looked at and nothing is reported), ' +
        'Reported.optional (@RequireScopes; calls without a token are allowed), ' +
        'Reported.act (@RequireScopes, @RequireActor), Reported.actEnforced (@RequireScopes), ' +
        'Reported.actParameter (@RequireScopes, @RequireActor), Reported.broken (@RequireScopes, @RequireClaim), ' +
        'Optional.get (@RequireScopes; calls without a token are allowed)',
    ]);
  });

  it('lists nothing where all is enforced', async () => {
    @UseGuards(IdentityAuthGuard)
    @Controller()
    class Enforced {
      @RequireScopes('a') @Get('a') a(): object {
        return {};
      }
      @RequireScopes('b', { mode: 'enforce' }) @Get('b') b(): object {
        return {};
      }
    }
    const silent = await start({}, { controllers: [Enforced] });
    expect(silent.warnings()).toEqual([]);
    const half = await start({ requirementMode: 'report' }, { controllers: [Enforced] });
    expect(half.warnings()).toEqual(['Only reported, not enforced: Enforced.a (@RequireScopes)']);
  });

  it('lists what is reported without the check for guards, too', async () => {
    const app = await start({ unguarded: 'off' }, { controllers: [Optional] });
    expect(app.warnings()).toHaveLength(1);
  });

  it.each<[string, () => Type, RegExp]>([
    [
      'a method of a public class that reports',
      () => {
        @UseGuards(IdentityAuthGuard)
        @Public()
        @Controller()
        class Open {
          @RequireScopes('a', REPORT) @Get() get(): object {
            return {};
          }
        }
        return Open;
      },
      /Open\.get \(its class is public, so no token is looked at and nothing is reported: put @OptionalAuth\(\) on it\)/,
    ],
    [
      'a public method that reports itself',
      () => {
        @UseGuards(IdentityAuthGuard)
        @Controller()
        class Open {
          @Public() @RequireScopes('a', REPORT) @Get() get(): object {
            return {};
          }
        }
        return Open;
      },
      /access_contradiction|contradict each other.*Open\.get/,
    ],
    [
      'a requirement without a guard',
      () => {
        @Controller()
        class Bare {
          @RequireScopes('a', REPORT) @Get() get(): object {
            return {};
          }
        }
        return Bare;
      },
      /No IdentityAuthGuard is asked about these routes, which need a token: Bare\.get/,
    ],
    [
      'a requirement on what is no handler',
      () => {
        @UseGuards(IdentityAuthGuard)
        @Controller()
        class Helpers {
          @Get() get(): object {
            return {};
          }
          @RequireScopes('a', REPORT) help(): object {
            return {};
          }
        }
        return Helpers;
      },
      /Helpers\.help \(no handler, so no guard is asked/,
    ],
  ])('is refused for %s: it would never be reported', async (_what, make, message) => {
    await expect(start({}, { controllers: [make()] })).rejects.toThrow(message);
  });

  it('is refused for roles that no option says where to look for, and for issuers that are not configured', async () => {
    @UseGuards(IdentityAuthGuard)
    @Controller()
    class Roles {
      @RequireRoles('admin', REPORT) @Get() get(): object {
        return {};
      }
    }
    await expect(start({ rolesClaim: undefined }, { controllers: [Roles] })).rejects.toThrow(
      '"rolesClaim" is missing',
    );
  });
});
