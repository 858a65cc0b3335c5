import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JwksService, TokenValidationService, type IdentityModuleOptions } from 'nestjs-identity-model';
import { rejectionOf } from './support/create-module.js';
import { ProviderDouble } from './support/provider-double.js';
import { createKey, encode } from './support/signing-key.js';
import { idle, lastingToken, simulate, type Simulation } from './support/simulated-module.js';

const STEP_MS = 10;

let provider: ProviderDouble;
let simulation: Simulation;
beforeEach(async () => {
  provider = await ProviderDouble.start();
});
afterEach(async () => {
  await simulation.module.close();
  await provider.stop();
});

interface Watched {
  readonly codes: unknown[];
  longestMs: number;
}

/** Asks, and notes how it went and how much simulated time it took. */
async function ask(tokens: TokenValidationService, token: string, into: Watched): Promise<void> {
  const { clock } = simulation;
  const sinceMs = clock.monotonicMs();
  into.codes.push(await rejectionOf(tokens.validate(token)));
  into.longestMs = Math.max(into.longestMs, clock.monotonicMs() - sinceMs);
}

/** A token with a made-up key id and signature: what anybody can send. */
function madeUp(): string {
  const header = encode(JSON.stringify({ alg: 'RS256', kid: randomUUID(), typ: 'at+jwt' }));
  return `${header}.${encode(JSON.stringify(provider.claims()))}.${encode('x'.repeat(256))}`;
}

async function flood(
  perStep: number,
  options: Partial<IdentityModuleOptions> = {},
): Promise<{ old: Watched; fresh: Watched; made: Watched; mostWaiting: number }> {
  simulation = await simulate({
    issuer: provider.issuer,
    audience: 'orders-api',
    warmUp: 'await',
    ...options,
  });
  const tokens = simulation.module.get(TokenValidationService);
  const [old, fresh, made] = [0, 1, 2].map((): Watched => ({ codes: [], longestMs: 0 })) as [
    Watched,
    Watched,
    Watched,
  ];
  const oldToken = lastingToken(provider);
  const [oldKey] = provider.keys;
  let freshToken: string | undefined;
  const all: Promise<void>[] = [];
  let mostWaiting = 0;
  for (let step = 0; step < 10_000 / STEP_MS; step++) {
    if (step === 5_100 / STEP_MS) {
      provider.keys = [createKey('ES256', 'new'), ...(oldKey === undefined ? [] : [oldKey])];
      freshToken = lastingToken(provider);
    }
    for (let request = 0; request < perStep; request++) all.push(ask(tokens, madeUp(), made));
    all.push(ask(tokens, oldToken, old));
    if (freshToken !== undefined && step % 5 === 0) all.push(ask(tokens, freshToken, fresh));
    await simulation.clock.advance(STEP_MS);
    await idle(0);
    const settled = old.codes.length + fresh.codes.length + made.codes.length;
    mostWaiting = Math.max(mostWaiting, all.length - settled);
  }
  await simulation.pass(60_000, 1_000);
  await Promise.all(all);
  return { old, fresh, made, mostWaiting };
}

describe('10 seconds of made-up key ids, with a rotation in the middle', { timeout: 60_000 }, () => {
  it('1,000 a second: no honest token is refused, and the provider sees one request a cooldown', async () => {
    const { old, fresh, made, mostWaiting } = await flood(10);
    expect(made.codes).toHaveLength(10_000);
    expect(new Set(made.codes)).toEqual(new Set(['key_not_found', 'keys_busy']));
    expect([new Set(old.codes), old.longestMs]).toEqual([new Set([undefined]), 0]);
    expect(new Set(fresh.codes)).toEqual(new Set([undefined]));
    // The cooldown, and a fetch that takes some steps of simulated time.
    expect(fresh.longestMs).toBeLessThanOrEqual(2_000 + 50 * STEP_MS);
    expect(mostWaiting).toBeLessThanOrEqual(1_000);
    const during = provider.count(provider.jwksPath);
    expect(during).toBeLessThanOrEqual(1 + 6 + 2);
    expect(simulation.module.get(JwksService).stats().failures).toBe(0);
  });

  it('far more than may wait: a 503 for the new key at worst, never a 401', async () => {
    const { old, fresh, mostWaiting } = await flood(10, { jwks: { maxWaiting: 5 } });
    expect([new Set(old.codes), old.longestMs]).toEqual([new Set([undefined]), 0]);
    expect(fresh.codes).toContain(undefined);
    for (const code of fresh.codes) expect(['keys_busy', undefined]).toContain(code);
    expect(mostWaiting).toBeLessThanOrEqual(5);
  });
});
