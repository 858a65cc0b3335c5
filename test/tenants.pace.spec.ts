import { Controller, Get, UseGuards } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  IdentityAuthGuard,
  IdentityError,
  IdentityModule,
  JwksService,
  TokenValidationService,
  type IdentityModuleOptions,
} from 'nestjs-identity-model';
import { createApp, get } from './support/create-app.js';
import { rejectionOf } from './support/create-module.js';
import { ProviderDouble } from './support/provider-double.js';
import { quietNetwork } from './support/quiet-network.js';
import { lastingToken, simulate, type Simulation } from './support/simulated-module.js';
import { createKey } from './support/signing-key.js';

/** Look-ups of unproven tenants that may begin at once, and in a second, with the default cache.maxEntries. */
const BURST = 64;
const RATE = 20;

let proven: ProviderDouble;
let fresh: ProviderDouble;
let flooded: ProviderDouble;

beforeAll(async () => {
  [proven, fresh, flooded] = await Promise.all([
    ProviderDouble.start(),
    ProviderDouble.start(),
    ProviderDouble.start(),
  ]);
});
afterAll(() => Promise.all([proven.stop(), fresh.stop(), flooded.stop()]));

/** Accepts tenants by pattern, as an application that has a subdomain for each of them. */
const byPattern: IdentityModuleOptions = {
  audience: 'orders-api',
  allowedIssuers: (issuer) => issuer.startsWith('http://127.0.0.1:'),
  issuers: (issuer) => ({ issuer }),
  http: { retries: 0, allowPrivateNetworks: true },
};

async function start(
  options: Partial<IdentityModuleOptions> = {},
): Promise<Simulation & { tokens: TokenValidationService }> {
  for (const { requests } of [proven, fresh, flooded]) requests.length = 0;
  const simulation = await simulate({ ...byPattern, ...options });
  return { ...simulation, tokens: simulation.module.get(TokenValidationService) };
}

/** Tokens that nobody signed, each of another tenant of the flooded provider, which has none of them. */
function madeUp(from: number, count: number): string[] {
  const [header = '', payload = '', signature = ''] = lastingToken(flooded).split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
  return Array.from({ length: count }, (_, index) => {
    const made = { ...claims, iss: `${flooded.issuer}/made-up-${String(from + index)}` };
    return `${header}.${Buffer.from(JSON.stringify(made)).toString('base64url')}.${signature}`;
  });
}

async function errorOf(pending: Promise<unknown>): Promise<IdentityError> {
  const error = await pending.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof IdentityError)) throw new Error('no IdentityError');
  return error;
}

const flood = (tokens: TokenValidationService, made: string[]): Promise<IdentityError[]> =>
  Promise.all(made.map((token) => errorOf(tokens.validate(token))));

describe('1,000 tokens that name 1,000 made-up tenants', () => {
  it('cost the providers one burst, and the rest is told when to come again', async () => {
    const { module, tokens, events } = await start();
    const errors = await flood(tokens, madeUp(0, 1_000));
    const busy = errors.filter(({ code }) => code === 'keys_busy');
    expect(busy).toHaveLength(1_000 - BURST);
    // Both places of the metadata of each.
    expect(flooded.requests).toHaveLength(2 * BURST);
    for (const { retryAfterMs, message } of busy) {
      expect(retryAfterMs).toBe(1000 / RATE);
      expect(message).toContain('without a verified token');
    }
    expect(events.filter(({ type }) => type === 'jwks.failed')).toHaveLength(BURST);
    await module.close();
  });

  it('make no more requests than the rate while they go on', async () => {
    const { module, tokens, ...time } = await start();
    await flood(tokens, madeUp(0, 100));
    flooded.requests.length = 0;
    for (let second = 0; second < 10; second++) {
      await time.pass(1_000);
      await flood(tokens, madeUp(1_000 * (second + 1), 100));
    }
    expect(flooded.requests).toHaveLength(2 * 10 * RATE);
    await module.close();
  });

  it('are not noticed by a tenant that a verified token has proven', async () => {
    const { module, tokens, ...time } = await start();
    const token = lastingToken(proven);
    await tokens.validate(token);
    for (let minute = 0; minute < 20; minute++) {
      await flood(tokens, madeUp(100 * minute, 100));
      await time.pass(60_000);
      await flood(tokens, madeUp(100_000 + 100 * minute, 100));
      expect((await tokens.validate(token)).issuer).toBe(proven.issuer);
    }
    // Its keys were renewed twice meanwhile, and a refresh on demand begins at once.
    expect(proven.requests.filter((path) => path === proven.jwksPath).length).toBeGreaterThanOrEqual(3);
    await module.get(JwksService).refresh(proven.issuer);
    await module.close();
  });

  it('let a new tenant in after the Retry-After that it was told', async () => {
    const { module, tokens, events, clock } = await start();
    await flood(tokens, madeUp(0, 200));
    const token = lastingToken(fresh);
    for (let attempt = 0; attempt < 10; attempt++) {
      const { code, retryAfterMs } = await errorOf(tokens.validate(token));
      expect([code, retryAfterMs]).toEqual(['keys_busy', 1000 / RATE]);
    }
    expect(fresh.requests).toEqual([]);
    await clock.advance(1000 / RATE);
    // One permit is for both documents.
    expect((await tokens.validate(token)).issuer).toBe(fresh.issuer);
    expect(fresh.requests).toEqual([fresh.metadataPath, fresh.jwksPath]);
    // Sent away is not failed: neither a backoff nor an event.
    expect(events.filter((event) => 'issuer' in event && event.issuer === fresh.issuer)).not.toContainEqual(
      expect.objectContaining({ type: expect.stringMatching(/failed$/) as string }),
    );
    await module.close();
  });

  it('ask for all at once where the configuration names the tenants', async () => {
    const made = madeUp(0, 100);
    const issuers = made.map((_, index) => ({ issuer: `${flooded.issuer}/made-up-${String(index)}` }));
    const { module, tokens } = await start({ issuers, allowedIssuers: undefined, warmUp: 'off' });
    const errors = await flood(tokens, made);
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['keys_unavailable']));
    expect(flooded.requests).toHaveLength(200);
    await module.close();
  });

  it('cost nothing where the keys of tenants are configured', async () => {
    const keys = [createKey('ES256', 'k').jwk];
    const { module, tokens } = await start({ issuers: (issuer) => ({ issuer, jwks: { keys } }) });
    const errors = await flood(tokens, madeUp(0, 300));
    expect(errors.filter(({ code }) => code === 'keys_busy')).toEqual([]);
    await module.close();
  });
});

it('after a restart, all tenants that the cache holds are served when their clients come back', async () => {
  const jwksUri = `${proven.issuer}${proven.jwksPath}`;
  const { module, tokens, ...time } = await start({ issuers: (issuer) => ({ issuer, jwksUri }) });
  let waiting = Array.from({ length: 128 }, (_, index) =>
    proven.token({ iss: `http://127.0.0.1:1/${String(index)}` }),
  );
  const left: number[] = [];
  for (let second = 0; second < 2; second++) {
    const results = await Promise.allSettled(waiting.map((token) => tokens.validate(token)));
    waiting = waiting.filter((_, index) => results[index]?.status === 'rejected');
    left.push(waiting.length);
    await time.pass(1_000);
  }
  expect(left).toEqual([64, 0]);
  await module.close();
});

it('a proof gives back the permit of its tenant, and no more', async () => {
  const { module, tokens } = await start();
  const token = lastingToken(proven);
  for (let round = 0; round < 20; round++) await tokens.validate(token);
  const errors = await flood(tokens, madeUp(0, 200));
  expect(errors.filter(({ code }) => code === 'keys_busy')).toHaveLength(200 - BURST);
  // A proof whose look-up was free earns none.
  expect((await tokens.validate(token)).issuer).toBe(proven.issuer);
  expect(await rejectionOf(tokens.validate(madeUp(1_000, 1)[0] ?? ''))).toBe('keys_busy');
  await module.close();
});

it('a proof with keys of the configuration earns no permit', async () => {
  const keys = [proven.key.jwk];
  const { module, tokens } = await start({
    issuers: (issuer) => (issuer.startsWith(flooded.issuer) ? { issuer } : { issuer, jwks: { keys } }),
  });
  await flood(tokens, madeUp(0, 100));
  flooded.requests.length = 0;
  for (let index = 0; index < 20; index++) {
    await tokens.validate(proven.token({ iss: `http://127.0.0.1:1/${String(index)}` }));
  }
  await flood(tokens, madeUp(1_000, 100));
  expect(flooded.requests).toEqual([]);
  await module.close();
});

describe('tokens with made-up key ids', () => {
  it('refresh the keys of unproven tenants at the common pace, too', async () => {
    const { module, tokens } = await start();
    expect(await rejectionOf(tokens.validate(fresh.token({}, { kid: 'unknown' })))).toBe('key_not_found');
    await flood(tokens, madeUp(0, 200));
    fresh.requests.length = 0;
    const error = await errorOf(module.get(JwksService).refresh(fresh.issuer));
    expect([error.code, fresh.requests]).toEqual(['keys_busy', []]);
    await module.close();
  });
});

it('validateSync says when to come again', async () => {
  const { module, tokens, clock } = await start();
  await flood(tokens, madeUp(0, 200));
  const ask = (): unknown => {
    try {
      return tokens.validateSync(lastingToken(fresh)).issuer;
    } catch (error) {
      return error;
    }
  };
  ask();
  await quietNetwork();
  expect(ask()).toMatchObject({ code: 'keys_cold', retryAfterMs: 1000 / RATE });
  await clock.advance(1000 / RATE);
  ask();
  await expect.poll(ask).toBe(fresh.issuer);
  await module.close();
});

it('over HTTP, a flood of names leaves proven tenants alone, and new ones get in after Retry-After', async () => {
  @UseGuards(IdentityAuthGuard)
  @Controller()
  class Routes {
    @Get() any(): unknown {
      return { ok: true };
    }
  }
  const { app, url } = await createApp('express', {
    imports: [IdentityModule.forRoot(byPattern)],
    controllers: [Routes],
  });
  for (const { requests } of [proven, fresh, flooded]) requests.length = 0;
  expect((await get(url, proven.token())).status).toBe(200);
  const startMs = performance.now();
  const answers = await Promise.all(madeUp(0, 300).map((token) => get(url, token)));
  const seconds = Math.ceil((performance.now() - startMs) / 1000);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
  // Whole seconds, at least one (RFC 9110 section 10.2.3).
  for (const { headers } of answers) expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  expect(flooded.requests.length).toBeLessThanOrEqual(2 * (BURST + RATE * seconds));
  expect((await get(url, proven.token())).status).toBe(200);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect((await get(url, fresh.token())).status).toBe(200);
  await app.close();
});
