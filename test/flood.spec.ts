import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JwksService, TokenValidationService, type IdentityModuleOptions } from 'nestjs-identity-model';
import { insist, type Insistence } from './support/insist.js';
import { ProviderDouble } from './support/provider-double.js';
import { createKey, encode } from './support/signing-key.js';
import { idle, lastingToken, simulate, type Simulation } from './support/simulated-module.js';

let provider: ProviderDouble;
let simulation: Simulation;
beforeEach(async () => {
  provider = await ProviderDouble.start();
});
afterEach(async () => {
  await simulation.module.close();
  await provider.stop();
});

/** A token with a made-up signature: what anybody can send. */
function madeUp(kid: string = randomUUID()): string {
  const header = encode(JSON.stringify({ alg: 'RS256', kid, typ: 'at+jwt' }));
  return `${header}.${encode(JSON.stringify(provider.claims({ jti: randomUUID() })))}.${encode('x'.repeat(256))}`;
}

interface Flood {
  /** What strangers send in each step, by its number. */
  readonly madeUp: (step: number) => readonly string[];
  readonly stepMs: number;
  readonly steps: number;
  /** Honest requests with the new key in each step after the rotation. */
  readonly honest?: number;
  readonly options?: Partial<IdentityModuleOptions>;
  /** When the provider's keys change, in simulated time: strangers come first. @default 5_100 */
  readonly rotateAtMs?: number;
  /** What the provider's keys become. */
  readonly rotate?: () => void;
}

interface Outcome {
  readonly old: Insistence[];
  readonly fresh: Insistence[];
  readonly made: Insistence[];
  readonly keySetRequests: number;
  readonly mostWaiting: number;
}

/** Simulated time, a real provider: strangers all the time, honest requests beside them, a rotation in the middle. */
async function flood(demand: Flood): Promise<Outcome> {
  const { madeUp: made, stepMs, steps, honest = 1, rotateAtMs = 5_100, options, rotate } = demand;
  simulation = await simulate({
    issuer: provider.issuer,
    audience: 'orders-api',
    warmUp: 'await',
    ...options,
  });
  const { clock, module } = simulation;
  const tokens = module.get(TokenValidationService);
  const found = { old: [] as Insistence[], fresh: [] as Insistence[], made: [] as Insistence[] };
  const all: Promise<unknown>[] = [];
  const ask = (token: string, into: Insistence[], times?: number): void => {
    all.push(insist(tokens, token, clock, times).then((outcome) => into.push(outcome)));
  };
  const oldToken = lastingToken(provider);
  let freshToken: string | undefined;
  let mostWaiting = 0;
  for (let step = 0; step < steps; step++) {
    if (freshToken === undefined && step * stepMs >= rotateAtMs) {
      const [oldKey] = provider.keys;
      provider.keys = [createKey('ES256', 'new'), ...(oldKey === undefined ? [] : [oldKey])];
      rotate?.();
      freshToken = lastingToken(provider);
    }
    for (const token of made(step)) ask(token, found.made, 0);
    ask(oldToken, found.old);
    if (freshToken !== undefined) for (let n = 0; n < honest; n++) ask(freshToken, found.fresh);
    await clock.advance(stepMs);
    await idle(0);
    const settled = found.old.length + found.fresh.length + found.made.length;
    mostWaiting = Math.max(mostWaiting, all.length - settled);
  }
  const keySetRequests = provider.count(provider.jwksPath);
  await simulation.pass(30_000, 500);
  await Promise.all(all);
  return { ...found, keySetRequests, mostWaiting };
}

const codesOf = (outcomes: readonly Insistence[]): Set<unknown> => new Set(outcomes.map(({ code }) => code));
const mostOf = (outcomes: readonly Insistence[], name: 'tookMs' | 'longestMs' | 'turnedAway'): number =>
  outcomes.reduce((most, outcome) => Math.max(most, outcome[name]), 0);

/** What holds in every flood: `stepMs` is what a fetch takes in simulated time, some steps of it. */
function expectHonestServed({ old, fresh }: Outcome): void {
  expect([codesOf(old), mostOf(old, 'longestMs')]).toEqual([new Set([undefined]), 0]);
  expect(fresh.length).toBeGreaterThan(0);
  expect(codesOf(fresh)).toEqual(new Set([undefined]));
  expect(mostOf(fresh, 'longestMs')).toBeLessThanOrEqual(5_000);
  expect(mostOf(fresh, 'tookMs')).toBeLessThanOrEqual(6_000);
  // A 503 names a time after which the token is accepted: nobody is sent away twice.
  expect(mostOf(fresh, 'turnedAway')).toBeLessThanOrEqual(1);
}

describe('made-up key ids beside honest requests, with a rotation in the middle', { timeout: 60_000 }, () => {
  it('1,000 a second: no honest token is refused, and the provider sees one request a cooldown', async () => {
    const outcome = await flood({
      madeUp: () => Array.from({ length: 10 }, () => madeUp()),
      stepMs: 10,
      steps: 1_000,
    });
    expectHonestServed(outcome);
    expect(outcome.made).toHaveLength(10_000);
    expect(codesOf(outcome.made)).toEqual(new Set(['key_not_found', 'keys_busy']));
    expect(mostOf(outcome.made, 'longestMs')).toBeLessThanOrEqual(5_000);
    expect(outcome.mostWaiting).toBeLessThanOrEqual(1_000 + outcome.fresh.length);
    expect(outcome.keySetRequests).toBeLessThanOrEqual(1 + 6);
    expect(simulation.module.get(JwksService).stats().failures).toBe(0);
  });

  it('one every 25 seconds: the rotation is seen within the cooldown', async () => {
    const outcome = await flood({
      madeUp: (step) => (step % 250 === 0 ? [madeUp()] : []),
      stepMs: 100,
      steps: 3_000,
      // Between the twelfth made-up id and the next: enough of them for any cooldown that grows.
      rotateAtMs: 250_100 + 25_000 + 5_000,
    });
    expectHonestServed(outcome);
    expect(mostOf(outcome.fresh, 'turnedAway')).toBe(0);
    expect(mostOf(outcome.fresh, 'longestMs')).toBeLessThanOrEqual(2_000 + 500);
  });

  it('one a second, 100 honest requests a second', async () => {
    const outcome = await flood({
      madeUp: (step) => (step % 20 === 0 ? [madeUp()] : []),
      stepMs: 50,
      steps: 1_200,
      honest: 5,
      rotateAtMs: 40_100,
    });
    expectHonestServed(outcome);
    expect(mostOf(outcome.fresh, 'turnedAway')).toBe(0);
  });

  it('500 pairs of equal ids every second: the new key keeps its places', async () => {
    const outcome = await flood({
      madeUp: (step) => {
        if (step % 20 !== 0) return [];
        return Array.from({ length: 500 }, () => madeUp()).flatMap((token) => [token, token]);
      },
      stepMs: 50,
      steps: 300,
      honest: 5,
    });
    expectHonestServed(outcome);
    expect(mostOf(outcome.fresh, 'turnedAway')).toBe(0);
  });

  it('the id of the coming key, long before: the new key is found within the time it is remembered', async () => {
    const outcome = await flood({ madeUp: () => [madeUp('new')], stepMs: 50, steps: 400 });
    const refused = outcome.fresh.filter(({ code }) => code !== undefined);
    expect(codesOf(refused)).toEqual(new Set(['key_not_found']));
    expect(refused.length).toBeLessThanOrEqual((5_000 + 500) / 50);
    expect(outcome.fresh.slice(-150).every(({ code }) => code === undefined)).toBe(true);
  });

  it('forged tokens under a known id: a key that is put in its place is found, and nobody is refused', async () => {
    const [oldKey] = provider.keys;
    const outcome = await flood({
      madeUp: () => [madeUp('new'), madeUp('rsa-1')],
      stepMs: 50,
      steps: 300,
      rotate: () =>
        (provider.keys = [createKey('ES256', 'rsa-1'), ...(oldKey === undefined ? [] : [oldKey])]),
    });
    expectHonestServed(outcome);
    expect(codesOf(outcome.made)).toEqual(new Set(['key_not_found', 'signature_invalid']));
    // Two kinds of refreshes, four at once for signatures.
    expect(outcome.keySetRequests).toBeLessThanOrEqual(1 + 2 * (15_000 / 2_000 + 1) + 4);
  });

  it('far more than may wait: a 503 for the new key at worst, which holds, never a 401', async () => {
    const outcome = await flood({
      madeUp: () => Array.from({ length: 10 }, () => madeUp()),
      stepMs: 10,
      steps: 1_000,
      options: { jwks: { maxWaiting: 5 } },
    });
    expectHonestServed(outcome);
    expect(mostOf(outcome.fresh, 'turnedAway')).toBe(1);
  });
});
