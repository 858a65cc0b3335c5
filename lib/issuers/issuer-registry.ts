import { CacheCounters, type CacheStats } from '../cache/cache-stats.js';
import type { Clock } from '../cache/clock.js';
import { IdentityError, refuse } from '../errors/identity-error.js';
import type { EventReporter } from '../events/event-reporter.js';
import type { HttpClients } from '../http/http-clients.js';
import { listOf, quoted } from '../model/printable.js';
import type { ResolvedIssuer, ResolvedOptions } from '../options/resolved-options.js';
import { Issuer } from './issuer.js';
import type { DocumentKind, IssuerRuntime } from './issuer-document.js';
import { TenantRegistry } from './tenant-registry.js';
import { UnprovenPace } from './unproven-pace.js';

/** An issuer at once, or later; undefined for a name that is none of ours. */
type Found = Issuer | undefined | Promise<Issuer | undefined>;

/** All issuers, by the exact string that tokens carry: the configured ones for good, tenants as long as they are used. */
export class IssuerRegistry {
  private readonly byName: ReadonlyMap<string, Issuer>;
  /** Made once: strangers send tokens of made-up issuers. */
  private readonly notConfigured: string;
  private readonly tenants: TenantRegistry | undefined;
  private readonly counters = { discovery: new CacheCounters(), jwks: new CacheCounters() };

  constructor(
    private readonly options: ResolvedOptions,
    clients: HttpClients,
    clock: Clock,
    reporter: EventReporter,
  ) {
    const { refreshAheadRatio, tenants } = options;
    const refreshOf = (kind: DocumentKind): IssuerRuntime['refresh'][DocumentKind] => ({
      staleIfErrorMs: options[kind].staleIfErrorMs,
      refreshAheadRatio,
      clock,
      counters: this.counters[kind],
    });
    const refresh = { discovery: refreshOf('discovery'), jwks: refreshOf('jwks') };
    const keyRules = { jwks: options.jwks, clock };
    const unprovenPace = new UnprovenPace(options.cache.maxEntries, clock);
    const runtime: IssuerRuntime = { options, clients, clock, reporter, keyRules, unprovenPace, refresh };
    this.byName = new Map(options.issuers.map((issuer) => [issuer.issuer, new Issuer(issuer, runtime)]));
    this.notConfigured = `The issuer ("iss") is not configured; configured is ${listOf([...this.byName.keys()])}; it is compared exactly.`;
    this.tenants = tenants && new TenantRegistry(tenants, options, runtime);
  }

  /** All issuers that the configuration names. */
  get configured(): readonly Issuer[] {
    return [...this.byName.values()];
  }

  /** How many tenants are known now; undefined if the configuration names all issuers. */
  get tenantCount(): number | undefined {
    return this.tenants?.count;
  }

  /** Counts look-ups of keys. */
  get keyLookUps(): CacheCounters {
    return this.counters.jwks;
  }

  /**
   * The issuer that an unverified `iss` names.
   *
   * @param beforeAsking - called before the function "issuers" is asked; what it throws rejects the token.
   * @throws {IdentityError} `check_failed`, `keys_busy`; a promise rejects with the same.
   */
  find(unverifiedIssuer: string, beforeAsking?: () => void): Found {
    return this.byName.get(unverifiedIssuer) ?? this.tenants?.find(unverifiedIssuer, beforeAsking);
  }

  /** A token of a tenant was verified: only that keeps it, with all that is known of it. */
  prove({ options: { issuer } }: Pick<Issuer, 'options'>): void {
    if (!this.byName.has(issuer)) this.tenants?.prove(issuer);
  }

  /** Whether an issuer may be ours, without asking for it. */
  isPossible(issuer: string): boolean {
    return this.byName.has(issuer) || this.tenants?.resolver.isAllowed(issuer) === true;
  }

  /**
   * The issuer that an argument names, or the only one.
   *
   * @throws {IdentityError} `issuer_unknown`, `issuer_ambiguous`, `check_failed`, `keys_busy`.
   */
  async pick(issuer?: string): Promise<Issuer> {
    const found = await this.find(this.nameOf(issuer));
    if (found === undefined) throw this.unknown(issuer);
    return found;
  }

  /**
   * The error for a name that is none of ours. It says by what it differs, and never the name itself.
   *
   * @param unverifiedIssuer - what a token says in `iss`, or an argument.
   */
  unknown(unverifiedIssuer: unknown): IdentityError {
    return refuse('issuer_unknown', this.describeUnknown(unverifiedIssuer));
  }

  /**
   * The options of the issuer of a validated token. A tenant whose options were driven out since then is asked for again,
   * and nobody guesses meanwhile.
   *
   * @throws {IdentityError} `metadata_unavailable`, `check_failed`, `keys_busy`.
   */
  optionsOf(issuer: string): ResolvedIssuer | undefined {
    const found = this.find(issuer);
    if (!(found instanceof Promise)) return found?.options;
    found.catch(() => undefined);
    throw refuse('metadata_unavailable', 'The options of the issuer are being asked for again.');
  }

  /** A configured issuer, or a tenant that is known now. Asks nobody, and is no use of it. */
  peek(issuer: string): Issuer | undefined {
    return this.byName.get(issuer) ?? this.tenants?.peek(issuer);
  }

  /**
   * The issuer that an argument names, or the only one, with what is cached of it; undefined for a tenant of which
   * nothing is. Asks nobody.
   *
   * @throws {IdentityError} `issuer_unknown`, `issuer_ambiguous`.
   */
  peekCached(issuer?: string): Issuer | undefined {
    const name = this.nameOf(issuer);
    return this.byName.get(name) ?? this.tenants?.peekCached(name);
  }

  /**
   * The one that an argument names, or all of which something is cached.
   *
   * @throws {IdentityError} `issuer_unknown`, `issuer_ambiguous`.
   */
  cached(issuer?: string): readonly Issuer[] {
    if (issuer === undefined) return [...this.byName.values(), ...(this.tenants?.all() ?? [])];
    const found = this.peekCached(issuer);
    return found === undefined ? [] : [found];
  }

  /** Forgets the answers of the function "issuers", for one name or for all. */
  forgetTenants(issuer?: string): void {
    this.tenants?.clear(issuer);
  }

  /** What the documents of a kind have done as one cache. */
  statsOf(kind: DocumentKind): CacheStats {
    let size = 0;
    for (const issuer of [...this.byName.values(), ...(this.tenants?.kept() ?? [])]) {
      const document = kind === 'jwks' ? issuer.keySet : issuer.knownMetadata;
      if (document?.cached.isHeld === true) size++;
    }
    return this.counters[kind].stats(size, Math.max(this.byName.size, this.options.cache.maxEntries));
  }

  /** Ends all fetches, timers and waits for good. */
  close(): void {
    const why = new IdentityError('shutting_down');
    for (const issuer of this.byName.values()) issuer.close(why);
    this.tenants?.close(why);
  }

  /** @throws {IdentityError} `issuer_unknown`, `issuer_ambiguous`. */
  private nameOf(issuer?: string): string {
    if (issuer !== undefined) {
      if (!this.isPossible(issuer)) throw this.unknown(issuer);
      return issuer;
    }
    const [only, ...others] = this.byName.keys();
    if (only !== undefined && others.length === 0) return only;
    const count = this.tenants === undefined ? String(this.byName.size) : 'Any number of';
    throw new IdentityError(
      'issuer_ambiguous',
      `${count} issuers are configured: name the one that is meant`,
    );
  }

  private describeUnknown(name: unknown): string {
    if (typeof name !== 'string') return 'The issuer ("iss") is missing or not a string.';
    const twin = name.endsWith('/') ? name.slice(0, -1) : `${name}/`;
    if (this.byName.has(twin)) {
      return `The issuer ("iss") differs by a slash at the end from the option "issuer", which is ${quoted(twin)}: they are compared exactly.`;
    }
    if (this.tenants === undefined) return this.notConfigured;
    return this.tenants.resolver.isAllowedForSure(name)
      ? 'The function "issuers" does not know the issuer ("iss").'
      : '"allowedIssuers" does not let the issuer ("iss") through.';
  }
}
