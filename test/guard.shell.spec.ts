import {
  Catch,
  Controller,
  Get,
  HttpException,
  Req,
  UseFilters,
  UseGuards,
  type ArgumentsHost,
  type Type,
} from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  Claims,
  IdentityAuthGuard,
  IdentityEvents,
  IdentityModule,
  IdentityStrategy,
  OptionalAuth,
  RequireScopes,
  type IdentityModuleOptions,
} from 'nestjs-identity-model';
import { TestIssuer } from 'nestjs-identity-model/testing';
import { createApp, PLATFORMS, type TestApp } from './support/create-app.js';

/** Overrides something, and changes nothing: so the guard goes through passport. */
class ThroughPassport extends IdentityAuthGuard {
  override getAuthenticateOptions(): undefined {
    return undefined;
  }
}

/** What passport leaves on a request, by name, and what it is: functions are those of passport itself. */
const left = (request: object): object =>
  Object.fromEntries(
    ['user', 'authInfo', 'logIn', 'login', 'logOut', 'logout', 'isAuthenticated', 'isUnauthenticated'].map(
      (name) => {
        const member: unknown = Reflect.get(request, name);
        return [name, typeof member === 'function' ? String(member) : { held: name in request, member }];
      },
    ),
  );

function controllerWith(guard: Type<IdentityAuthGuard>): Type {
  @UseGuards(guard)
  @Controller()
  class Routes {
    @Get('plain') plain(@Req() request: { isAuthenticated(): boolean }, @Claims() claims: object): object {
      return { claims, left: left(request), authenticated: request.isAuthenticated() };
    }
    @RequireScopes('a') @Get('scoped') scoped(): object {
      return { ok: true };
    }
    @OptionalAuth() @Get('optional') optional(@Claims('sub') sub?: string): object {
      return { sub: sub ?? null };
    }
  }
  return Routes;
}

const issuer = TestIssuer.inMemory({ audience: 'orders-api' });
const open: TestApp[] = [];
beforeEach(() => issuer.behave());
afterEach(async () => {
  await Promise.all(open.splice(0).map(({ app }) => app.close()));
});

const CASES: readonly (readonly [name: string, path: string, header: () => string | undefined])[] = [
  ['a good token', 'plain', () => issuer.bearer({ sub: 'ada' })],
  ['no token', 'plain', () => undefined],
  ['another scheme', 'plain', () => 'Basic YTpi'],
  ['a header with extra parts', 'plain', () => `${issuer.bearer()} more`],
  ['an expired token', 'plain', () => issuer.bearer({ wrong: 'expired' })],
  ['a tampered token', 'plain', () => issuer.bearer({ wrong: 'tampered' })],
  ['an unknown kid', 'plain', () => issuer.bearer({ wrong: 'unknown kid' })],
  ['a scope that is there', 'scoped', () => issuer.bearer({ scope: 'a' })],
  ['a scope that is missing', 'scoped', () => issuer.bearer({ scope: 'b' })],
  ['nobody, who is welcome', 'optional', () => undefined],
  ['a bad token where nobody is welcome', 'optional', () => issuer.bearer({ wrong: 'expired' })],
];

/** The same tokens for both. */
const mint = (): { name: string; path: string; authorization: string | undefined }[] =>
  CASES.map(([name, path, header]) => ({ name, path, authorization: header() }));

const OPTIONS: Readonly<Record<string, Partial<IdentityModuleOptions>>> = {
  'no further options': {},
  'a token cache': { tokenCache: {} },
  'an own user': { mapUser: ({ claims }) => ({ id: claims.sub }) },
  'a user who is falsy': { mapUser: () => '' },
  'a user nobody knows': { mapUser: () => null },
  'a mapUser that breaks': { mapUser: () => Promise.reject(new TypeError('database')) },
  'a mapUser with an answer of its own': {
    mapUser: () => {
      throw new HttpException('teapot', 418);
    },
  },
  'a check that refuses': { validate: () => false },
  'a check that throws what is no error': {
    validate: () => {
      // oxlint-disable-next-line typescript/only-throw-error -- what applications may do
      throw 'text';
    },
  },
};

describe.each(PLATFORMS)('with passport’s shell and without, on %s', (platform) => {
  async function answers(
    guard: Type<IdentityAuthGuard>,
    options: Partial<IdentityModuleOptions>,
    headers = mint(),
  ): Promise<unknown> {
    const test = await createApp(platform, {
      imports: [IdentityModule.forRoot({ ...issuer.moduleOptions(), ...options })],
      controllers: [controllerWith(guard)],
    });
    open.push(test);
    const events: unknown[] = [];
    test.app.get(IdentityEvents).events$.subscribe((event) => {
      if (event.type.startsWith('token') || event.type.startsWith('access')) {
        events.push({ ...event, durationMs: undefined });
      }
    });
    const found = [];
    for (const { name, path, authorization } of headers) {
      const response = await fetch(`${test.url}/${path}`, {
        headers: authorization ? { authorization } : {},
      });
      found.push({
        name,
        status: response.status,
        challenge: response.headers.get('www-authenticate'),
        retryAfter: response.headers.has('retry-after'),
        body: await response.json(),
      });
    }
    return { found, events };
  }

  it.each(Object.entries(OPTIONS))('all answers are the same: %s', async (_name, options) => {
    const requests = mint();
    const without = await answers(IdentityAuthGuard, options, requests);
    expect(without).toEqual(await answers(ThroughPassport, options, requests));
  });

  it('all answers are the same: an outage', async () => {
    issuer.misbehave('down');
    const options = { warmUp: 'off', http: { retries: 0 } } as const;
    const requests = mint();
    const without = await answers(IdentityAuthGuard, options, requests);
    expect(without).toEqual(await answers(ThroughPassport, options, requests));
  });

  it.each(['getRequest', 'getResponse', 'handleRequest', 'getAuthenticateOptions'] as const)(
    'an override of %s is asked',
    async (name) => {
      let asked = 0;
      class Overriding extends IdentityAuthGuard {}
      const base = Reflect.get(IdentityAuthGuard.prototype, name) as (...args: unknown[]) => unknown;
      Reflect.set(Overriding.prototype, name, function (this: object, ...args: unknown[]): unknown {
        asked++;
        return Reflect.apply(base, this, args);
      });
      await answers(Overriding, {});
      expect(asked).toBeGreaterThan(0);
    },
  );

  it('an override on the instance is asked, and one of the strategy’s authenticate', async () => {
    const test = await createApp(platform, {
      imports: [IdentityModule.forRoot(issuer.moduleOptions())],
      controllers: [controllerWith(IdentityAuthGuard)],
    });
    open.push(test);
    const ask = async (): Promise<number> =>
      (await fetch(`${test.url}/plain`, { headers: { authorization: issuer.bearer() } })).status;
    expect(await ask()).toBe(200);
    const strategy = test.app.get(IdentityStrategy);
    strategy.authenticate = function (this: IdentityStrategy): void {
      this.error(new HttpException('of my own', 418));
    };
    expect(await ask()).toBe(418);
  });
});

/** Answers with what passport has left on a request that was refused. */
@Catch()
class TellingFilter {
  catch(error: HttpException, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const { authInfo, ...rest } = left(http.getRequest<object>()) as { authInfo: { member: unknown } };
    const body = { authInfo: String(authInfo.member), rest, status: error.getStatus() };
    const response = http.getResponse<{ send(body: object): void }>();
    response.send(body);
  }
}

describe.each(PLATFORMS)('what an exception filter sees of a refused request, on %s', (platform) => {
  it('is the same', async () => {
    const requests = mint();
    const seen = [];
    for (const guard of [IdentityAuthGuard, ThroughPassport]) {
      const controller = controllerWith(guard);
      UseFilters(TellingFilter)(controller);
      const test = await createApp(platform, {
        imports: [IdentityModule.forRoot(issuer.moduleOptions())],
        controllers: [controller],
      });
      open.push(test);
      const bodies = [];
      for (const { name, path, authorization } of requests) {
        const response = await fetch(`${test.url}/${path}`, {
          headers: authorization ? { authorization } : {},
        });
        bodies.push({ name, body: await response.json() });
      }
      seen.push(bodies);
    }
    expect(seen[0]).toEqual(seen[1]);
    expect(JSON.stringify(seen[0])).toContain('IdentityError');
  });
});

it.each(['a getter', 'read-only'])(
  'lets nobody in under a user of somebody else’s making: %s',
  async (kind) => {
    for (const guard of [IdentityAuthGuard, ThroughPassport]) {
      const test = await createApp(
        'express',
        { imports: [IdentityModule.forRoot(issuer.moduleOptions())], controllers: [controllerWith(guard)] },
        (app) => {
          app.use((request: object, _response: unknown, next: () => void) => {
            if (kind === 'a getter') Object.defineProperty(request, 'user', { get: () => ({ sub: 'root' }) });
            else Object.defineProperty(request, 'user', { value: { sub: 'root' } });
            next();
          });
        },
      );
      open.push(test);
      const response = await fetch(`${test.url}/plain`, { headers: { authorization: issuer.bearer() } });
      expect(response.status).toBe(500);
    }
  },
);

it('keeps members of the application on the request', async () => {
  const test = await createApp(
    'express',
    {
      imports: [IdentityModule.forRoot(issuer.moduleOptions())],
      controllers: [controllerWith(IdentityAuthGuard)],
    },
    (app) => {
      app.use((request: object, _response: unknown, next: () => void) => {
        Reflect.set(request, 'isAuthenticated', () => 'of my own');
        next();
      });
    },
  );
  open.push(test);
  const response = await fetch(`${test.url}/plain`, { headers: { authorization: issuer.bearer() } });
  expect(await response.json()).toMatchObject({ authenticated: 'of my own' });
});
