import { ForbiddenException, Logger } from '@nestjs/common';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  DiscoveryService,
  IdentityError,
  IdentityEvents,
  IdentityModule,
  JwksService,
  TokenValidationService,
  type IdentityEvent,
} from 'nestjs-identity-model';
import { createApp, get } from './support/create-app.js';
import { OrdersController } from './support/orders.controller.js';
import { HOSTILE_ERRORS } from './support/hostile-errors.js';
import { createModule, rejectionOf } from './support/create-module.js';
import { ProviderDouble } from './support/provider-double.js';
import { createKey, encode } from './support/signing-key.js';

/** Everything that goes to Nest's log from now on. */
function captureLog(): string[] {
  const lines: string[] = [];
  for (const level of ['log', 'warn', 'error', 'debug', 'verbose', 'fatal'] as const) {
    vi.spyOn(Logger.prototype, level).mockImplementation((...parts: unknown[]) => {
      lines.push(`${level} ${parts.map(String).join(' ')}`);
    });
  }
  return lines;
}

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function start(): Promise<
  { provider: ProviderDouble; events: IdentityEvent[]; log: string[] } & Services
> {
  const log = captureLog();
  const provider = await ProviderDouble.start();
  const module = await createModule({
    issuer: provider.issuer,
    audience: 'orders-api',
    warmUp: 'off',
    jwks: { unknownKidCooldownMs: 1 },
    http: { retries: 0 },
  });
  closers.push(
    () => provider.stop(),
    () => module.close(),
  );
  log.length = 0;
  const events: IdentityEvent[] = [];
  module.get(IdentityEvents).events$.subscribe((event) => events.push(event));
  return {
    provider,
    events,
    log,
    stream: module.get(IdentityEvents),
    tokens: module.get(TokenValidationService),
    jwks: module.get(JwksService),
    discovery: module.get(DiscoveryService),
  };
}
interface Services {
  stream: IdentityEvents;
  tokens: TokenValidationService;
  jwks: JwksService;
  discovery: DiscoveryService;
}

describe('events', () => {
  it('tell what happened to tokens', async () => {
    const { provider, events, tokens } = await start();
    const { issuer } = provider;
    await tokens.validate(provider.token());
    await rejectionOf(tokens.validate(provider.token({ exp: 1 })));
    await rejectionOf(tokens.validate('garbage'));
    await rejectionOf(tokens.validate(provider.token({ iss: 'https://evil.example' })));
    await rejectionOf(tokens.validate(provider.token(), { scopes: ['a'] }));
    expect(events).toEqual([
      { type: 'discovery.refreshed', issuer },
      { type: 'jwks.refreshed', issuer },
      { type: 'token.validated', issuer },
      {
        type: 'token.rejected',
        code: 'token_expired',
        reason: '"exp" is in the past by more than clockToleranceMs (30000).',
        issuer,
        verified: false,
      },
      {
        type: 'token.rejected',
        code: 'token_malformed',
        reason: expect.stringMatching(/^The token is opaque: it has one segment/),
        issuer: undefined,
        verified: false,
      },
      {
        type: 'token.rejected',
        code: 'issuer_unknown',
        reason: `The issuer ("iss") is not configured; configured is "${issuer}"; it is compared exactly.`,
        issuer: undefined,
        verified: false,
      },
      {
        type: 'token.rejected',
        code: 'scope_missing',
        reason: 'The token lacks one of the scopes that the call requires: "a".',
        issuer,
        verified: true,
      },
    ]);
  });

  it('name the issuer where no key of its fits a token, and no key id', async () => {
    const { provider, events, tokens } = await start();
    const { issuer } = provider;
    await tokens.validate(provider.token());
    const [head = '', body = ''] = provider.token().split('.');
    const madeUp = encode(JSON.stringify({ alg: 'RS256', kid: 'made-up', typ: 'at+jwt' }));
    for (const header of [madeUp, head]) {
      await rejectionOf(tokens.validate(`${header}.${body}.${encode('x'.repeat(256))}`));
    }
    const rejected = events.filter((event) => event.type === 'token.rejected');
    expect(rejected.map(({ reason }) => reason)).toEqual([
      `No key of ${issuer} has the "kid" and "alg" of the token.`,
      `No key of ${issuer} that fits the header verifies the signature.`,
    ]);
  });

  it('end nothing where a subscriber throws, at once or later: the rest goes on, and one line tells', async () => {
    const { provider, events, tokens, stream, log } = await start();
    stream.events$.subscribe(() => {
      throw new TypeError('of the application');
    });
    const failLater: () => unknown = async () => Promise.reject(new Error('later'));
    stream.events$.subscribe(failLater);
    for (let index = 0; index < 20; index++)
      expect(await rejectionOf(tokens.validate('garbage'))).toBe('token_malformed');
    await tokens.validate(provider.token());
    // What rxjs throws outside of all calls, or a rejection that nobody handles, would fail the run here.
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(events.filter(({ type }) => type === 'token.rejected')).toHaveLength(20);
    expect(events.at(-1)).toMatchObject({ type: 'token.validated' });
    expect(log.filter((line) => line.includes('a subscriber of IdentityEvents.events$ failed'))).toEqual([
      'error a subscriber of IdentityEvents.events$ failed: of the application',
    ]);
  });

  it.each(HOSTILE_ERRORS)(
    'end nothing where a subscriber throws %s, at once or later',
    async (_name, make) => {
      const { tokens, stream, log } = await start();
      const thrown = make();
      stream.events$.subscribe(() => {
        throw thrown;
      });
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- what applications may do
      stream.events$.subscribe((): unknown => Promise.reject(thrown));
      expect(await rejectionOf(tokens.validate('garbage'))).toBe('token_malformed');
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(
        log.filter((line) => line.includes('a subscriber of IdentityEvents.events$ failed')),
      ).toHaveLength(1);
    },
  );

  it('repeat nothing that the application throws, and say what it answered', async () => {
    const provider = await ProviderDouble.start();
    let hook: () => unknown = () => undefined;
    const module = await createModule({
      issuer: provider.issuer,
      audience: 'orders-api',
      validate: () => hook() as boolean,
    });
    closers.push(
      () => provider.stop(),
      () => module.close(),
    );
    const reasons: unknown[] = [];
    module.get(IdentityEvents).events$.subscribe((event) => {
      if (event.type === 'token.rejected') reasons.push([event.code, event.reason]);
    });
    const raise = (what: unknown) => () => {
      throw what;
    };
    const secret = 'ada@example.com';
    for (const next of [
      () => undefined,
      raise(new Error(secret)),
      raise(new ForbiddenException(secret)),
      raise(new IdentityError('role_missing', secret)),
      raise(secret),
    ]) {
      hook = next;
      await rejectionOf(module.get(TokenValidationService).validate(provider.token()));
    }
    expect(reasons).toEqual([
      ['check_refused', 'The application\'s own "validate" answered undefined; only true accepts.'],
      ['check_failed', 'The application\'s own "validate" failed: it threw Error.'],
      ['check_refused', 'An own check threw an HttpException with the status 403.'],
      ['role_missing', 'The token lacks a role that the route requires.'],
      ['check_failed', 'The application\'s own "validate" failed: it threw what is no Error.'],
    ]);
  });

  it('have key ids that can be shown to people: bounded, and nothing in them steers a terminal', async () => {
    const { provider, events, jwks } = await start();
    await jwks.get();
    const hostile = `k\u001b[2J\u202e${'\u200b'.repeat(400)}`;
    provider.keys = [createKey('ES256', hostile), createKey('RS256', hostile, 1024)];
    await jwks.refresh();
    const ids = events.flatMap((event) => {
      if (event.type === 'jwks.rotated') return event.added;
      return event.type === 'jwks.key-skipped' && event.kid !== undefined ? [event.kid] : [];
    });
    expect(ids).toHaveLength(2);
    for (const id of ids) {
      expect(id).toMatch(/^k\\u001b\[2J\\u202e(\\u200b){70,}…$/);
      expect(id.length).toBeLessThanOrEqual(513);
      expect(id).not.toMatch(/\p{C}/u);
    }
  });

  it('tell of rotation, of keys that cannot be used, and of failures', async () => {
    const { provider, events, jwks, log } = await start();
    const { issuer } = provider;
    await jwks.get();
    provider.keys = [createKey('ES256', 'next'), createKey('RS256', 'weak', 1024)];
    await jwks.refresh();
    provider.respond(provider.jwksPath, 500);
    await rejectionOf(jwks.refresh());
    provider.answers.clear();
    await jwks.refresh();
    const skipped = {
      type: 'jwks.key-skipped',
      issuer,
      kid: 'weak',
      reason: 'RSA with 1024 bits, 2048 are the least',
    };
    expect(events.slice(2)).toEqual([
      skipped,
      { type: 'jwks.refreshed', issuer },
      { type: 'jwks.rotated', issuer, added: ['next'], removed: ['rsa-1'] },
      {
        type: 'jwks.failed',
        issuer,
        reason: expect.stringContaining('status 500'),
        failures: 1,
        retryInMs: expect.any(Number),
      },
      skipped,
      { type: 'jwks.refreshed', issuer },
    ]);
    expect(log).toEqual([
      expect.stringMatching(/^warn key weak of http.* is not used: RSA with 1024 bits/),
      expect.stringMatching(/^log keys of http.* changed: added next, removed rsa-1/),
      expect.stringMatching(
        /^warn key set of http.* could not be fetched \(attempt 1, next in 1 s\): .*status 500/,
      ),
      expect.stringMatching(/^log key set of http.* is available again/),
    ]);
  });

  it('tell an operator which issuer fails, and why', async () => {
    const { provider, log, tokens, discovery } = await start();
    provider.respond(provider.metadataPath, 200, '{"issuer":"https://x.example"}');
    expect(await rejectionOf(tokens.validate(provider.token()))).toBe('keys_unavailable');
    expect(await rejectionOf(discovery.refresh())).toBe('metadata_unavailable');
    expect(log.join('\n')).toContain(`metadata of ${provider.issuer} could not be fetched`);
    expect(log.join('\n')).toContain('names another issuer');
  });
});

describe('tokens and claims', () => {
  it('never show up in a log line, an event, a message or an answer to a refusal', async () => {
    const { provider, events, log, tokens } = await start();
    const secret = 'S3CRET-VALUE';
    const { app, url } = await createApp('express', {
      imports: [
        IdentityModule.forRoot({
          issuer: provider.issuer,
          audience: 'orders-api',
          maxTokenBytes: 2_000,
          jwks: { unknownKidCooldownMs: 1 },
        }),
      ],
      controllers: [OrdersController],
    });
    closers.push(() => app.close());
    app.get(IdentityEvents).events$.subscribe((event) => events.push(event));
    const marked = { sub: secret, jti: secret, scope: secret, tenant: secret };
    const hostile = [
      provider.token(marked),
      provider.token({ ...marked, exp: 1 }),
      provider.token({ ...marked, aud: secret }),
      provider.token({ ...marked, iss: secret }),
      provider.token({ ...marked, nbf: secret }),
      provider.token(marked, { kid: secret }),
      provider.token(marked, { typ: secret }),
      provider.token(marked, { alg: secret }),
      provider.token(marked, { crit: [secret] }),
      provider.token({ ...marked, long: secret.repeat(200) }),
      `${provider.token(marked)}x`,
    ];
    const said: string[] = [];
    for (const token of hostile) {
      const error = await tokens.validate(token).catch((refused: unknown) => refused);
      if (error instanceof Error) said.push(`${error.message} ${String(error.stack)}`);
      for (const path of ['/orders', '/orders/tenant', '/orders/audit', '/orders/admin']) {
        const answer = await get(`${url}${path}`, token);
        if (answer.status === 200) continue;
        said.push(JSON.stringify([...answer.headers]), await answer.text());
      }
    }
    expect(said.length).toBeGreaterThan(60);
    const all = [...said, ...log, JSON.stringify(events)].join('\n');
    expect(all).not.toContain(secret);
    expect(all).not.toContain(provider.token().split('.')[0]);
  });
});
