import { IdentityError } from '../errors/identity-error.js';
import { BatchResults, type BatchProgress } from './batch-results.js';
import type { EventLoopSlice } from './event-loop-slice.js';

export type TokenSource = Iterable<string> | AsyncIterable<string>;

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

/**
 * Runs a batch with bounded concurrency; the results are in the order of the tokens.
 *
 * @param slice - shared by all batches that may run at once.
 */
export async function runBatch<R>(
  tokens: TokenSource,
  validateOne: ValidateOne<R>,
  options: BatchOptions,
  slice: EventLoopSlice,
): Promise<PromiseSettledResult<R>[]> {
  const slots = new Slots(readConcurrency(options.concurrency));
  const results = new BatchResults<R>(options.signal, options.onProgress);
  const runOne = async (at: number, token: string): Promise<void> => {
    const result = await validateOne(token, (wait) => slots.leaveDuring(wait)).then(
      (value): PromiseSettledResult<R> => ({ status: 'fulfilled', value }),
      (reason: unknown): PromiseSettledResult<R> => ({ status: 'rejected', reason }),
    );
    slots.release();
    results.settle(at, result);
  };
  const runAll = async (): Promise<void> => {
    const running: Promise<void>[] = [];
    for await (const token of tokens) {
      const at = results.add();
      await slots.acquire();
      // Not in acquire(): between its end and here all other batches would have asked, too.
      for (let turn = slice.next(); turn !== undefined; turn = slice.next()) await turn;
      if (results.isAborted) return;
      const one = runOne(at, token);
      // Seen by Promise.all below, which may be long after, if the tokens come slowly.
      one.catch(() => undefined);
      running.push(one);
    }
    await Promise.all(running);
    await results.reported();
  };

  await untilAborted(runAll(), options.signal);
  return results.list(Array.isArray(tokens) ? tokens.length : undefined);
}

/** Counts the tokens on their way. */
class Slots {
  private readonly queue: (() => void)[] = [];

  constructor(private free: number) {}

  async acquire(): Promise<void> {
    if (this.free > 0) this.free--;
    else await new Promise<void>((resolve) => this.queue.push(resolve));
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

function readConcurrency(value: number | undefined): number {
  if (value === undefined) return DEFAULT_CONCURRENCY;
  if (Number.isInteger(value) && value >= 1) return value;
  throw new IdentityError('invalid_override', '"concurrency" must be a whole number, 1 or more.');
}
