import { IdentityError, refuse } from '../errors/identity-error.js';
import type { ResolvedIssuer, ResolvedOptions } from './resolved-options.js';

/** Finds issuers by the exact string that tokens carry. */
export class IssuerDirectory {
  private readonly byName: ReadonlyMap<string, ResolvedIssuer>;

  constructor(options: Pick<ResolvedOptions, 'issuers'>) {
    this.byName = new Map(options.issuers.map((issuer) => [issuer.issuer, issuer]));
  }

  /** All issuers that the configuration names. */
  get configured(): readonly ResolvedIssuer[] {
    return [...this.byName.values()];
  }

  /** The issuer that an unverified `iss` names; undefined where it is not ours. */
  find(unverifiedIssuer: string): ResolvedIssuer | undefined {
    return this.byName.get(unverifiedIssuer);
  }

  /**
   * The issuer that an argument names, or the only one.
   *
   * @throws {IdentityError} `issuer_unknown`, `issuer_ambiguous`.
   */
  pick(issuer?: string): ResolvedIssuer {
    if (issuer !== undefined) {
      const found = this.byName.get(issuer);
      if (found === undefined) throw refuse('issuer_unknown');
      return found;
    }
    const [only, ...others] = this.byName.values();
    if (only === undefined || others.length > 0) {
      const count = String(this.byName.size);
      throw new IdentityError(
        'issuer_ambiguous',
        `${count} issuers are configured: name the one that is meant`,
      );
    }
    return only;
  }
}
