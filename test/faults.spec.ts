import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  IdentityHealthIndicator,
  JwksService,
  TokenValidationService,
  type IdentityModuleOptions,
} from 'nestjs-identity-model';
import { rejectionOf } from './support/create-module.js';
import { nestLine } from './support/nest-line.js';
import { ProviderDouble, type Answer } from './support/provider-double.js';
import { createKey, signToken } from './support/signing-key.js';
import { FakeClock } from './support/fake-clock.js';
import { quietNetwork } from './support/quiet-network.js';
import { elapse, lastingToken, simulate, type Simulation } from './support/simulated-module.js';

const HOUR_MS = 3_600_000;

/** Made once: a new one for each test would take longer than the tests. */
const KEY = createKey('RS256', 'rsa-1');

let provider: ProviderDouble;
const open: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  provider = await ProviderDouble.start({ keys: [KEY] });
  open.push(() => provider.stop().catch(() => undefined));
});
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

interface World extends Simulation {
  readonly tokens: TokenValidationService;
  readonly jwks: JwksService;
  /** The health of the module. */
  health(): { status: string; issuers: Record<string, { jwks: { ageSec: number | null } }> };
}

async function start(options: Partial<IdentityModuleOptions> = {}, clock?: FakeClock): Promise<World> {
  const http = { timeoutMs: 300, deadlineMs: 1_000, ...options.http };
  const simulation = await simulate(
    { issuer: provider.issuer, audience: 'orders-api', warmUp: 'off', ...options, http },
    clock,
  );
  open.push(() => simulation.module.close());
  const { module } = simulation;
  const indicator = module.get(IdentityHealthIndicator);
  return {
    ...simulation,
    tokens: module.get(TokenValidationService),
    jwks: module.get(JwksService),
    health: () => indicator.check('identity').identity as unknown as ReturnType<World['health']>,
  };
}

async function startWarm(options: Partial<IdentityModuleOptions> = {}): Promise<World> {
  const world = await start(options);
  await world.jwks.get();
  return world;
}

/** What a token is answered with: nothing to complain of, or a code. */
const ask = (world: World, token: string): Promise<unknown> =>
  elapse(world, rejectionOf(world.tokens.validate(token)));

const status =
  (code: number, headers: Record<string, string> = {}, body = ''): Answer =>
  (_request, response) =>
    void response.writeHead(code, headers).end(body);

const body = (text: string | Buffer, headers: Record<string, string> = {}): Answer => {
  return (_request, response) => void response.writeHead(200, headers).end(text);
};

/** Writes pieces one after the other for as long as the other side takes them. */
function stream(response: ServerResponse, piece: Buffer, everyMs: number): void {
  const write = (): void => {
    if (response.destroyed) return;
    const more = response.write(piece);
    if (everyMs > 0) setTimeout(write, everyMs).unref();
    else if (more) setImmediate(write);
    else response.once('drain', write);
  };
  write();
}

/** Faults of the key set's answer, and how often a cold look-up asks before it gives up. */
const FAULTS: [name: string, answer: Answer, coldRequests: number][] = [
  ['500', status(500), 1],
  ['502', status(502), 3],
  ['503', status(503), 3],
  ['429 with Retry-After: 3600', status(429, { 'retry-after': '3600' }), 1],
  ['404', status(404), 1],
  ['401', status(401), 1],
  ['204', status(204), 1],
  ['a redirect to another host', status(302, { location: 'http://127.0.0.2:1/jwks' }), 1],
  ['a redirect to itself', status(302, { location: '/jwks' }), 1],
  ['HTML', body('<html>Sign in</html>', { 'content-type': 'text/html' }), 1],
  ['nothing', body(''), 1],
  ['truncated JSON', body('{"keys":[{"kty":"RSA"'), 1],
  ['an array', body('[]'), 1],
  ['null', body('null'), 1],
  ['a string of keys', body('{"keys":"many"}'), 1],
  ['empty keys', body('{"keys":[]}'), 1],
  [
    '10,000 keys without use',
    body(JSON.stringify({ keys: Array.from({ length: 10_000 }, () => ({ kty: 'oct' })) })),
    1,
  ],
  ['no UTF-8', body(Buffer.from([0x7b, 0xff, 0xfe, 0x7d])), 1],
  ['an unknown encoding', body('{}', { 'content-encoding': 'sdch' }), 1],
  ['a broken gzip', body('{}', { 'content-encoding': 'gzip' }), 3],
  ['a gzip bomb', body(gzipSync(Buffer.alloc(100_000_000, 0x20)), { 'content-encoding': 'gzip' }), 1],
  ['a body of 100 MB', (_request, response) => stream(response.writeHead(200), Buffer.alloc(100_000), 0), 1],
  ['a byte now and then', (_request, response) => stream(response.writeHead(200), Buffer.from(' '), 50), 3],
  ['silence', () => undefined, 3],
  ['a reset in mid-body', reset, 3],
  ['a reset before any answer', (request) => void request.socket.destroy(), 3],
];

function reset(_request: unknown, response: ServerResponse): void {
  response.writeHead(200, { 'content-length': '1000' }).write('{"keys":[');
  setTimeout(() => response.destroy(), 10);
}

const NEVER_ENDS = ['a byte now and then', 'silence'];

/** Short for answers that never come to an end, because a test waits for it; else long, for a busy machine. */
const timesFor = (fault: string): { timeoutMs: number; deadlineMs: number } =>
  // Three attempts and the pauses between them have to fit in.
  NEVER_ENDS.includes(fault)
    ? { timeoutMs: 400, deadlineMs: 6_000 }
    : { timeoutMs: 2_000, deadlineMs: 6_000 };

describe.each(FAULTS)('a key set that answers with %s', (name, answer, coldRequests) => {
  const http = timesFor(name);

  it('while nothing is known: 503, then nothing but the backoff, then served', async () => {
    const world = await start({ http });
    provider.answers.set(provider.jwksPath, answer);
    const token = lastingToken(provider);
    expect(await ask(world, token)).toBe('keys_unavailable');
    for (let request = 0; request < 50; request++) expect(await ask(world, token)).toBe('keys_unavailable');
    expect(provider.count(provider.jwksPath)).toBe(coldRequests);
    expect(world.health().status).toBe('down');

    provider.answers.clear();
    await world.pass(60_000);
    expect(await ask(world, token)).toBeUndefined();
    expect(provider.count(provider.jwksPath)).toBe(coldRequests + 1);
    expect(world.health().status).toBe('up');
  });

  it('while keys are known: everybody is served, by one attempt that is not repeated', async () => {
    const world = await startWarm({ http });
    provider.answers.set(provider.jwksPath, answer);
    const token = lastingToken(provider);
    // The moment at which they are renewed ahead.
    await world.pass(0.8 * 600_000);
    for (let request = 0; request < 50; request++) expect(await ask(world, token)).toBeUndefined();
    expect(provider.count(provider.jwksPath)).toBe(2);
    if (NEVER_ENDS.includes(name)) await world.pass(http.timeoutMs);
    await expect.poll(() => world.jwks.stats().failures, { timeout: 5_000 }).toBe(1);
    expect(world.jwks.stats()).toMatchObject({ refreshes: 1 });
  });
});

describe('keys whose time is up', () => {
  it('under load: one refresh, and nobody waits for it', async () => {
    const world = await startWarm();
    const held: ServerResponse[] = [];
    provider.answers.set(provider.jwksPath, (_request, response) => void held.push(response));
    const token = lastingToken(provider);
    world.clock.jumpWall(600_001);
    for (let request = 0; request < 200; request++) {
      expect(world.tokens.validateSync(token).claims.sub).toBe('user-1');
    }
    await expect.poll(() => held.length).toBe(1);
    held[0]?.end(JSON.stringify({ keys: provider.keys.map(({ jwk }) => jwk) }));
    await expect.poll(() => world.jwks.state().state).toBe('fresh');
    expect(provider.count(provider.jwksPath)).toBe(2);
    expect(world.jwks.stats()).toMatchObject({ hits: 200, misses: 1 });
  });
});

describe('a provider that is down', () => {
  it('at start, then up: fails fast, follows the backoff and not the traffic, and recovers', async () => {
    await provider.stop();
    const world = await start({ warmUp: 'background', http: { retries: 0 } });
    const token = lastingToken(provider);
    const failed = (): number => world.events.filter(({ type }) => type === 'discovery.failed').length;
    await quietNetwork();
    for (let second = 0; second < 60; second++) {
      for (let request = 0; request < 20; request++) {
        expect(await ask(world, token)).toBe('keys_unavailable');
      }
      await world.pass(1_000);
    }
    // Attempts after about 0, 1, 3, 7, 15, 31 s, each up to twice as soon by chance.
    expect(failed()).toBeGreaterThanOrEqual(4);
    expect(failed()).toBeLessThanOrEqual(9);
    await provider.listen();
    await world.pass(60_000);
    await expect.poll(() => ask(world, token)).toBeUndefined();
    expect(provider.requests).toEqual([provider.metadataPath, provider.jwksPath]);
  });

  it('for 23 hours after it was warm: nobody notices but health; for 25 hours: 503 and down', async () => {
    const world = await startWarm();
    const token = lastingToken(provider);
    await provider.stop();
    for (let hour = 1; hour <= 23; hour++) {
      await world.pass(HOUR_MS, HOUR_MS / 4);
      expect(world.tokens.validateSync(token).claims.sub).toBe('user-1');
      expect(world.health()).toMatchObject({
        ...nestLine.degradedHealth,
        issuers: { [provider.issuer]: { jwks: { ageSec: hour * 3_600 } } },
      });
    }
    await world.pass(2 * HOUR_MS, HOUR_MS / 4);
    expect(await ask(world, token)).toBe('keys_unavailable');
    expect(world.health().status).toBe('down');
    await provider.listen();
    await world.pass(120_000, 30_000);
    await expect.poll(() => ask(world, token)).toBeUndefined();
    expect(world.health().status).toBe('up');
  });

  it('every other second for a minute: everybody is served, with few attempts', async () => {
    const world = await startWarm();
    const token = lastingToken(provider);
    await world.pass(0.79 * 600_000);
    for (let second = 0; second < 60; second++) {
      if (second % 2 === 0) provider.respond(provider.jwksPath, 503);
      else provider.answers.clear();
      expect(await ask(world, token)).toBeUndefined();
      await world.pass(1_000);
    }
    expect(provider.count(provider.jwksPath)).toBeLessThanOrEqual(8);
  });

  it('while the whole process was frozen for 12 hours: the old keys serve what the provider cannot', async () => {
    const world = await startWarm();
    const token = lastingToken(provider);
    world.clock.freeze(12 * HOUR_MS);
    await provider.stop();
    expect(await ask(world, token)).toBeUndefined();
    expect(world.tokens.validateSync(token).claims.sub).toBe('user-1');
  });
});

describe('a process that was frozen for 12 hours', () => {
  it('asks for the keys before it trusts them again: a key that was withdrawn is refused', async () => {
    const world = await startWarm();
    const withdrawn = lastingToken(provider);
    provider.keys = [createKey('ES256', 'next')];
    world.clock.freeze(12 * HOUR_MS);
    expect(await ask(world, withdrawn)).toBe('key_not_found');
    expect(await ask(world, lastingToken(provider))).toBeUndefined();
    expect(provider.count(provider.jwksPath)).toBeLessThanOrEqual(3);
  });
});

describe('a wall clock that jumps', () => {
  it.each([HOUR_MS, -HOUR_MS])('by %d ms keeps everybody served', async (jumpMs) => {
    const world = await startWarm();
    world.clock.jumpWall(jumpMs);
    const nowSec = Math.floor(world.clock.wallMs() / 1000);
    const token = provider.token({ iat: nowSec, exp: nowSec + 7_200 });
    expect(await ask(world, token)).toBeUndefined();
    await world.pass(600_000, 60_000);
    expect(await ask(world, token)).toBeUndefined();
    expect(world.jwks.stats().failures).toBe(0);
    expect(provider.count(provider.jwksPath)).toBeLessThanOrEqual(3);
  });
});

describe('a metadata document', () => {
  it('that changes its issuer is refused, and the old one serves', async () => {
    const world = await startWarm();
    const token = lastingToken(provider);
    provider.respond(
      provider.metadataPath,
      200,
      JSON.stringify({ issuer: 'https://evil.example', jwks_uri: 'https://evil.example/jwks' }),
    );
    await world.pass(20 * HOUR_MS, HOUR_MS / 2);
    expect(await ask(world, token)).toBeUndefined();
    const reasons = world.events.filter(({ type }) => type === 'discovery.failed');
    expect(reasons[0]).toMatchObject({ reason: expect.stringContaining('names another issuer') });
  });

  it('that hangs costs no more than the deadline, keys included', async () => {
    const world = await start({ http: { timeoutMs: 400, deadlineMs: 500, retries: 2 } });
    provider.answers.set(provider.metadataPath, () => undefined);
    const started = performance.now();
    expect(await ask(world, lastingToken(provider))).toBe('keys_unavailable');
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(provider.requests.every((path) => path === provider.metadataPath)).toBe(true);
    expect(provider.requests.length).toBeLessThanOrEqual(2);
  });
});

describe('names and connections', () => {
  it('a host that does not exist is 503', async () => {
    const world = await start({ issuer: 'https://no-such-host.invalid', http: { retries: 0 } });
    const token = provider.token({ iss: 'https://no-such-host.invalid' });
    expect(await ask(world, token)).toBe('keys_unavailable');
  });

  it('a port that accepts and never speaks is 503 within the deadline', async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => void sockets.push(socket)).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    open.push(async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
    const issuer = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    const clock = new FakeClock(Date.now(), false);
    const world = await start({ issuer, http: { timeoutMs: 100, deadlineMs: 200 } }, clock);
    expect(await ask(world, provider.token({ iss: issuer }))).toBe('keys_unavailable');
  });
});

describe('rotation', () => {
  it('with overlap refuses nobody, and finds the new key with one request', async () => {
    const world = await startWarm();
    const old = provider.key;
    const next = createKey('ES256', 'next');
    provider.keys = [next, old];
    const fresh = lastingToken(provider);
    provider.keys = [old, next];
    const codes = await Promise.all([
      ...Array.from({ length: 100 }, () => ask(world, fresh)),
      ...Array.from({ length: 100 }, () => ask(world, lastingToken(provider))),
    ]);
    expect(new Set(codes)).toEqual(new Set([undefined]));
    expect(provider.count(provider.jwksPath)).toBe(2);
  });

  it('without overlap withdraws the old key at the refresh that brings the new one', async () => {
    const world = await startWarm();
    const before = lastingToken(provider);
    provider.keys = [createKey('ES256', 'next')];
    expect(await ask(world, before)).toBeUndefined();
    expect(await ask(world, lastingToken(provider))).toBeUndefined();
    // The old key's id is unknown now: settled by a refresh that begins after the cooldown.
    const refused = ask(world, before);
    await world.pass(2_000);
    expect(await refused).toBe('key_not_found');
    expect(provider.count(provider.jwksPath)).toBe(3);
  });

  it('under the same id is found by all who fail under the old key: none of them is refused', async () => {
    const world = await startWarm();
    const forged = signToken(createKey('RS256', 'rsa-1'), provider.claims());
    for (let rotation = 1; rotation <= 2; rotation++) {
      // Somebody forges a token just before.
      if (rotation > 1) expect(await ask(world, forged)).toBe('signature_invalid');
      provider.keys = [createKey('RS256', 'rsa-1')];
      const honest = Array.from({ length: 8 }, () => ask(world, lastingToken(provider)));
      expect(new Set(await Promise.all(honest))).toEqual(new Set([undefined]));
    }
    expect(provider.count(provider.jwksPath)).toBe(1 + 3);
  });

  it('under the same id, of a token of the old key costs one refresh while it is remembered', async () => {
    const world = await startWarm();
    const before = lastingToken(provider);
    provider.keys = [createKey('RS256', 'rsa-1')];
    expect(await ask(world, lastingToken(provider))).toBeUndefined();
    expect(provider.count(provider.jwksPath)).toBe(2);
    for (let request = 0; request < 20; request++) expect(await ask(world, before)).toBe('signature_invalid');
    expect(provider.count(provider.jwksPath)).toBe(3);
  });

  it('under the same id with another algorithm is found by one refresh for all', async () => {
    const world = await startWarm();
    provider.keys = [createKey('ES256', 'rsa-1')];
    const honest = Array.from({ length: 8 }, () => ask(world, lastingToken(provider)));
    expect(new Set(await Promise.all(honest))).toEqual(new Set([undefined]));
    expect(provider.count(provider.jwksPath)).toBe(2);
  });

  it('is not missed for long by a token that came just before its key was published', async () => {
    const world = await startWarm();
    const [oldKey] = provider.keys;
    const next = createKey('ES256', 'next');
    const early = signToken(next, { ...provider.claims(), exp: Math.floor(Date.now() / 1000) + 86_400 });
    expect(await ask(world, early)).toBe('key_not_found');
    provider.keys = [next, ...(oldKey === undefined ? [] : [oldKey])];
    expect(await ask(world, early)).toBe('key_not_found');
    await world.pass(2_000);
    expect(await ask(world, early)).toBeUndefined();
    expect(provider.count(provider.jwksPath)).toBe(3);
  });

  it('while the provider fails is 503 for the new key and nothing for the old one', async () => {
    const world = await startWarm();
    const old = lastingToken(provider);
    const [oldKey] = provider.keys;
    provider.keys = [createKey('ES256', 'next'), ...(oldKey === undefined ? [] : [oldKey])];
    provider.respond(provider.jwksPath, 500);
    for (let request = 0; request < 20; request++) {
      expect(await ask(world, lastingToken(provider))).toBe('keys_unavailable');
      expect(await ask(world, old)).toBeUndefined();
    }
    expect(provider.count(provider.jwksPath)).toBe(2);
    provider.answers.clear();
    await world.pass(1_001);
    expect(await ask(world, lastingToken(provider))).toBeUndefined();
  });
});

describe('many issuers', () => {
  it('never wait for one that hangs', async () => {
    const others = await Promise.all(
      Array.from({ length: 19 }, () => ProviderDouble.start({ keys: [createKey('ES256', 'ec-1')] })),
    );
    open.push(() => Promise.all(others.map((other) => other.stop())));
    provider.answers.set(provider.metadataPath, () => undefined);
    const world = await start({
      issuer: undefined,
      issuers: [provider, ...others].map(({ issuer }) => ({ issuer })),
      http: { timeoutMs: 2_000, deadlineMs: 3_000 },
    });
    let hangingSettled = false;
    const hanging = rejectionOf(world.tokens.validate(lastingToken(provider))).then((code) => {
      hangingSettled = true;
      return code;
    });
    const codes = await Promise.all(
      others.map((other) => rejectionOf(world.tokens.validate(lastingToken(other)))),
    );
    expect([new Set(codes), hangingSettled]).toEqual([new Set([undefined]), false]);
    for (const other of others) expect(other.requests).toEqual([other.metadataPath, other.jwksPath]);
    expect(await elapse(world, hanging)).toBe('keys_unavailable');
  });

  it('128 tenants fit; the 129th drives out the one that was not used for longest', async () => {
    const world = await start({
      issuer: undefined,
      issuers: (issuer) => ({ issuer, jwksUri: `${provider.issuer}${provider.jwksPath}` }),
      allowedIssuers: (issuer) => issuer.startsWith('urn:tenant:'),
      http: { allowPrivateNetworks: true },
    });
    const tokenOf = (index: number): string =>
      provider.token({ iss: `urn:tenant:${String(index)}`, exp: Math.floor(Date.now() / 1000) + 9_999 });
    for (let index = 0; index < 128; index++) expect(await ask(world, tokenOf(index))).toBeUndefined();
    expect(world.jwks.stats()).toMatchObject({ size: 128, evictions: 0 });
    expect(await ask(world, tokenOf(0))).toBeUndefined();
    expect(await ask(world, tokenOf(128))).toBeUndefined();
    expect(world.jwks.stats()).toMatchObject({ size: 128, evictions: 1 });
    expect([world.jwks.state('urn:tenant:0').state, world.jwks.state('urn:tenant:1').state]).toEqual([
      'fresh',
      'cold',
    ]);
  });
});

describe('clear() and close() in the middle of something', () => {
  it('clear() in mid-fetch: that fetch brings nothing back, those who wait are served by the next', async () => {
    const world = await startWarm();
    const held: ServerResponse[] = [];
    const withdrawn = JSON.stringify({ keys: [provider.key.jwk] });
    const old = lastingToken(provider);
    provider.answers.set(provider.jwksPath, (_request, response) => void held.push(response));
    const refreshing = rejectionOf(world.jwks.refresh());
    await expect.poll(() => held.length).toBe(1);
    provider.keys = [createKey('ES256', 'next')];
    provider.answers.clear();
    world.jwks.clear();
    held[0]?.writeHead(200).end(withdrawn);
    expect(await ask(world, lastingToken(provider))).toBeUndefined();
    await refreshing;
    const refused = ask(world, old);
    await world.pass(2_000);
    expect(await refused).toBe('key_not_found');
  });

  it('close() in mid-fetch, in mid-backoff and while somebody waits for an unknown key: all settle', async () => {
    const world = await startWarm();
    provider.answers.set(provider.jwksPath, () => undefined);
    const waiting = ask(world, provider.token({}, { kid: 'nobody' }));
    await quietNetwork();
    await world.module.close();
    expect(await waiting).toMatch(/^(shutting_down|keys_unavailable)$/);
    expect(await ask(world, lastingToken(provider))).toBe('keys_unavailable');
    expect(world.clock.pendingTimers).toBe(0);
  });
});
