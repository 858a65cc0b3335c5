import type { IncomingMessage } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DiscoveryService, JwksService, TokenValidationService } from 'nestjs-identity-model';
import { ProviderDouble } from './support/provider-double.js';
import { createKey } from './support/signing-key.js';
import { simulate, type Simulation } from './support/simulated-module.js';
import { rejectionOf } from './support/create-module.js';

let provider: ProviderDouble;
let simulation: Simulation;

beforeEach(async () => {
  provider = await ProviderDouble.start();
});
afterEach(async () => {
  await simulation.module.close();
  await provider.stop();
});

async function start(): Promise<JwksService> {
  simulation = await simulate({ issuer: provider.issuer, audience: 'orders-api', warmUp: 'off' });
  const jwks = simulation.module.get(JwksService);
  await jwks.get();
  return jwks;
}

const keySet = (): string => JSON.stringify({ keys: provider.keys.map(({ jwk }) => jwk) });
const lifeMs = (jwks: JwksService): number =>
  Math.round(((jwks.state().nextRefreshAt?.getTime() ?? 0) - simulation.clock.wallMs()) / 0.8);

describe('how long keys are fresh', () => {
  it.each<[string, Record<string, string>, number]>([
    ['nothing', {}, 600_000],
    ['max-age=1800', { 'cache-control': 'max-age=1800' }, 1_800_000],
    ['max-age=5, which is too short', { 'cache-control': 'max-age=5' }, 60_000],
    ['max-age=86400, which is too long', { 'cache-control': 'max-age=86400' }, 3_600_000],
    ['no-store', { 'cache-control': 'no-store' }, 600_000],
    ['max-age=0, must-revalidate', { 'cache-control': 'max-age=0, must-revalidate' }, 600_000],
    ['an Age', { 'cache-control': 'max-age=1800', age: '600' }, 1_200_000],
  ])('where the answer says %s', async (_name, headers, expected) => {
    provider.respond(provider.jwksPath, 200, keySet(), headers);
    expect(lifeMs(await start())).toBe(expected);
  });

  it('where it says no-store: there is no fetch for each request', async () => {
    provider.respond(provider.jwksPath, 200, keySet(), { 'cache-control': 'no-store' });
    await start();
    const tokens = simulation.module.get(TokenValidationService);
    for (let request = 0; request < 50; request++) await tokens.validate(provider.token());
    expect(provider.count(provider.jwksPath)).toBe(1);
  });
});

describe('conditional requests', () => {
  /** Answers 304 to who knows the current version. */
  function versioned(): IncomingMessage[] {
    const asked: IncomingMessage[] = [];
    provider.answers.set(provider.jwksPath, (request, response) => {
      asked.push(request);
      const etag = `"${provider.keys.map(({ kid }) => kid).join()}"`;
      const known = request.headers['if-none-match'] === etag;
      response.writeHead(known ? 304 : 200, { etag, ...(known ? {} : { 'cache-control': 'max-age=1800' }) });
      response.end(known ? undefined : keySet());
    });
    return asked;
  }

  it('renew what is known, for as long as it was told at first', async () => {
    const asked = versioned();
    const jwks = await start();
    const before = await jwks.get();
    expect(await jwks.refresh()).toBe(before);
    expect(asked.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"rsa-1"']);
    expect(lifeMs(jwks)).toBe(1_800_000);
    expect(jwks.stats()).toMatchObject({ refreshes: 2, failures: 0 });
  });

  it('bring the new set once there is one', async () => {
    versioned();
    const jwks = await start();
    provider.keys = [createKey('ES256', 'next')];
    await jwks.refresh();
    expect((await jwks.get()).keys.map(({ kid }) => kid)).toEqual(['next']);
    await jwks.refresh();
    expect((await jwks.get()).keys.map(({ kid }) => kid)).toEqual(['next']);
  });

  it('are not made after clear(): a withdrawn key does not come back by a 304', async () => {
    const asked = versioned();
    const jwks = await start();
    jwks.clear();
    await jwks.get();
    expect(asked[1]?.headers['if-none-match']).toBeUndefined();
    expect(asked[1]?.headers['cache-control']).toBe('no-cache');
  });

  it('are not made by replace(): the keys are imported anew, though they are the same', async () => {
    const asked = versioned();
    const jwks = await start();
    const before = await jwks.get();
    const after = await jwks.replace();
    expect(asked[1]?.headers).toMatchObject({ 'cache-control': 'no-cache' });
    expect(asked[1]?.headers['if-none-match']).toBeUndefined();
    expect(after).not.toBe(before);
    expect(after.fingerprint).toBe(before.fingerprint);
    expect(jwks.cached()).toBe(after);
    expect(simulation.events.map(({ type }) => type)).not.toContain('jwks.rotated');
    // From then on as ever.
    expect(await jwks.refresh()).toBe(after);
    expect(asked[2]?.headers['if-none-match']).toBe('"rsa-1"');
  });

  it('are not made of a validator that cannot stand in a request', async () => {
    const asked: IncomingMessage[] = [];
    provider.answers.set(provider.jwksPath, (request, response) => {
      asked.push(request);
      response.writeHead(200, { etag: `"${'x'.repeat(2_000)}"` }).end(keySet());
    });
    const jwks = await start();
    await jwks.refresh();
    expect(asked[1]?.headers['if-none-match']).toBeUndefined();
  });

  it('use Last-Modified too', async () => {
    const asked: IncomingMessage[] = [];
    const lastModified = 'Thu, 01 Jan 2026 00:00:00 GMT';
    provider.answers.set(provider.jwksPath, (request, response) => {
      asked.push(request);
      response.writeHead(asked.length === 1 ? 200 : 304, { 'last-modified': lastModified });
      response.end(asked.length === 1 ? keySet() : undefined);
    });
    const jwks = await start();
    await jwks.refresh();
    expect(asked[1]?.headers['if-modified-since']).toBe(lastModified);
    expect(jwks.state()).toMatchObject({ state: 'fresh', keys: 1 });
  });

  it('that nobody made are not answered with a 304', async () => {
    provider.respond(provider.jwksPath, 304);
    simulation = await simulate({
      issuer: provider.issuer,
      audience: 'x',
      warmUp: 'off',
      http: { retries: 0 },
    });
    expect(await rejectionOf(simulation.module.get(JwksService).get())).toBe('keys_unavailable');
  });
});

describe('replace', () => {
  it('keeps the last good keys where nothing usable comes', async () => {
    const jwks = await start();
    const before = await jwks.get();
    for (const answer of ['{"keys":[]}', 'no json']) {
      provider.respond(provider.jwksPath, 200, answer);
      expect(await rejectionOf(jwks.replace())).toBe('keys_unavailable');
      expect(jwks.cached()).toBe(before);
    }
    provider.respond(provider.jwksPath, 503);
    const replaced = rejectionOf(jwks.replace());
    // It may try again, as for keys that are not there at all.
    for (let round = 0; round < 20; round++) await simulation.pass(1_000);
    expect(await replaced).toBe('keys_unavailable');
    expect(jwks.cached()).toBe(before);
  });

  it('drops a key that has left, and says so', async () => {
    const jwks = await start();
    provider.keys = [createKey('ES256', 'next')];
    expect((await jwks.replace(provider.issuer)).keys.map(({ kid }) => kid)).toEqual(['next']);
    expect(simulation.events.at(-1)).toMatchObject({
      type: 'jwks.rotated',
      added: ['next'],
      removed: ['rsa-1'],
    });
  });

  it('knows configured issuers only', async () => {
    const jwks = await start();
    expect(await rejectionOf(jwks.replace('https://none.example'))).toBe('issuer_unknown');
    expect(() => jwks.cached('https://none.example')).toThrow();
  });
});

describe('held', () => {
  it('is what may serve now: it asks nobody, counts nothing, and ends with what may be stale', async () => {
    simulation = await simulate({ issuer: provider.issuer, audience: 'orders-api', warmUp: 'off' });
    const jwks = simulation.module.get(JwksService);
    expect(jwks.cached()).toBeUndefined();
    expect(provider.requests).toEqual([]);
    await jwks.get();
    const { hits, misses } = jwks.stats();
    expect(jwks.cached()?.keys).toHaveLength(1);
    expect(jwks.stats()).toMatchObject({ hits, misses });
    jwks.clear();
    expect(jwks.cached()).toBeUndefined();
  });
});

describe('a jwks_uri that changes', () => {
  it('makes a key set refresh at once', async () => {
    const jwks = await start();
    const next = createKey('ES256', 'moved');
    provider.respond('/moved', 200, JSON.stringify({ keys: [next.jwk] }));
    provider.respond(
      provider.metadataPath,
      200,
      JSON.stringify({ issuer: provider.issuer, jwks_uri: `${provider.issuer}/moved` }),
    );
    await simulation.module.get(DiscoveryService).refresh();
    // Neither asks for anything: the keys are fresh, and simulated time stands still.
    await expect.poll(() => jwks.cached()?.keys.map(({ kid }) => kid)).toEqual(['moved']);
    expect((await jwks.get()).keys.map(({ kid }) => kid)).toEqual(['moved']);
    expect(provider.count('/moved')).toBe(1);
  });
});
