import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../cache/clock.js';
import { CacheMissError, RefreshingCache, type Loaded } from '../cache/refreshing-cache.js';
import { IdentityError, refuse } from '../errors/identity-error.js';
import { readable } from '../errors/readable-error.js';
import type { ResolvedIssuer, ResolvedOptions, TenantSource } from '../options/resolved-options.js';

/** No issuer's name comes near; refused ones are remembered for a while, and must not cost much memory. */
const MAX_ISSUER_LENGTH = 1_024;
/** Refused names remembered at the most. */
const MAX_REFUSED = 4_096;

/**
 * Issuers that a function of the application names while tokens come in. It is asked only for strings
 * that `allowedIssuers` lets through, once for all who want the same, and not again while its answer
 * holds. Refused names drive out no accepted ones.
 */
export class TenantResolver {
  private readonly cache: RefreshingCache<ResolvedIssuer | null>;
  private readonly asking = new Map<string, Promise<ResolvedIssuer | undefined>>();

  constructor(
    private readonly source: TenantSource,
    private readonly options: Pick<ResolvedOptions, 'cache' | 'discovery' | 'jwks' | 'refreshAheadRatio'>,
    private readonly clock: Clock,
    onFailed: (error: unknown) => void,
  ) {
    this.cache = new RefreshingCache({
      load: (issuer, { previous }) => this.load(issuer, previous),
      maxEntries: options.cache.maxEntries,
      maxColdEntries: MAX_REFUSED,
      pinned: new Set(),
      staleIfErrorMs: options.discovery.staleIfErrorMs,
      refreshAheadRatio: options.refreshAheadRatio,
      clock,
      onFailed: (_issuer, { error }) => {
        if (!(error instanceof UnknownIssuerError)) onFailed(error);
      },
    });
  }

  /** Tenants whose options are known now. */
  get size(): number {
    return this.cache.stats().size;
  }

  /** @throws {IdentityError} `check_failed`: the application's predicate threw. */
  isAllowed(issuer: string): boolean {
    if (issuer.length > MAX_ISSUER_LENGTH) return false;
    try {
      return this.source.isAllowed(issuer);
    } catch (error) {
      throw broken('"allowedIssuers"', readable(error));
    }
  }

  /** A token of the tenant was verified: only that keeps it. */
  prove(issuer: string): void {
    this.cache.prove(issuer);
  }

  /**
   * The options of a tenant: at once where they are known, else a promise. undefined for who is none.
   *
   * @param beforeAsking - called before the function is asked; what it throws refuses.
   * @throws {IdentityError} `check_failed`, `keys_busy`.
   */
  find(
    issuer: string,
    beforeAsking?: () => void,
  ): ResolvedIssuer | undefined | Promise<ResolvedIssuer | undefined> {
    if (!this.isAllowed(issuer)) return undefined;
    const known = this.cache.peek(issuer);
    if (known !== undefined) return known ?? undefined;
    beforeAsking?.();
    return this.ask(issuer);
  }

  /** The options of a tenant that is known and allowed now, without being a use of them. */
  look(issuer: string): ResolvedIssuer | undefined {
    return this.isAllowedForSure(issuer) ? (this.cache.look(issuer) ?? undefined) : undefined;
  }

  /** Forgets what is known of one tenant, or of all. */
  clear(issuer?: string): void {
    this.cache.clear(issuer);
  }

  close(): void {
    this.cache.close();
  }

  /** {@link isAllowed}, for callers that a broken predicate is none of the business of. */
  isAllowedForSure(issuer: string): boolean {
    try {
      return this.isAllowed(issuer);
    } catch {
      return false;
    }
  }

  /** One promise for all who wait for the same name; a bounded number of names. */
  private ask(issuer: string): Promise<ResolvedIssuer | undefined> {
    const running = this.asking.get(issuer);
    if (running !== undefined) return running;
    const { maxWaiting } = this.options.jwks;
    if (this.asking.size >= maxWaiting) {
      throw refuse(
        'keys_busy',
        `The function "issuers" is being asked for ${String(maxWaiting)} names (jwks.maxWaiting).`,
      );
    }
    const asked = this.askOnce(issuer).finally(() => this.asking.delete(issuer));
    this.asking.set(issuer, asked);
    return asked;
  }

  private async askOnce(issuer: string): Promise<ResolvedIssuer | undefined> {
    try {
      return (await this.cache.load(issuer)) ?? undefined;
    } catch (error) {
      const cause = error instanceof CacheMissError ? error.cause : error;
      if (error instanceof CacheMissError && cause === undefined) {
        const words =
          'Tokens name more tenants than cache.maxEntries holds, and the function "issuers" was just asked.';
        throw new IdentityError('keys_busy', words, { retryAfterMs: error.retryAfterMs });
      }
      if (cause instanceof UnknownIssuerError) return undefined;
      throw broken('"issuers"', cause, error instanceof CacheMissError ? error.retryAfterMs : undefined);
    }
  }

  /** A refusal of a name that was never accepted is a failure, so that it takes no place among the values. */
  private async load(
    issuer: string,
    previous: ResolvedIssuer | null | undefined,
  ): Promise<Loaded<ResolvedIssuer | null>> {
    const { unknownKidTtlMs } = this.options.jwks;
    const answer = await this.withinTime(async () => this.source.ask(issuer)).catch((error: unknown) => {
      throw readable(error);
    });
    if (answer === undefined || answer === null) {
      if (previous === undefined) throw new UnknownIssuerError(unknownKidTtlMs);
      return { value: null, ttlMs: unknownKidTtlMs };
    }
    const resolved = this.source.resolve(answer, issuer);
    return { value: reuse(previous, resolved), ttlMs: this.options.discovery.ttlMs };
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

/** The function does not know the name. */
class UnknownIssuerError extends Error {
  override readonly name = 'UnknownIssuerError';

  constructor(readonly retryAfterMs: number) {
    super('the function "issuers" does not know it');
  }
}

function broken(what: string, cause: unknown, retryAfterMs?: number): IdentityError {
  if (cause instanceof IdentityError && cause.kind === 'unavailable') return cause;
  return new IdentityError('check_failed', `The application's own ${what} failed.`, { cause, retryAfterMs });
}

/** What is the same stays the same object: connections and plans hang on it. */
function reuse(previous: ResolvedIssuer | null | undefined, now: ResolvedIssuer): ResolvedIssuer {
  if (previous === undefined || previous === null) return now;
  const http = isDeepStrictEqual(previous.http, now.http) ? previous.http : now.http;
  const merged = Object.freeze({ ...now, http });
  return isDeepStrictEqual(previous, merged) ? previous : merged;
}

const KEY_SOURCE = ['metadataIssuer', 'discoveryUrl', 'jwksUri', 'jwks'] as const;

/** Whether two answers for one tenant take its keys from the same place. */
export function isSameKeySource(before: ResolvedIssuer, now: ResolvedIssuer): boolean {
  return before === now || KEY_SOURCE.every((name) => isDeepStrictEqual(before[name], now[name]));
}
