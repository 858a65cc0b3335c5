import { IdentityError } from '../errors/identity-error.js';
import { isThenable } from '../model/thenable.js';

export interface BatchProgress {
  /** Tokens that are done, whatever the outcome. */
  readonly settled: number;
  readonly fulfilled: number;
  readonly rejected: number;
}

/** The results of a batch so far, in the order of the tokens; each is reported. */
export class BatchResults<R> {
  private readonly results: (PromiseSettledResult<R> | undefined)[] = [];
  private readonly reports: Promise<unknown>[] = [];
  private fulfilled = 0;
  private settled = 0;

  constructor(
    private readonly signal: AbortSignal | undefined,
    private readonly onProgress: ((progress: BatchProgress) => void) | undefined,
  ) {}

  get isAborted(): boolean {
    return this.signal?.aborted === true;
  }

  /** @returns the place of the next token. */
  add(): number {
    return this.results.push(undefined) - 1;
  }

  /** A result that comes after the end of the batch is not used. @throws what `onProgress` throws. */
  settle(at: number, result: PromiseSettledResult<R>): void {
    if (this.isAborted) return;
    this.results[at] = result;
    this.settled++;
    if (result.status === 'fulfilled') this.fulfilled++;
    const { settled, fulfilled } = this;
    const later: unknown = this.onProgress?.({ settled, fulfilled, rejected: settled - fulfilled });
    if (!isThenable(later)) return;
    const reported = Promise.resolve(later);
    // An async one that rejects ends the batch, as one that throws does: it must not end the process.
    reported.catch(() => undefined);
    this.reports.push(reported);
  }

  /** Rejects if a report has. */
  async reported(): Promise<void> {
    await Promise.all(this.reports);
  }

  /**
   * What has no result is aborted.
   *
   * @param expected - how many tokens there were to be; undefined if only the iterator knows.
   */
  list(expected: number | undefined): PromiseSettledResult<R>[] {
    const length = (this.isAborted ? expected : undefined) ?? this.results.length;
    return Array.from({ length }, (_, at) => this.results[at] ?? aborted());
  }
}

function aborted(): PromiseRejectedResult {
  return { status: 'rejected', reason: new IdentityError('aborted') };
}
