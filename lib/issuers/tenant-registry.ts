import { CacheCounters } from '../cache/cache-stats.js';
import { SegmentedLru } from '../cache/segmented-lru.js';
import { CacheMissError } from '../cache/value-source.js';
import { describeError, IdentityError, refuse } from '../errors/identity-error.js';
import { GUARDS_PER_ENTRY, type ResolvedOptions, type TenantSource } from '../options/resolved-options.js';
import type { Issuer } from './issuer.js';
import type { IssuerRuntime } from './issuer-document.js';
import { Tenant, UnknownIssuerError } from './tenant.js';
import { applicationFailed, TenantResolver } from './tenant-resolver.js';

/** Names that are no tenant, remembered at the least. */
const MIN_UNKNOWN = 4_096;

/**
 * Issuers that a function of the application names while tokens come in. It is asked once for all who want the same,
 * and not again while its answer holds. Names that are no tenant drive out no tenants; tenants that only unverified
 * tokens name drive out none that a verified token has named. What leaves, leaves whole.
 */
export class TenantRegistry {
  readonly resolver: TenantResolver;
  private readonly tenants: SegmentedLru<Tenant>;
  private readonly asking = new Map<string, Promise<Issuer | undefined>>();
  private readonly maxWaiting: number;

  constructor(
    source: TenantSource,
    options: Pick<ResolvedOptions, 'cache' | 'discovery' | 'jwks' | 'refreshAheadRatio'>,
    issuers: IssuerRuntime,
  ) {
    const { clock, reporter } = issuers;
    const { staleIfErrorMs } = options.discovery;
    this.maxWaiting = options.jwks.maxWaiting;
    this.resolver = new TenantResolver(source, clock);
    const runtime = {
      issuers,
      resolver: this.resolver,
      refresh: {
        staleIfErrorMs,
        refreshAheadRatio: options.refreshAheadRatio,
        clock,
        counters: new CacheCounters(),
      },
      onKept: (tenant: Tenant) => this.tenants.keep(tenant),
      onFailed: (error: unknown) => reporter.report({ type: 'issuers.failed', reason: describeError(error) }),
    };
    const { maxEntries } = options.cache;
    this.tenants = new SegmentedLru(
      {
        maxEntries,
        maxEvicted: GUARDS_PER_ENTRY * maxEntries,
        // A name that is being asked for is not driven out by others that are.
        maxEmpty: Math.max(MIN_UNKNOWN, this.maxWaiting),
      },
      (name) => new Tenant(name, runtime),
    );
  }

  /** Tenants whose options are known now. */
  get count(): number {
    let count = 0;
    for (const { answer } of this.tenants.kept()) if (answer.isHeld) count++;
    return count;
  }

  /**
   * A tenant: at once if it is known, else a promise. undefined if the name is none.
   *
   * @param beforeAsking - called before the function is asked; what it throws rejects the token.
   * @throws {IdentityError} `check_failed`, `keys_busy`.
   */
  find(name: string, beforeAsking?: () => void): Issuer | undefined | Promise<Issuer | undefined> {
    if (!this.resolver.isAllowed(name)) return undefined;
    const known = this.tenants.touch(name)?.answer.getIfServable();
    if (known !== undefined) return known ?? undefined;
    beforeAsking?.();
    return this.ask(name);
  }

  /** A tenant that is known and allowed now, without being a use of it. */
  peek(name: string): Issuer | undefined {
    if (!this.resolver.isAllowedForSure(name)) return undefined;
    return this.tenants.peek(name)?.answer.peek() ?? undefined;
  }

  /** The issuer of a name, whether or not the answer of the application is known now. */
  peekCached(name: string): Issuer | undefined {
    return this.tenants.peek(name)?.issuer;
  }

  /** A token of the tenant was verified: only that keeps it. */
  prove(name: string): void {
    this.tenants.prove(name)?.prove();
  }

  /** Forgets the answers of the application for one tenant, or for all. */
  clear(name?: string): void {
    if (name !== undefined) this.tenants.peek(name)?.answer.clear();
    else for (const { answer } of this.tenants.all()) answer.clear();
  }

  /** Tenants that hold a place. */
  *kept(): Iterable<Issuer> {
    for (const { issuer } of this.tenants.kept()) if (issuer !== undefined) yield issuer;
  }

  /** Those that are only remembered, too. */
  *all(): Iterable<Issuer> {
    for (const { issuer } of this.tenants.all()) if (issuer !== undefined) yield issuer;
  }

  close(why: IdentityError): void {
    for (const tenant of this.tenants.all()) tenant.close(why);
  }

  /** One promise for all who wait for the same name; a bounded number of names. */
  private ask(name: string): Promise<Issuer | undefined> {
    const running = this.asking.get(name);
    if (running !== undefined) return running;
    const { maxWaiting } = this;
    if (this.asking.size >= maxWaiting) {
      throw refuse(
        'keys_busy',
        `The function "issuers" is being asked for ${String(maxWaiting)} names (jwks.maxWaiting).`,
      );
    }
    const asked = this.askOnce(name).finally(() => this.asking.delete(name));
    this.asking.set(name, asked);
    return asked;
  }

  private async askOnce(name: string): Promise<Issuer | undefined> {
    try {
      return (await this.tenants.touchOrAdd(name).answer.load()) ?? undefined;
    } catch (error) {
      if (!(error instanceof CacheMissError)) throw applicationFailed('"issuers"', error);
      const { cause, retryAfterMs } = error;
      if (cause instanceof UnknownIssuerError) return undefined;
      if (cause === undefined) throw new IdentityError('keys_busy', JUST_ASKED, { retryAfterMs });
      throw applicationFailed('"issuers"', cause, retryAfterMs);
    }
  }
}

const JUST_ASKED =
  'Tokens name more tenants than cache.maxEntries holds, and the function "issuers" was just asked.';
