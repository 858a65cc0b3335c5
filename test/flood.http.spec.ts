import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { INestApplication } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IdentityModule, type IdentityModuleOptions } from 'nestjs-identity-model';
import { createApp, get } from './support/create-app.js';
import { OrdersController } from './support/orders.controller.js';
import { ProviderDouble } from './support/provider-double.js';
import { createKey, encode } from './support/signing-key.js';

/** Shorter than the defaults, if nothing hangs on how long it takes. */
const SCALED = { unknownKidCooldownMs: 500, badSignatureCooldownMs: 500, unknownKidMaxWaitMs: 2_500 };

const runFile = promisify(execFile);
const CLIENT = fileURLToPath(new URL('support/flood-client.mjs', import.meta.url));

/** What test/support/flood-client.mjs prints. */
interface FloodReport {
  /** Answers by status; errors of sockets by their message. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly longestMs: number;
}

let provider: ProviderDouble;
let app: INestApplication;
let url: string;
beforeEach(async () => {
  provider = await ProviderDouble.start();
});
afterEach(async () => {
  await app.close();
  await provider.stop();
});

async function start(jwks: IdentityModuleOptions['jwks'] = SCALED): Promise<void> {
  const options = { issuer: provider.issuer, audience: 'orders-api', warmUp: 'await', jwks } as const;
  const started = await createApp('fastify', {
    imports: [IdentityModule.forRoot(options)],
    controllers: [OrdersController],
  });
  ({ app } = started);
  url = `${started.url}/orders`;
}

/** What anybody can send. */
function madeUp(kid: string = randomUUID()): string {
  const header = encode(JSON.stringify({ alg: 'RS256', kid, typ: 'at+jwt' }));
  return `${header}.${encode(JSON.stringify(provider.claims()))}.${encode('x'.repeat(256))}`;
}

interface Asked {
  /** 0 for an error of the socket. */
  readonly status: number;
  readonly tookMs: number;
  /** Of the longest request. */
  readonly longestMs: number;
  readonly turnedAway: number;
  /** What `Retry-After` asked it to wait, all in all. */
  readonly toldMs: number;
}

/** Asks, and comes back after a 503 when `Retry-After` says so, at the most `times`. */
async function ask(token: string, times = 0): Promise<Asked> {
  const startMs = performance.now();
  let longestMs = 0;
  let toldMs = 0;
  for (let turnedAway = 0; ; turnedAway++) {
    const sinceMs = performance.now();
    const response = await get(url, token).catch(() => undefined);
    await response?.arrayBuffer();
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - sinceMs);
    const status = response?.status ?? 0;
    if (status === 503) expect(response?.headers.get('retry-after')).toMatch(/^([1-9]|1[01])$/);
    if (status !== 503 || turnedAway === times)
      return { status, tookMs: nowMs - startMs, longestMs, turnedAway, toldMs };
    const retryAfterMs = Number(response?.headers.get('retry-after')) * 1_000;
    toldMs += retryAfterMs;
    await delay(retryAfterMs);
  }
}

const mostOf = (outcomes: readonly Asked[], name: Exclude<keyof Asked, 'status'>): number =>
  outcomes.reduce((most, outcome) => Math.max(most, outcome[name]), 0);
const statusesOf = (outcomes: readonly Asked[]): number[] =>
  [...new Set(outcomes.map(({ status }) => status))].toSorted((a, b) => a - b);

function rotate(): void {
  const [oldKey] = provider.keys;
  provider.keys = [createKey('ES256', 'new'), ...(oldKey === undefined ? [] : [oldKey])];
}

/** Strangers every so often, honest requests beside them, and a rotation after a second; over real connections. */
async function flood(run: {
  readonly madeUpEveryMs: number;
  readonly madeUpTokens: () => readonly string[];
  readonly honestEveryMs: number;
}): Promise<{ old: Asked[]; fresh: Asked[]; made: Asked[]; requests: number; elapsedMs: number }> {
  const [old, fresh, made]: [Promise<Asked>[], Promise<Asked>[], Promise<Asked>[]] = [[], [], []];
  const oldToken = provider.token();
  const before = provider.count(provider.jwksPath);
  const startMs = performance.now();
  const elapsedMs = (): number => performance.now() - startMs;
  let [madeUps, honests] = [0, 0];
  let freshToken: string | undefined;
  while (elapsedMs() < 3_000) {
    if (freshToken === undefined && elapsedMs() > 1_000) {
      rotate();
      freshToken = provider.token();
    }
    for (; madeUps * run.madeUpEveryMs < elapsedMs(); madeUps++) {
      for (const token of run.madeUpTokens()) made.push(ask(token));
    }
    for (; honests * run.honestEveryMs < elapsedMs(); honests++) {
      old.push(ask(oldToken));
      if (freshToken !== undefined) fresh.push(ask(freshToken, 2));
    }
    await delay(5);
  }
  const requests = provider.count(provider.jwksPath) - before;
  const all = { old: await Promise.all(old), fresh: await Promise.all(fresh), made: await Promise.all(made) };
  return { ...all, requests, elapsedMs: 3_000 };
}

describe('made-up key ids over real connections', { timeout: 90_000 }, () => {
  it('3,000 requests, 300 at a time: all are answered in time, the provider sees one request a cooldown', async () => {
    await start({});
    const before = provider.count(provider.jwksPath);
    const startMs = performance.now();
    const payload = encode(JSON.stringify(provider.claims()));
    const flooding = runFile(process.execPath, [CLIENT, url, payload, '3000', '300']);
    const old: Asked[] = [];
    const known = (async (): Promise<void> => {
      const token = provider.token({ exp: Math.floor(Date.now() / 1_000) + 3_600 });
      for (let times = 0; times < 100; times++) {
        old.push(await ask(token));
        await delay(100);
      }
    })();
    const [{ stdout }] = await Promise.all([flooding, known]);
    const elapsedMs = performance.now() - startMs;
    const { statuses, longestMs } = JSON.parse(stdout) as FloodReport;
    const { 401: refused = 0, 503: busy = 0, ...others } = statuses;
    // No other status, and no error of a socket.
    expect(others).toEqual({});
    expect(refused + busy).toBe(3_000);
    // 503 only if the provider is slow: this machine may be busy.
    expect(refused).toBeGreaterThan(2_000);
    expect(longestMs).toBeLessThan(6_000);
    expect(statusesOf(old)).toEqual([200]);
    // That none of them waits is shown in simulated time; here the processor is busy with 300 clients.
    const sorted = old.map(({ tookMs }) => tookMs).toSorted((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(500);
    expect(provider.count(provider.jwksPath) - before).toBeLessThanOrEqual(1 + elapsedMs / 2_000);
  });

  it.each([
    ['one every 2.5 s', 2_500, (): string[] => [madeUp()], 0],
    ['ten a second', 100, (): string[] => [madeUp()], 0],
    [
      'pairs of equal ids, more than may wait',
      500,
      (): string[] => Array.from({ length: 25 }, () => madeUp()).flatMap((token) => [token, token]),
      1,
    ],
    [
      'forged tokens under a known id, and the id of the coming key',
      50,
      (): string[] => [madeUp('rsa-1')],
      0,
    ],
  ])(
    '%s: honest tokens of a new key are accepted in time',
    async (_name, everyMs, tokens, mostTurnedAway) => {
      await start({ ...SCALED, maxWaiting: 32 });
      const { old, fresh, made, requests, elapsedMs } = await flood({
        madeUpEveryMs: everyMs,
        madeUpTokens: tokens,
        honestEveryMs: 25,
      });
      expect([statusesOf(old), mostOf(old, 'turnedAway')]).toEqual([[200], 0]);
      expect(fresh.length).toBeGreaterThan(20);
      expect(statusesOf(fresh)).toEqual([200]);
      expect(mostOf(fresh, 'turnedAway')).toBeLessThanOrEqual(mostTurnedAway);
      // Requests with the old key wait for nothing: what the longest of them took, this machine adds to each of the others,
      // and to the fetch that `Retry-After` goes by. Beyond that a cooldown, and half a second for the fetch.
      const addedMs = mostOf(old, 'longestMs');
      const waited = fresh.map(({ tookMs, toldMs }) => tookMs - toldMs);
      expect(Math.max(...waited) - addedMs * (1 + mostTurnedAway)).toBeLessThan(500 + 500);
      const addedSec = Math.ceil(addedMs / 1_000);
      expect(mostOf(fresh, 'toldMs')).toBeLessThanOrEqual(1_000 * mostTurnedAway * (1 + addedSec));
      for (const { status } of made) expect([401, 503]).toContain(status);
      // Four at once for signatures.
      expect(requests).toBeLessThanOrEqual(2 * (1 + elapsedMs / 500) + 4);
    },
  );

  it('a key replaced under its id: of eight at once none is refused, a forged token before or not', async () => {
    await start({});
    for (const isForged of [false, true]) {
      if (isForged) expect((await ask(madeUp('rsa-1'))).status).toBe(401);
      provider.keys = [createKey('RS256', 'rsa-1')];
      const honest = await Promise.all(Array.from({ length: 8 }, () => ask(provider.token())));
      expect(statusesOf(honest)).toEqual([200]);
    }
  });

  it('a provider that hangs: everybody is answered within the bound, and served once it answers', async () => {
    await start();
    rotate();
    const token = provider.token();
    const hanging: (() => void)[] = [];
    provider.answers.set(provider.jwksPath, (_request, response) => {
      hanging.push(() => response.end(JSON.stringify({ keys: provider.keys.map(({ jwk }) => jwk) })));
    });
    const first = await Promise.all(Array.from({ length: 20 }, () => get(url, token)));
    expect(new Set(first.map(({ status }) => status))).toEqual(new Set([503]));
    expect(first.every(({ headers }) => Number(headers.get('retry-after')) >= 7)).toBe(true);
    provider.answers.clear();
    for (const answer of hanging) answer();
    await expect.poll(async () => (await get(url, token)).status).toBe(200);
  });
});
