import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isInstalled } from './support/is-installed.js';
import { RedisServer } from './support/redis-server.js';

const CHILD = fileURLToPath(new URL('support/child-replica.mjs', import.meta.url));
const PROOFS = Array.from({ length: 200 }, (_, at) => `proof-${String(at)}`);

interface Answer {
  readonly use: string;
  readonly ms: number;
}

/** A process that decides about proofs. */
class Replica {
  private readonly answers: string[] = [];
  private heard: () => void = () => undefined;

  private constructor(private readonly child: ChildProcess) {
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      this.answers.push(line);
      this.heard();
    });
  }

  static async start(port: number, onStoreFailure: string): Promise<Replica> {
    const child = spawn(process.execPath, [CHILD, String(port), onStoreFailure], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    onTestFinished(async () => {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    });
    const replica = new Replica(child);
    await replica.lines(1);
    return replica;
  }

  /** All of them at once. */
  async use(proofs: readonly string[]): Promise<Answer[]> {
    for (const proof of proofs) this.child.stdin?.write(`${proof} 70000\n`);
    return (await this.lines(proofs.length)).map((line) => {
      const [, use = '', ms = ''] = line.split(' ');
      return { use, ms: Number(ms) };
    });
  }

  private async lines(count: number): Promise<string[]> {
    while (this.answers.length < count) await new Promise<void>((resolve) => (this.heard = resolve));
    return this.answers.splice(0, count);
  }
}

async function start(onStoreFailure: string): Promise<{ redis: RedisServer; replicas: Replica[] }> {
  const redis = await RedisServer.start('redis-server');
  onTestFinished(() => redis.stop());
  const replicas = await Promise.all([1, 2, 3].map(async () => Replica.start(redis.port, onStoreFailure)));
  return { redis, replicas };
}

const countOf = (answers: readonly Answer[], use: string): number =>
  answers.filter((answer) => answer.use === use).length;
const askAll = async (replicas: readonly Replica[], proofs: readonly string[]): Promise<Answer[]> =>
  (await Promise.all(replicas.map(async (replica) => replica.use(proofs)))).flat();

describe.runIf(isInstalled('redis-server'))('Three processes over one Redis', () => {
  it('let each proof in once, whoever is asked first', async () => {
    const { replicas } = await start('local');
    const [one, other] = replicas;
    expect(await one?.use(['a'])).toMatchObject([{ use: 'first' }]);
    expect(await other?.use(['a'])).toMatchObject([{ use: 'seen' }]);
    const answers = await askAll(replicas, PROOFS);
    expect([countOf(answers, 'first'), countOf(answers, 'seen')]).toEqual([200, 400]);
  });

  it.each([
    // Once at each of them.
    ['local', 'first-here'],
    ['refuse', 'undecided'],
  ])('decide in time by %s while Redis is stopped, and refuse what was used', async (onStoreFailure, use) => {
    const { redis, replicas } = await start(onStoreFailure);
    await askAll(replicas.slice(0, 1), ['used']);
    redis.freeze();
    const answers = await askAll(replicas, PROOFS);
    expect(countOf(answers, use)).toBe(600);
    expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(3_000);
    expect(await replicas[0]?.use(['used'])).toMatchObject([{ use: 'seen' }]);
    redis.thaw();
    await expect
      .poll(async () => (await replicas[0]?.use([`probe-${String(Math.random())}`]))?.[0]?.use)
      .toBe('first');
  });
});
