import { setImmediate } from 'node:timers/promises';
import { IdentityError } from '../errors/identity-error.js';
import { isThenable } from '../model/thenable.js';

export type TokenSource = Iterable<string> | AsyncIterable<string>;

export interface BatchProgress {
  /** Tokens that are done, whatever the outcome. */
  readonly settled: number;
  readonly fulfilled: number;
  readonly rejected: number;
}

export interface BatchOptions {
  /** Tokens on their way at once. @default 64 */
  readonly concurrency?: number | undefined;
  /** Ends the batch early: what has no result yet settles as `aborted`. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Where signatures are checked: `auto` takes libuv's thread pool if that is faster, from 48 tokens
   * on for elliptic curves and from 1,000 on for RSA; `always` and `never` decide it. @default 'auto'
   */
  readonly threadPool?: 'auto' | 'always' | 'never' | undefined;
  /** Called after each token. An error that it throws ends the batch. */
  readonly onProgress?: ((progress: BatchProgress) => void) | undefined;
}

/**
 * Validates one token of a batch. While it waits for the network it hands its wait to `leaveSlot`, so
 * that tokens which need nothing go on meanwhile.
 */
export type ValidateOne<R> = (token: string, leaveSlot: LeaveSlot) => Promise<R>;
export type LeaveSlot = <T>(wait: () => Promise<T>) => Promise<T>;

const DEFAULT_CONCURRENCY = 64;
/** How long a batch may hold the event loop before others get their turn. */
const SLICE_MS = 4;

/** Runs a batch with bounded concurrency; the results are in the order of the tokens. */
export async function runBatch<R>(
  tokens: TokenSource,
  validateOne: ValidateOne<R>,
  options: BatchOptions,
): Promise<PromiseSettledResult<R>[]> {
  const slots = new Slots(readConcurrency(options.concurrency));
  const { signal, onProgress } = options;
  const results: (PromiseSettledResult<R> | undefined)[] = [];
  const reports: Promise<unknown>[] = [];
  let fulfilled = 0;
  let settled = 0;
  const isAborted = (): boolean => signal?.aborted === true;

  const settle = (index: number, result: PromiseSettledResult<R>): void => {
    if (isAborted()) return;
    results[index] = result;
    settled++;
    if (result.status === 'fulfilled') fulfilled++;
    const later: unknown = onProgress?.({ settled, fulfilled, rejected: settled - fulfilled });
    if (!isThenable(later)) return;
    const reported = Promise.resolve(later);
    // An async one that rejects ends the batch, as one that throws does: it must not end the process.
    reported.catch(() => undefined);
    reports.push(reported);
  };
  const runOne = async (index: number, token: string): Promise<void> => {
    const result = await validateOne(token, (wait) => slots.leaveDuring(wait)).then(
      (value): PromiseSettledResult<R> => ({ status: 'fulfilled', value }),
      (reason: unknown): PromiseSettledResult<R> => ({ status: 'rejected', reason }),
    );
    slots.release();
    settle(index, result);
  };
  const runAll = async (): Promise<void> => {
    const running: Promise<void>[] = [];
    for await (const token of tokens) {
      const index = results.push(undefined) - 1;
      await slots.acquire();
      if (isAborted()) return;
      const one = runOne(index, token);
      // Seen by Promise.all below, which may be long after, if the tokens come slowly.
      one.catch(() => undefined);
      running.push(one);
    }
    await Promise.all(running);
    await Promise.all(reports);
  };

  await untilAborted(runAll(), signal);
  const count = isAborted() && Array.isArray(tokens) ? tokens.length : results.length;
  return Array.from({ length: count }, (_, index) => results[index] ?? aborted());
}

/** Counts the tokens on their way, and lets the event loop breathe between them. */
class Slots {
  private readonly queue: (() => void)[] = [];
  private sliceEndMs = performance.now() + SLICE_MS;

  constructor(private free: number) {}

  /** Gives way by the clock and not by a count: how long a token takes depends on its algorithm. */
  async acquire(): Promise<void> {
    if (this.free > 0) this.free--;
    else await new Promise<void>((resolve) => this.queue.push(resolve));
    if (performance.now() < this.sliceEndMs) return;
    await setImmediate();
    this.sliceEndMs = performance.now() + SLICE_MS;
  }

  release(): void {
    const next = this.queue.shift();
    if (next === undefined) this.free++;
    else next();
  }

  /**
   * A token that waits for the network gives its place to one that needs none. Otherwise a few tokens of an unknown key would stop
   * the whole batch.
   */
  async leaveDuring<T>(wait: () => Promise<T>): Promise<T> {
    this.release();
    try {
      return await wait();
    } finally {
      await this.acquire();
    }
  }
}

/** The results of tokens that are still on their way are left alone: their validation ends by itself, and its result is not used. */
async function untilAborted(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return work;
  let stop!: () => void;
  const aborts = new Promise<void>((resolve) => {
    stop = resolve;
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) resolve();
  });
  try {
    await Promise.race([work, aborts]);
  } finally {
    signal.removeEventListener('abort', stop);
    work.catch(() => undefined);
  }
}

function aborted(): PromiseRejectedResult {
  return { status: 'rejected', reason: new IdentityError('aborted') };
}

function readConcurrency(value: number | undefined): number {
  if (value === undefined) return DEFAULT_CONCURRENCY;
  if (Number.isInteger(value) && value >= 1) return value;
  throw new IdentityError('invalid_override', '"concurrency" must be a whole number, 1 or more.');
}
