import {
  Controller,
  Get,
  Module,
  Post,
  UseGuards,
  VersioningType,
  type INestApplication,
} from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  Claims,
  IdentityAuthGuard,
  IdentityModule,
  IdentityStats,
  ProtectedResource,
  Public,
  RequireScopes,
  IdentityError,
  type IdentityModuleOptions,
} from 'nestjs-identity-model';
import { TestIssuer } from 'nestjs-identity-model/testing';
import { PLATFORMS, type Platform } from './support/create-app.js';

const API = 'https://api.example.com';
const MCP = `${API}/mcp`;
const WELL_KNOWN = '/.well-known/oauth-protected-resource';
const RESOURCES = [
  { url: API, name: 'Orders', scopes: ['orders:read'] },
  { url: MCP, scopes: ['notes:read', 'notes:write'], documentation: 'https://docs.example.com/mcp' },
];
const issuer = TestIssuer.inMemory({ audience: API });

@Controller()
class Orders {
  @Get('orders') list(@Claims('sub') sub: string): object {
    return { sub };
  }
  @RequireScopes('orders:write') @Post('orders') create(): object {
    return {};
  }
  @ProtectedResource('/mcp') @Get('one-tool') tool(): object {
    return {};
  }
}

@ProtectedResource(MCP)
@Controller()
class Mcp {
  @Post('mcp') call(): object {
    return {};
  }
  @RequireScopes('notes:read') @Get('notes') notes(): object {
    return {};
  }
  @ProtectedResource(API) @Get('status') status(): object {
    return {};
  }
  @Public() @Get('ping') ping(): object {
    return {};
  }
}

/** What extends a class of a resource belongs to that resource. */
@Controller('below')
class MoreMcp extends Mcp {
  @Get('more') more(): object {
    return {};
  }
}

async function start(
  platform: Platform,
  options: Partial<IdentityModuleOptions> = {},
  configure: (app: INestApplication) => void = () => undefined,
  controllers: readonly (new () => object)[] = [Orders, Mcp, MoreMcp],
): Promise<{ app: INestApplication; url: string }> {
  @Module({
    imports: [
      IdentityModule.forRoot(issuer.moduleOptions({ audience: undefined, resources: RESOURCES, ...options })),
    ],
    controllers: [...controllers],
    providers: [{ provide: APP_GUARD, useExisting: IdentityAuthGuard }],
  })
  class App {}
  const quiet = { logger: false, abortOnError: false } as const;
  const app =
    platform === 'express'
      ? await NestFactory.create(App, quiet)
      : await NestFactory.create(App, new FastifyAdapter(), quiet);
  configure(app);
  await app.listen(0, '127.0.0.1');
  onTestFinished(() => app.close());
  return { app, url: await app.getUrl() };
}

const bearer = (audience: string | string[], scope?: string): RequestInit => ({
  headers: {
    authorization: `Bearer ${issuer.token({ audience, ...(scope === undefined ? {} : { scope }) })}`,
  },
});

describe.each(PLATFORMS)('the metadata on %s', (platform) => {
  it('says what the configuration says, and leaves out what has no value (RFC 9728 sections 2 and 3.2)', async () => {
    const { url } = await start(platform);
    const response = await fetch(url + WELL_KNOWN + '/mcp');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({
      resource: MCP,
      authorization_servers: [issuer.issuer],
      scopes_supported: ['notes:read', 'notes:write'],
      bearer_methods_supported: ['header'],
      resource_documentation: 'https://docs.example.com/mcp',
    });
    expect(await (await fetch(url + WELL_KNOWN)).json()).toEqual({
      resource: API,
      authorization_servers: [issuer.issuer],
      scopes_supported: ['orders:read'],
      bearer_methods_supported: ['header'],
      resource_name: 'Orders',
    });
  });

  it('is public under a global guard, prefix, version, pipe, CORS and interceptor of the application', async () => {
    const { url } = await start(platform, {}, (app) => {
      app.enableCors({ origin: 'https://only.example.com', credentials: true });
      app.setGlobalPrefix('api');
      app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
      app.useGlobalPipes({
        transform: () => {
          throw new Error('no pipe is asked');
        },
      });
      app.useGlobalInterceptors({
        intercept: () => {
          throw new Error('no handler is called');
        },
      });
    });
    // The application's own routes are where it says.
    expect((await fetch(`${url}/api/v1/orders`)).status).toBe(401);
    const origin = 'https://inspector.example.com';
    const got = await fetch(url + WELL_KNOWN, { headers: { origin } });
    expect([got.status, got.headers.get('access-control-allow-origin')]).toEqual([200, '*']);
    expect(got.headers.get('access-control-allow-credentials')).toBeNull();
    const preflight = await fetch(url + WELL_KNOWN, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'mcp-protocol-version',
      },
    });
    expect(preflight.status).toBe(204);
    // Nest's hook on Fastify comes first: who may read the metadata may call the API.
    const allowed = platform === 'express' ? '*' : 'https://only.example.com';
    expect(preflight.headers.get('access-control-allow-origin')).toBe(allowed);
    // What is not ours is answered as the application says.
    const other = await fetch(`${url}/api/v1/orders`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'GET' },
    });
    expect(other.headers.get('access-control-allow-origin')).toBe('https://only.example.com');
  });

  it('may be read by pages of every origin, with headers of their own', async () => {
    const { url } = await start(platform);
    const headers = {
      origin: 'https://inspector.example.com',
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'mcp-protocol-version',
    };
    const preflight = await fetch(url + WELL_KNOWN, { method: 'OPTIONS', headers });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
    expect(preflight.headers.get('access-control-allow-headers')).toBe('*');
    expect(preflight.headers.get('access-control-allow-methods')).toBe('GET, HEAD, OPTIONS');
  });

  it('answers HEAD as GET, without the body', async () => {
    const { url } = await start(platform);
    const head = await fetch(url + WELL_KNOWN, { method: 'HEAD' });
    const got = await fetch(url + WELL_KNOWN);
    expect([head.status, await head.text()]).toEqual([200, '']);
    for (const name of ['content-type', 'content-length', 'cache-control', 'access-control-allow-origin']) {
      expect(head.headers.get(name)).toBe(got.headers.get(name));
    }
    expect(got.headers.get('cache-control')).toBe('public, max-age=300');
  });

  it('is at its own addresses only', async () => {
    const { url } = await start(platform);
    for (const path of ['/mcp/', '/mcp/x', '/other', '//mcp', '/MCP', '/%6dcp']) {
      expect((await fetch(url + WELL_KNOWN + path)).status, path).toBe(404);
    }
    expect((await fetch(`${url}${WELL_KNOWN}?a=b`)).status).toBe(200);
    const posted = await fetch(url + WELL_KNOWN, { method: 'POST' });
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
  });

  it('holds nothing of the request', async () => {
    const { url } = await start(platform);
    const expected = await (await fetch(url + WELL_KNOWN)).text();
    const attacked = await fetch(`${url}${WELL_KNOWN}?resource=https://evil.test`, {
      headers: {
        'x-forwarded-host': 'evil.test',
        'x-forwarded-proto': 'http',
        'x-forwarded-prefix': '/evil',
        forwarded: 'host=evil.test;proto=http',
        'x-original-url': '/evil',
        origin: 'https://evil.test',
      },
    });
    expect(await attacked.text()).toBe(expected);
    expect([...attacked.headers.values()].join()).not.toContain('evil');
    const challenge = await fetch(`${url}/orders`, { headers: { 'x-forwarded-host': 'evil.test' } });
    expect(challenge.headers.get('www-authenticate')).not.toContain('evil');
  });
});

describe.each(PLATFORMS)('a route of a resource on %s', (platform) => {
  it('accepts tokens for its resource, and for no other (RFC 9728 section 7.4)', async () => {
    const { app, url } = await start(platform);
    const status = async (
      path: string,
      audience: string | string[],
      scope?: string,
      method = 'GET',
    ): Promise<number> => (await fetch(url + path, { ...bearer(audience, scope), method })).status;
    expect(await status('/orders', API)).toBe(200);
    expect(await status('/orders', MCP)).toBe(401);
    expect(await status('/mcp', MCP, undefined, 'POST')).toBe(201);
    expect(await status('/mcp', API, undefined, 'POST')).toBe(401);
    expect(await status('/mcp', [API, MCP], undefined, 'POST')).toBe(201);
    expect(await status('/one-tool', MCP)).toBe(200);
    expect(await status('/one-tool', API)).toBe(401);
    // The method stands in front of its class.
    expect(await status('/status', API)).toBe(200);
    expect(await status('/status', MCP)).toBe(401);
    expect(await status('/below/more', MCP)).toBe(200);
    expect(await status('/below/more', API)).toBe(401);
    expect((await fetch(`${url}/ping`)).status).toBe(200);
    expect(await status('/orders', 'https://other.example.com')).toBe(401);
    const { denials } = app.get(IdentityStats).snapshot().window;
    expect(denials.find(({ code }) => code === 'audience_mismatch')?.count).toBe(5);
  });

  it('leads clients to the metadata of its own resource, with the scopes to ask for (section 5.1)', async () => {
    const { url } = await start(platform);
    const challenge = async (path: string, init: RequestInit = {}): Promise<string | null> =>
      (await fetch(url + path, init)).headers.get('www-authenticate');
    const ofMcp = `resource_metadata="${API}${WELL_KNOWN}/mcp"`;
    const ofApi = `resource_metadata="${API}${WELL_KNOWN}"`;
    const INVALID = 'error="invalid_token", error_description="The access token is invalid"';
    expect(await challenge('/orders')).toBe(`Bearer realm="api", scope="orders:read", ${ofApi}`);
    expect(await challenge('/orders', { method: 'POST' })).toBe(
      `Bearer realm="api", scope="orders:write", ${ofApi}`,
    );
    expect(await challenge('/mcp', { method: 'POST' })).toBe(
      `Bearer realm="api", scope="notes:read notes:write", ${ofMcp}`,
    );
    expect(await challenge('/notes', bearer(API))).toBe(`Bearer realm="api", ${INVALID}, ${ofMcp}`);
    expect(await challenge('/notes', bearer(MCP))).toBe(
      `Bearer realm="api", error="insufficient_scope", scope="notes:read", ${ofMcp}`,
    );
    expect(await challenge('/orders', bearer(MCP))).toBe(`Bearer realm="api", ${INVALID}, ${ofApi}`);
  });
});

it('scopes include what scopeImplies says', async () => {
  const { url } = await start('express', {
    scopeImplies: { 'notes:write': ['notes:read'], admin: ['notes:*'] },
  });
  const status = async (scope: string): Promise<number> =>
    (await fetch(`${url}/notes`, bearer(MCP, scope))).status;
  for (const scope of ['notes:read', 'notes:write', 'admin', 'x admin'])
    expect(await status(scope)).toBe(200);
  for (const scope of ['notes', 'notes:*', 'x', '']) expect(await status(scope)).toBe(403);
});

it('metadata that another server answers is left to it', async () => {
  const resources = RESOURCES.map((resource) => ({ ...resource, serveMetadata: false }));
  const { url } = await start('express', { resources });
  expect((await fetch(url + WELL_KNOWN)).status).toBe(404);
  expect((await fetch(`${url}/orders`)).headers.get('www-authenticate')).toContain(`${API}${WELL_KNOWN}"`);
});

const codeOf = (error: unknown): unknown => (error instanceof IdentityError ? error.code : error);

const startWith = async (
  controller: new () => object,
  options: Partial<IdentityModuleOptions> = {},
): Promise<unknown> => {
  @Module({
    imports: [
      IdentityModule.forRoot(issuer.moduleOptions({ audience: undefined, resources: RESOURCES, ...options })),
    ],
    controllers: [controller],
  })
  class App {}
  const app = await NestFactory.create(App, { logger: false, abortOnError: false });
  onTestFinished(() => app.close());
  return app.init().then(
    () => 'started',
    (error: unknown) => [codeOf(error), (error as Error).message],
  );
};

describe('the start is refused', () => {
  it('for a resource that is not configured', async () => {
    @UseGuards(IdentityAuthGuard)
    @Controller()
    class Misspelt {
      @ProtectedResource(`${MCP}/`) @Get('a') get(): object {
        return {};
      }
    }
    const message = `@ProtectedResource names what is not configured: ${MCP}/ (Misspelt.get); configured are ${API}, ${MCP}`;
    expect(await startWith(Misspelt)).toEqual(['options_invalid', message]);
    expect(await startWith(Misspelt, { resources: undefined, audience: API })).toEqual([
      'options_invalid',
      expect.stringContaining('configured are none: add "resources"'),
    ]);
  });

  it('for a route of a resource that no guard is asked about', async () => {
    @ProtectedResource(MCP)
    @Controller()
    class Open {
      @Get('a') get(): object {
        return {};
      }
      @Public() @Get('b') open(): object {
        return {};
      }
    }
    expect(await startWith(Open)).toEqual(['route_unguarded', expect.stringMatching(/: Open\.get\. /)]);
  });
});

describe('a resource that gets lost', () => {
  const Wrap =
    (): MethodDecorator =>
    (_target, _name, descriptor: PropertyDescriptor): PropertyDescriptor => ({
      ...descriptor,
      value: (): object => ({}),
    });

  it('under another decorator stops the start', async () => {
    @UseGuards(IdentityAuthGuard)
    @Controller()
    class Wrapped {
      @Get('a') @Wrap() @ProtectedResource(MCP) get(): object {
        return {};
      }
    }
    expect(await startWith(Wrapped)).toEqual([
      'access_contradiction',
      expect.stringContaining('Wrapped.get (a decorator above the requirement replaced the method)'),
    ]);
  });

  it('in a subclass that overrides the method stops the start', async () => {
    class Base {
      @ProtectedResource(MCP) get(): object {
        return {};
      }
    }
    @UseGuards(IdentityAuthGuard)
    @Controller()
    class Sub extends Base {
      @Get('a') override get(): object {
        return {};
      }
    }
    expect(await startWith(Sub)).toEqual([
      'access_contradiction',
      expect.stringContaining('Sub.get (it overrides a method with requirements'),
    ]);
  });

  it('on a method that is no handler stops the start', async () => {
    @UseGuards(IdentityAuthGuard)
    @Controller()
    class Helping {
      @Get('a') get(): object {
        return this.help();
      }
      @ProtectedResource(MCP) help(): object {
        return {};
      }
    }
    expect(await startWith(Helping)).toEqual([
      'route_unguarded',
      expect.stringContaining('Helping.help (no handler'),
    ]);
  });

  it('among two is refused', () => {
    expect(() => {
      class Twice {
        @ProtectedResource(MCP) @ProtectedResource(API) get(): object {
          return {};
        }
      }
      return Twice;
    }).toThrow('@ProtectedResource stands twice on one route');
  });

  it('beside @Public on one target stops the start; on a method it needs a token in a public class', async () => {
    @UseGuards(IdentityAuthGuard)
    @Controller()
    class Both {
      @Get('a') @Public() @ProtectedResource(MCP) get(): object {
        return {};
      }
    }
    expect(await startWith(Both)).toEqual(['access_contradiction', expect.stringContaining('Both.get')]);

    @Public()
    @UseGuards(IdentityAuthGuard)
    @Controller()
    class Mostly {
      @Get('open') open(): object {
        return {};
      }
      @Get('tool') @ProtectedResource(MCP) tool(): object {
        return {};
      }
    }
    const { url } = await start('express', {}, undefined, [Mostly]);
    expect((await fetch(`${url}/open`)).status).toBe(200);
    expect((await fetch(`${url}/tool`)).status).toBe(401);
    expect((await fetch(`${url}/tool`, bearer(API))).status).toBe(401);
    expect((await fetch(`${url}/tool`, bearer(MCP))).status).toBe(200);
  });
});

it('an issuer opens the resources of its own audience only', async () => {
  const other = TestIssuer.inMemory({ issuer: 'https://partner.example', audience: MCP });
  const issuers = [
    { issuer: issuer.issuer, audience: API, http: issuer.httpOptions() },
    { issuer: other.issuer, audience: MCP, http: other.httpOptions() },
  ];
  const { url } = await start('express', { issuer: undefined, http: undefined, issuers });
  const status = async (
    path: string,
    from: TestIssuer,
    audience: string[],
    method = 'GET',
  ): Promise<number> =>
    (await fetch(url + path, { method, headers: { authorization: from.bearer({ audience }) } })).status;
  expect(await status('/orders', issuer, [API, MCP])).toBe(200);
  expect(await status('/mcp', issuer, [API, MCP], 'POST')).toBe(401);
  expect(await status('/mcp', other, [API, MCP], 'POST')).toBe(201);
  expect(await status('/orders', other, [API, MCP])).toBe(401);
});

it('is configured in an application without HTTP as well', async () => {
  const imports = [
    IdentityModule.forRoot(issuer.moduleOptions({ audience: undefined, resources: RESOURCES })),
  ];
  @Module({ imports })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
  await app.close();
});

it('@ProtectedResource expects a URL, or a path', () => {
  for (const url of ['', 'mcp', 'api.example.com', 1 as unknown as string]) {
    expect(() => ProtectedResource(url)).toThrow(
      '@ProtectedResource expects the "url" of a configured resource',
    );
  }
});
