import { HttpException } from '@nestjs/common';
import { IdentityError, refuse } from '../errors/identity-error.js';
import type { ValidatedToken } from '../model/token.js';
import type { ValidateHook } from '../options/options.types.js';

/**
 * Runs own checks one after the other; undefined once all have accepted, or a promise of that as soon
 * as one of them answers asynchronously.
 *
 * @throws {IdentityError} `check_refused`, `check_failed`; what the hook threw, where that has a meaning of its own.
 */
export function runHooks(
  hooks: readonly ValidateHook[],
  validated: ValidatedToken,
  from = 0,
): Promise<void> | undefined {
  for (let index = from; index < hooks.length; index++) {
    const verdict = callHook(hooks[index], validated);
    if (isThenable(verdict)) return finishLater(verdict, hooks, validated, index + 1);
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
    return hook?.(validated);
  } catch (error) {
    throw toCheckError(error);
  }
}

/** Only `true` accepts: a hook that forgets to return refuses. */
function demandTrue(verdict: unknown): void {
  if (verdict !== true) throw refuse('check_refused');
}

/** An own check that breaks says nothing about the token: it is not a 401. */
export function toCheckError(error: unknown): unknown {
  if (error instanceof IdentityError || error instanceof HttpException) return error;
  return new IdentityError('check_failed', undefined, { cause: error });
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
