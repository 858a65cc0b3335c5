import { HttpException } from '@nestjs/common';
import { IdentityError, refuse } from '../errors/identity-error.js';
import { readable } from '../errors/readable-error.js';
import { markAsApplications } from '../events/reason.js';
import { isThenable } from '../model/thenable.js';
import type { ValidatedToken } from '../model/token.js';
import { AnsweredLater } from '../options/at-once.js';
import type { ValidateHook } from '../options/options.types.js';

/**
 * Runs own checks one after the other; undefined once all have accepted, or a promise of that as soon
 * as one of them answers asynchronously.
 *
 * @throws {IdentityError} `check_refused`, `check_failed`; what the hook threw, if that has a meaning of its own.
 */
export function runHooks(
  hooks: readonly ValidateHook[],
  validated: ValidatedToken,
  from = 0,
): Promise<void> | undefined {
  for (let index = from; index < hooks.length; index++) {
    const verdict = callHook(hooks[index], validated);
    if (verdict instanceof Promise) return finishLater(verdict, hooks, validated, index + 1);
    demandTrue(verdict);
  }
  return undefined;
}

async function finishLater(
  verdict: PromiseLike<unknown>,
  hooks: readonly ValidateHook[],
  validated: ValidatedToken,
  next: number,
): Promise<void> {
  let awaited: unknown;
  try {
    awaited = await verdict;
  } catch (error) {
    throw toCheckError(error);
  }
  demandTrue(awaited);
  await runHooks(hooks, validated, next);
}

function callHook(hook: ValidateHook | undefined, validated: ValidatedToken): unknown {
  try {
    // Stryker disable next-line OptionalChaining: the index of a list never leaves it; only its type says so.
    const verdict: unknown = hook?.(validated);
    return isThenable(verdict) ? Promise.resolve(verdict) : verdict;
  } catch (error) {
    throw toCheckError(error);
  }
}

/** Only `true` accepts: a hook that forgets to return refuses. */
function demandTrue(verdict: unknown): void {
  if (verdict === true) return;
  const answer = verdict === false || verdict === null ? String(verdict) : typeof verdict;
  throw refuse('check_refused', `The application's own "validate" answered ${answer}; only true accepts.`);
}

/**
 * An own check that breaks says nothing about the token: it is not a 401.
 *
 * @param what - the option or decorator that it belongs to.
 */
export function toCheckError(thrown: unknown, what = '"validate"'): unknown {
  const error = readable(thrown);
  if (error instanceof IdentityError) {
    if (!(error instanceof AnsweredLater)) markAsApplications(error);
    return error;
  }
  if (error instanceof HttpException) return error;
  const kind = error instanceof Error ? error.constructor.name : 'what is no Error';
  return new IdentityError('check_failed', `The application's own ${what} failed: it threw ${kind}.`, {
    cause: thrown,
  });
}
