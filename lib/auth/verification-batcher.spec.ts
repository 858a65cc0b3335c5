import { AsyncLocalStorage, createHook } from 'node:async_hooks';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { VerificationBatcher } from './verification-batcher.js';

const here = (): boolean => false;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

afterEach(() => vi.useRealTimers());

describe('VerificationBatcher', () => {
  it('makes a rejection of what throws at once, and serves the others of the turn', async () => {
    const queue = new VerificationBatcher();
    const thrown = (): never => {
      throw new Error('at once');
    };
    const results = await Promise.allSettled([
      queue.run(thrown, here),
      queue.run(async () => 1, thrown),
      // What a mock in a test of the application returns.
      queue.run((() => 2) as unknown as () => Promise<number>, here),
      queue.run(async () => 3, here),
    ]);
    expect(results).toMatchObject([
      { status: 'rejected', reason: { message: 'at once' } },
      { status: 'rejected', reason: { message: 'at once' } },
      { status: 'fulfilled', value: 2 },
      { status: 'fulfilled', value: 3 },
    ]);
  });

  it('goes on under the fake timers of a test', async () => {
    const queue = new VerificationBatcher();
    vi.useFakeTimers();
    expect(await queue.run(async () => 1, here)).toBe(1);
  });

  it('runs what arrives together in one turn, in order, before anything that follows from it', async () => {
    const queue = new VerificationBatcher();
    const log: string[] = [];
    const all = ['a', 'b', 'c'].map(async (name) => {
      await queue.run(async () => log.push(name), here);
      log.push(`after ${name}`);
    });
    expect(log).toEqual([]);
    await Promise.all(all);
    expect(log).toEqual(['a', 'b', 'c', 'after a', 'after b', 'after c']);
  });

  it('hands through results and errors, and goes on after an error', async () => {
    const queue = new VerificationBatcher();
    const results = await Promise.allSettled([
      queue.run(async () => 1, here),
      queue.run(() => Promise.reject(new Error('no')), here),
      queue.run(async () => 3, here),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await queue.run(async () => 4, here)).toBe(4);
  });

  it('does nothing for who has gone', async () => {
    const queue = new VerificationBatcher();
    let ran = 0;
    const job = async (): Promise<number> => ++ran;
    // Expected at once: on a busy machine the other job has a turn of its own, and a rejection must not wait for it.
    const gone = expect(queue.run(job, () => true)).rejects.toMatchObject({
      code: 'aborted',
      status: 503,
      message: 'The request has gone before its turn came.',
    });
    expect(await queue.run(job, here)).toBe(1);
    await gone;
    expect(ran).toBe(1);
  });

  it('gives others their turn where the jobs take long', async () => {
    const queue = new VerificationBatcher();
    const startedIn: number[] = [];
    let turns = 0;
    const all = Array.from({ length: 4 }, () =>
      queue.run(async () => {
        startedIn.push(turns);
        const untilMs = performance.now() + 6;
        while (performance.now() < untilMs);
      }, here),
    );
    while (startedIn.length < 4) {
      await turn();
      turns++;
    }
    await Promise.all(all);
    expect(new Set(startedIn).size).toBe(4);
  });

  it('ends a turn as soon as five milliseconds are over', async () => {
    const queue = new VerificationBatcher();
    let nowMs = 1_000;
    vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
    const startedIn: number[] = [];
    let turns = 0;
    const all = [1, 4, 1, 4.5, 0.25, 1].map((tookMs) =>
      queue.run(async () => {
        startedIn.push(turns);
        nowMs += tookMs;
      }, here),
    );
    for (; turns < 4; turns++) await turn();
    await Promise.all(all);
    expect(startedIn).toEqual([0, 0, 1, 1, 2, 2]);
  });

  it('rests when nothing waits', async () => {
    const queue = new VerificationBatcher();
    await queue.run(async () => 1, here);
    await turn();
    expect(Reflect.get(queue, 'isScheduled')).toBe(false);
  });

  it('does not count what is done in the turn', async () => {
    const queue = new VerificationBatcher();
    let ranAtOnce = false;
    const first = queue.run(async () => {
      let done = false;
      const next = queue.run(async () => {
        done = true;
      }, here);
      ranAtOnce = done;
      await next;
    }, here);
    const others = Array.from({ length: 4_095 }, () => queue.run(async () => undefined, here));
    await Promise.all([first, ...others]);
    expect(ranAtOnce).toBe(false);
  });

  it('names its part in traces of async resources', async () => {
    const types: string[] = [];
    const hook = createHook({ init: (_id, type) => void types.push(type) }).enable();
    onTestFinished(() => void hook.disable());
    await new VerificationBatcher().run(async () => 1, here);
    expect(types.filter((type) => type === 'IdentityVerification')).toHaveLength(1);
  });

  it('is bounded: beyond that a job is done at once', async () => {
    const queue = new VerificationBatcher();
    let ran = 0;
    const job = async (): Promise<number> => ++ran;
    const all = Array.from({ length: 4_100 }, () => queue.run(job, here));
    expect(ran).toBe(4);
    await Promise.all(all);
    expect(ran).toBe(4_100);
  });

  it('holds on to nothing that is done, however long it is never empty', async () => {
    const queue = new VerificationBatcher();
    const held = (): number => (Reflect.get(queue, 'waiting') as unknown[]).length;
    let left = 100_000;
    const job = async (): Promise<void> => {
      if (left-- > 0) void queue.run(job, here);
    };
    void queue.run(job, here);
    void queue.run(job, here);
    for (await turn(); held() > 0; await turn()) expect(held()).toBeLessThan(4_200);
    expect(left).toBeLessThan(0);
  });

  it('runs each job in the async context that it came from', async () => {
    const queue = new VerificationBatcher();
    const storage = new AsyncLocalStorage<number>();
    const seen = await Promise.all(
      [1, 2, 3].map((request) =>
        storage.run(request, () =>
          queue.run(
            async () => Promise.resolve(storage.getStore()),
            () => false,
          ),
        ),
      ),
    );
    expect(seen).toEqual([1, 2, 3]);
  });
});
