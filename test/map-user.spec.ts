import { Controller, ForbiddenException, Get, ServiceUnavailableException, UseGuards } from '@nestjs/common';
import { afterEach, describe, expect, it } from 'vitest';
import {
  IdentityAuthGuard,
  IdentityEvents,
  IdentityModule,
  RequireClaim,
  RequireScopes,
  type IdentityEvent,
  type IdentityModuleOptions,
} from 'nestjs-identity-model';
import { TestIssuer } from 'nestjs-identity-model/testing';
import { HOSTILE_ERRORS } from './support/hostile-errors.js';
import { createApp, get, PLATFORMS, type Platform, type TestApp } from './support/create-app.js';

@UseGuards(IdentityAuthGuard)
@Controller()
class Routes {
  @Get() me(): object {
    return { ok: true };
  }
  @RequireScopes('read') @Get('scoped') scoped(): object {
    return { ok: true };
  }
  @RequireClaim('groups', (groups) => (groups as string[]).includes('staff')) @Get('staff') staff(): object {
    return { ok: true };
  }
}

const issuer = TestIssuer.inMemory({ audience: 'orders-api' });
let test: TestApp | undefined;
afterEach(() => test?.app.close());

interface Seen {
  readonly url: string;
  readonly events: IdentityEvent[];
  readonly lines: string[];
}

async function start(platform: Platform, options: Partial<IdentityModuleOptions>): Promise<Seen> {
  const lines: string[] = [];
  const write =
    (level: string) =>
    (line: unknown): void => {
      // The logger is one for the process: a module of another file, whose provider is gone, may retry meanwhile.
      if (!String(line).includes('http://127.0.0.1')) lines.push(`${level} ${String(line)}`);
    };
  test = await createApp(
    platform,
    {
      imports: [IdentityModule.forRoot({ ...issuer.moduleOptions({ warmUp: 'await' }), ...options })],
      controllers: [Routes],
    },
    (app) => app.useLogger({ log: () => undefined, warn: write('warn'), error: write('error') }),
  );
  const events: IdentityEvent[] = [];
  test.app.get(IdentityEvents).events$.subscribe((event) => events.push(event));
  lines.length = 0;
  return { url: test.url, events, lines };
}

describe.each(PLATFORMS)('a mapUser that makes no user, on %s', (platform) => {
  it.each<[string, IdentityModuleOptions['mapUser'], number, string, RegExp]>([
    ['returns null', () => null, 401, 'user.refused', /^warn mapUser refused .*returned no user/],
    ['forgets to return', () => undefined, 401, 'user.refused', /^warn mapUser refused/],
    [
      'throws',
      ({ claims }) => Promise.reject(new TypeError(`no row for "${String(claims.sub)}" in users_7`)),
      503,
      'user.failed',
      /^error mapUser failed .*no row for "\[claim\]" in users_7/,
    ],
    [
      'throws what is no error',
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- what applications may do
      () => Promise.reject('text'),
      503,
      'user.failed',
      /^error mapUser failed .*not an Error object/,
    ],
    [
      'throws an exception of Nest below 500',
      () => Promise.reject(new ForbiddenException('blocked')),
      403,
      'user.refused',
      /^warn mapUser refused .*blocked/,
    ],
    [
      'throws one above',
      () => Promise.reject(new ServiceUnavailableException('users are away')),
      503,
      'user.failed',
      /^error mapUser failed .*users are away/,
    ],
  ])('%s', async (_name, mapUser, status, type, line) => {
    const { url, events, lines } = await start(platform, { mapUser });
    const subject = 'ada-7f3c@example.com';
    for (let times = 0; times < 3; times++) {
      expect((await get(url, issuer.token({ sub: subject }))).status).toBe(status);
    }
    expect(lines).toEqual([expect.stringMatching(line)]);
    const told = events.filter((event) => event.type.startsWith('user.'));
    expect(told).toHaveLength(3);
    expect(told[0]).toMatchObject({ type, issuer: issuer.issuer });
    // The token is good: that is told as ever.
    expect(events.filter((event) => event.type === 'token.validated')).toHaveLength(3);
    expect(JSON.stringify([lines, told])).not.toContain('ada-7f3c');
  });

  it('and one that makes one says nothing', async () => {
    const { url, events, lines } = await start(platform, { mapUser: ({ claims }) => ({ id: claims.sub }) });
    expect((await get(url, issuer.token())).status).toBe(200);
    expect([lines, events.map(({ type }) => type)]).toEqual([[], ['token.validated']]);
  });
});

describe('an own function that breaks elsewhere', () => {
  it('a requirement: the log names the handler and the cause, once', async () => {
    const { url, lines } = await start('express', {});
    for (let times = 0; times < 2; times++) {
      expect((await get(`${url}/staff`, issuer.token({ claims: { groups: 7 } }))).status).toBe(503);
    }
    expect(lines).toEqual([
      expect.stringMatching(
        /^error check_failed at Routes\.staff: .* own function of a requirement failed: .*groups\.includes/,
      ),
    ]);
  });

  it('validate: the log names the kind of the error and the line, and no word of its message', async () => {
    const { url, lines } = await start('express', {
      validate: ({ claims }) =>
        Promise.reject(new RangeError(`no ${String(claims.sub)}\n    at ${String(claims.sub)}`)),
    });
    for (let times = 0; times < 2; times++) {
      expect((await get(url, issuer.token({ sub: 'ada-7f3c' }))).status).toBe(503);
    }
    expect(lines).toEqual([
      expect.stringMatching(
        /^error check_failed at Routes\.me: .* own "validate" failed: it threw RangeError\. RangeError at .*map-user/,
      ),
    ]);
    expect(lines.join('\n')).not.toContain('ada-7f3c');
  });

  it.each<[string, () => unknown, RegExp]>([
    [
      'throws',
      () => JSON.parse('ada-7f3c') as unknown,
      /^error check_failed at Routes\.me: .* own "jwtFromRequest" failed: it threw SyntaxError\. SyntaxError at /,
    ],
    [
      'answers with a promise that rejects',
      () => Promise.reject(new Error('ada-7f3c')),
      /^error check_failed at Routes\.me: The function of "jwtFromRequest" answered with a promise; it must answer at once, not be async\.$/,
    ],
  ])('jwtFromRequest that %s: 503, and the log names the option, once', async (_how, extract, line) => {
    const { url, lines } = await start('express', { jwtFromRequest: extract as () => string });
    for (let times = 0; times < 2; times++) expect((await get(url, issuer.token())).status).toBe(503);
    expect(lines).toEqual([expect.stringMatching(line)]);
    expect(lines.join('\n')).not.toContain('ada-7f3c');
  });

  describe.each(['validate', 'mapUser', 'jwtFromRequest', 'scopeClaim'] as const)('%s', (option) => {
    it.each(HOSTILE_ERRORS)('that throws %s is a 503 as ever', async (_what, make) => {
      const { url, lines } = await start('express', {
        [option]: () => {
          throw make();
        },
      });
      expect((await get(`${url}/scoped`, issuer.token({ scope: 'read' }))).status).toBe(503);
      expect(lines).toHaveLength(1);
    });
  });
});
