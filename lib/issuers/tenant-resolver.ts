import type { Clock } from '../cache/clock.js';
import { IdentityError } from '../errors/identity-error.js';
import { readable } from '../errors/readable-error.js';
import type { ResolvedIssuer, TenantSource } from '../options/resolved-options.js';

/** No issuer's name comes near; unknown ones are remembered for a while, and must not cost much memory. */
const MAX_ISSUER_LENGTH = 1_024;

/** Asks the application for tenants: only for strings that `allowedIssuers` lets through, and within bounded time. */
export class TenantResolver {
  constructor(
    private readonly source: TenantSource,
    private readonly clock: Clock,
  ) {}

  /** @throws {IdentityError} `check_failed`: the application's predicate threw. */
  isAllowed(issuer: string): boolean {
    if (issuer.length > MAX_ISSUER_LENGTH) return false;
    try {
      return this.source.isAllowed(issuer);
    } catch (error) {
      throw applicationFailed('"allowedIssuers"', readable(error));
    }
  }

  /** {@link isAllowed}, for callers that cannot handle a predicate that throws. */
  isAllowedForSure(issuer: string): boolean {
    try {
      return this.isAllowed(issuer);
    } catch {
      return false;
    }
  }

  /** The options of a tenant; undefined if the application does not know it. */
  async ask(issuer: string): Promise<ResolvedIssuer | undefined> {
    const answer = await this.withinTime(async () => this.source.ask(issuer)).catch((error: unknown) => {
      throw readable(error);
    });
    return answer === undefined || answer === null ? undefined : this.source.resolve(answer, issuer);
  }

  private async withinTime<T>(run: () => Promise<T>): Promise<T> {
    let cancel: () => void = () => undefined;
    const late = new Promise<never>((_, reject) => {
      const { deadlineMs } = this.source;
      cancel = this.clock.schedule(
        () => reject(new Error(`no answer within ${String(deadlineMs)} ms`)),
        deadlineMs,
      );
    });
    try {
      return await Promise.race([run(), late]);
    } finally {
      cancel();
    }
  }
}

/** A function of the application threw: tokens cannot be judged, and the token is not to blame. */
export function applicationFailed(what: string, cause: unknown, retryAfterMs?: number): IdentityError {
  if (cause instanceof IdentityError && cause.kind === 'unavailable') return cause;
  return new IdentityError('check_failed', `The application's own ${what} failed.`, { cause, retryAfterMs });
}
