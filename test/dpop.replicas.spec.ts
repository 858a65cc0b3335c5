import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { TestIssuer } from 'nestjs-identity-model/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isInstalled } from './support/is-installed.js';
import { RedisServer } from './support/redis-server.js';

const CHILD = fileURLToPath(new URL('support/child-dpop-replica.mjs', import.meta.url));
const PUBLIC_URL = 'https://api.example.com';
/** One time limit of the store, and what a busy machine adds. Without a limit a frozen Redis would hold a request for good. */
const IN_TIME_MS = 3_000;
const CHALLENGE =
  'Bearer realm="api", DPoP realm="api", error="invalid_dpop_proof", error_description="The DPoP proof is missing or invalid", ' +
  'algs="ES256 EdDSA Ed25519"';

type Headers = Readonly<Record<string, string>>;

/** A process that serves HTTP. */
class Replica {
  readonly events: string[] = [];

  private constructor(private readonly url: string) {}

  static async start(issuer: string, redisPort: number, onStoreFailure: string): Promise<Replica> {
    const args = [CHILD, issuer, PUBLIC_URL, String(redisPort), onStoreFailure];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(async () => {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    });
    const lines = createInterface({ input: child.stdout });
    const replica = new Promise<Replica>((resolve) => {
      let started: Replica | undefined;
      lines.on('line', (line) => {
        if (line.startsWith('http')) resolve((started = new Replica(line)));
        else started?.events.push(line);
      });
    });
    return replica;
  }

  async get(headers: Headers): Promise<Response> {
    return fetch(`${this.url}/orders`, { headers, signal: AbortSignal.timeout(IN_TIME_MS) });
  }

  async statusOf(headers: Headers): Promise<number> {
    const response = await this.get(headers);
    await response.arrayBuffer();
    return response.status;
  }
}

async function start(onStoreFailure: string) {
  const issuer = await TestIssuer.start({ audience: 'orders-api' });
  onTestFinished(() => issuer.stop());
  const redis = await RedisServer.start('redis-server');
  onTestFinished(() => redis.stop());
  const open = async (): Promise<Replica> => Replica.start(issuer.issuer, redis.port, onStoreFailure);
  const [one, other] = await Promise.all([open(), open()]);
  const bearer: Headers = { authorization: issuer.bearer() };
  return {
    redis,
    one,
    other,
    bearer,
    headers: (): Headers => issuer.dpopHeaders('GET', `${PUBLIC_URL}/orders`),
  };
}

/** Until the store decides again: what is new at one replica is refused by the other. */
async function shareAgain(one: Replica, other: Replica, headers: () => Headers): Promise<void> {
  const usesOfBoth = async (): Promise<number[]> => {
    const fresh = headers();
    return [await one.statusOf(fresh), await other.statusOf(fresh)];
  };
  await expect.poll(usesOfBoth, { timeout: 15_000 }).toEqual([200, 401]);
}

describe.runIf(isInstalled('redis-server'))('Two processes that serve HTTP over one Redis', () => {
  it('refuse a proof that the other has accepted, with the challenge', async () => {
    const { one, other, headers } = await start('local');
    const used = headers();
    expect(await one.statusOf(used)).toBe(200);
    for (const replica of [other, one]) {
      const replay = await replica.get(used);
      expect([replay.status, replay.headers.get('www-authenticate')]).toEqual([401, CHALLENGE]);
    }
    const token = { authorization: used['authorization'] ?? '' };
    expect(await other.statusOf({ ...headers(), ...token })).toBe(401);
    expect([await other.statusOf(headers()), await one.statusOf(headers())]).toEqual([200, 200]);
  });

  it('let one in of many that come at both at a time', async () => {
    const { one, other, headers } = await start('local');
    const used = headers();
    const statuses = await Promise.all(
      Array.from({ length: 20 }, async (_, at) => (at % 2 === 0 ? one : other).statusOf(used)),
    );
    expect([200, 401].map((status) => statuses.filter((each) => each === status).length)).toEqual([1, 19]);
  });

  describe.each([
    [
      'stopped (SIGSTOP)',
      async (redis: RedisServer) => redis.freeze(),
      async (redis: RedisServer) => redis.thaw(),
    ],
    ['killed', async (redis: RedisServer) => redis.kill(), async (redis: RedisServer) => redis.run()],
  ])('with Redis %s', (_, stop, restart) => {
    it('local: each goes by what it has seen itself, and a proof works once at each', async () => {
      const { redis, one, other, bearer, headers } = await start('local');
      const before = headers();
      expect(await one.statusOf(before)).toBe(200);
      await stop(redis);
      expect(await one.statusOf(before)).toBe(401);
      const during = headers();
      for (const replica of [one, other]) {
        expect([await replica.statusOf(during), await replica.statusOf(during)]).toEqual([200, 401]);
        expect(await replica.statusOf(bearer)).toBe(200);
        expect(replica.events).toContain('store.failed');
      }
      await restart(redis);
      await shareAgain(one, other, headers);
      for (const replica of [one, other]) expect(await replica.statusOf(during)).toBe(401);
    });

    it('refuse: 503 for what is not known to be used, with Retry-After and no challenge', async () => {
      const { redis, one, other, bearer, headers } = await start('refuse');
      const before = headers();
      expect(await one.statusOf(before)).toBe(200);
      await stop(redis);
      expect(await one.statusOf(before)).toBe(401);
      const during = headers();
      for (const replica of [one, other, one]) {
        const answer = await replica.get(during);
        expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([503, null]);
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
        expect(await replica.statusOf(bearer)).toBe(200);
      }
      await restart(redis);
      await shareAgain(one, other, headers);
      expect(await one.statusOf(before)).toBe(401);
    });

    it.each(['local', 'refuse'])(
      '%s: one request waits for the time limit, and the others do not',
      async (policy) => {
        const { redis, one, headers } = await start(policy);
        // So that the connection of each request is there.
        await Promise.all(Array.from({ length: 20 }, async () => one.statusOf(headers())));
        await stop(redis);
        const startMs = performance.now();
        const statuses = new Set<number>();
        for (let request = 0; request < 100; request++) statuses.add(await one.statusOf(headers()));
        expect([...statuses]).toEqual([policy === 'local' ? 200 : 503]);
        // 10 s if each of them waited for it.
        expect(performance.now() - startMs).toBeLessThan(IN_TIME_MS + 2_000);
      },
    );
  });

  it('restarted empty: a proof from before works once more at the other, and never again where it was used', async () => {
    const { redis, one, other, headers } = await start('local');
    const [mine, known] = [headers(), headers()];
    expect(await one.statusOf(mine)).toBe(200);
    expect([await one.statusOf(known), await other.statusOf(known)]).toEqual([200, 401]);
    await redis.kill();
    await redis.run();
    await shareAgain(one, other, headers);
    expect(await one.statusOf(mine)).toBe(401);
    expect([await other.statusOf(mine), await other.statusOf(mine)]).toEqual([200, 401]);
    // What the store has refused at this replica is remembered here as well.
    expect(await other.statusOf(known)).toBe(401);
  });
});
