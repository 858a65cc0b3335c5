import { AsyncResource } from 'node:async_hooks';
import { IdentityError } from '../errors/identity-error.js';

interface Waiting {
  readonly job: () => Promise<unknown>;
  /** The async context of the job's own request: a batch has the one of its first job. */
  readonly scope: AsyncResource;
  readonly isGone: () => boolean;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** The real one, even if a test has replaced the global. */
const { setImmediate: defer } = globalThis;

/** How long one turn may hold the event loop before others get theirs. */
const SLICE_MS = 5;
/** More than this do not queue up: their job is done at once. */
const MAX_WAITING = 4_096;

/**
 * Runs the jobs that arrive in one poll phase of the event loop back to back, behind one `setImmediate`.
 * Checks of signatures and the framework's own work push each other out of the processor's caches; taken
 * in turns, both are faster. See docs/performance.md for the measurements.
 */
export class VerificationBatcher {
  private waiting: Waiting[] = [];
  /** How many of them are done; 0 between two turns. */
  private next = 0;
  private isScheduled = false;

  /**
   * @param job - starts at most one turn later.
   * @param isGone - whether the caller has left before the job starts.
   * @throws {IdentityError} `aborted`, if the caller has left; what the job throws.
   */
  run<T>(job: () => Promise<T>, isGone: () => boolean): Promise<T> {
    if (this.waiting.length - this.next >= MAX_WAITING) return job();
    return new Promise<T>((resolve, reject) => {
      this.waiting.push({
        job,
        // Not AsyncResource.bind(), which takes about 20 µs in Node.js 20.
        scope: new AsyncResource('IdentityVerification'),
        isGone,
        resolve: resolve as Waiting['resolve'],
        reject,
      });
      this.schedule();
    });
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    defer(() => this.turn());
  }

  private turn(): void {
    this.isScheduled = false;
    const untilMs = performance.now() + SLICE_MS;
    for (let first = this.waiting[this.next]; first !== undefined; first = this.waiting[this.next]) {
      this.next++;
      start(first);
      if (performance.now() >= untilMs) break;
    }
    // Under a lasting load the queue is never empty: what is done must not be held on to until it is.
    this.waiting = this.waiting.slice(this.next);
    this.next = 0;
    if (this.waiting.length > 0) this.schedule();
  }
}

function start({ job, scope, isGone, resolve, reject }: Waiting): void {
  // What throws here would end the process, and leave all others of the turn without an answer.
  try {
    if (isGone()) reject(new IdentityError('aborted', 'The request has gone before its turn came.'));
    else resolve(scope.runInAsyncScope(job));
  } catch (error) {
    reject(error);
  }
}
