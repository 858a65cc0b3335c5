import type { Clock } from '../cache/clock.js';
import { describeError, IdentityError, refuse } from '../errors/identity-error.js';
import type { EventReporter } from '../events/event-reporter.js';
import { listOf, quoted } from '../model/printable.js';
import type { ClaimSource } from '../options/options.types.js';
import type { ResolvedIssuer, ResolvedOptions } from '../options/resolved-options.js';
import { TenantResolver } from './tenant-resolver.js';

/** An issuer at once, or later; undefined for who is none of ours. */
type Found = ResolvedIssuer | undefined | Promise<ResolvedIssuer | undefined>;

/** Finds issuers by the exact string that tokens carry. */
export class IssuerRegistry {
  private readonly byName: ReadonlyMap<string, ResolvedIssuer>;
  private readonly names: readonly string[];
  private readonly tenants: TenantResolver | undefined;

  constructor(options: ResolvedOptions, clock: Clock, reporter: EventReporter) {
    this.byName = new Map(options.issuers.map((issuer) => [issuer.issuer, issuer]));
    this.names = [...this.byName.keys()];
    this.tenants =
      options.tenants &&
      new TenantResolver(options.tenants, options, clock, (error) =>
        reporter.report({ type: 'issuers.failed', reason: describeError(error) }),
      );
  }

  /** All issuers that the configuration names. */
  get configured(): readonly ResolvedIssuer[] {
    return [...this.byName.values()];
  }

  /** How many tenants are known now; undefined where the configuration names all issuers. */
  get tenantCount(): number | undefined {
    return this.tenants?.size;
  }

  /**
   * The issuer that an unverified `iss` names.
   *
   * @param beforeAsking - called before the function "issuers" is asked; what it throws refuses.
   * @throws {IdentityError} `check_failed`, `keys_busy`; a promise rejects with the same.
   */
  find(unverifiedIssuer: string, beforeAsking?: () => void): Found {
    return this.byName.get(unverifiedIssuer) ?? this.tenants?.find(unverifiedIssuer, beforeAsking);
  }

  /** A token of a tenant was verified: only that keeps it among the known ones. */
  prove(issuer: string): void {
    this.tenants?.prove(issuer);
  }

  /** Whether an issuer may be ours, without asking for it. */
  isPossible(issuer: string): boolean {
    return this.byName.has(issuer) || this.tenants?.isAllowed(issuer) === true;
  }

  /**
   * The issuer that an argument names, or the only one.
   *
   * @throws {IdentityError} `issuer_unknown`, `issuer_ambiguous`, `check_failed`, `keys_busy`.
   */
  async pick(issuer?: string): Promise<ResolvedIssuer> {
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
   * The name that an argument stands for.
   *
   * @throws {IdentityError} `issuer_unknown`, `issuer_ambiguous`.
   */
  nameOf(issuer?: string): string {
    if (issuer !== undefined) {
      if (!this.isPossible(issuer)) throw this.unknown(issuer);
      return issuer;
    }
    const [only, ...others] = this.byName.keys();
    if (only === undefined || others.length > 0) {
      const count = this.tenants === undefined ? String(this.byName.size) : 'Any number of';
      throw new IdentityError(
        'issuer_ambiguous',
        `${count} issuers are configured: name the one that is meant`,
      );
    }
    return only;
  }

  /**
   * Where tokens of a validated issuer have their roles; undefined where they have none. A tenant whose
   * options were driven out since then is asked for again, and nobody guesses meanwhile.
   *
   * @throws {IdentityError} `metadata_unavailable`, `check_failed`, `keys_busy`.
   */
  rolesClaimOf(issuer: string): ClaimSource | undefined {
    const found = this.find(issuer);
    if (!(found instanceof Promise)) return found?.rolesClaim;
    found.catch(() => undefined);
    throw refuse('metadata_unavailable', 'The options of the issuer are being asked for again.');
  }

  /** A configured issuer, or a tenant that is known now. Asks nobody, and is no use of it. */
  look(issuer: string): ResolvedIssuer | undefined {
    return this.byName.get(issuer) ?? this.tenants?.look(issuer);
  }

  /** Forgets the answers of the function "issuers", for one name or for all. */
  forgetTenants(issuer?: string): void {
    this.tenants?.clear(issuer);
  }

  close(): void {
    this.tenants?.close();
  }

  private describeUnknown(name: unknown): string {
    if (typeof name !== 'string') return 'The issuer ("iss") is missing or not a string.';
    const twin = name.endsWith('/') ? name.slice(0, -1) : `${name}/`;
    if (this.byName.has(twin)) {
      return `The issuer ("iss") differs by a slash at the end from the option "issuer", which is ${quoted(twin)}: they are compared to the letter.`;
    }
    if (this.tenants === undefined) {
      return `The issuer ("iss") is not configured; configured is ${listOf(this.names)}, to the letter.`;
    }
    return this.tenants.isAllowedForSure(name)
      ? 'The function "issuers" does not know the issuer ("iss").'
      : '"allowedIssuers" does not let the issuer ("iss") through.';
  }
}
