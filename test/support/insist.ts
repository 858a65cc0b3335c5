import { IdentityError, type TokenValidationService } from 'nestjs-identity-model';
import type { Clock } from '../../lib/cache/clock.js';

/** How a client that does as it is told got on. */
export interface Insistence {
  /** undefined if it was served in the end. */
  readonly code: string | undefined;
  /** From the first request to the last answer. */
  readonly tookMs: number;
  /** The longest that one request took. */
  readonly longestMs: number;
  /** 503s on the way. */
  readonly turnedAway: number;
}

/** Asks, and comes back when `Retry-After` says so, in whole seconds as HTTP has it; at the most `times`. */
export async function insist(
  tokens: TokenValidationService,
  token: string,
  clock: Pick<Clock, 'monotonicMs' | 'schedule'>,
  times = 3,
): Promise<Insistence> {
  const startMs = clock.monotonicMs();
  let longestMs = 0;
  for (let turnedAway = 0; ; turnedAway++) {
    const sinceMs = clock.monotonicMs();
    const error: unknown = await tokens.validate(token).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    const nowMs = clock.monotonicMs();
    longestMs = Math.max(longestMs, nowMs - sinceMs);
    const fault = error instanceof IdentityError ? error : undefined;
    if (fault?.status !== 503 || turnedAway === times) {
      return { code: fault?.code, tookMs: nowMs - startMs, longestMs, turnedAway };
    }
    const { retryAfterMs = 0 } = fault;
    await new Promise<void>((resolve) => clock.schedule(resolve, Math.ceil(retryAfterMs / 1_000) * 1_000));
  }
}
