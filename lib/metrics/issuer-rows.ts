import { LRUCache } from 'lru-cache';
import { DenialCounts } from './denials.js';
import { ResultCounts } from './validation-results.js';

/** The counts of one issuer. */
export interface IssuerRow {
  readonly issuer: string;
  readonly configured: boolean;
  readonly results: ResultCounts;
  readonly denials: DenialCounts;
  /** How many different key sets the issuer has had. */
  generation: number;
}

/**
 * Counts by issuer. Configured issuers have a row for good, tenants as long as the registry knows them. Tokens that name no
 * accepted issuer share one row, so that nobody adds rows by making up names.
 */
export class IssuerRows {
  readonly other = new ResultCounts();
  /** Denials of requests without a token that could name an issuer. */
  readonly otherDenials = new DenialCounts();
  private readonly configured: ReadonlyMap<string, IssuerRow>;
  private readonly tenants: LRUCache<string, IssuerRow>;

  constructor(configured: readonly string[], maxTenants: number) {
    this.configured = new Map(configured.map((issuer) => [issuer, createRow(issuer, true)]));
    this.tenants = new LRUCache({ max: maxTenants });
  }

  /** @param issuer - one that was accepted as ours. */
  of(issuer: string): IssuerRow {
    return this.configured.get(issuer) ?? this.tenants.get(issuer) ?? this.addTenant(issuer);
  }

  /**
   * Drops the rows of tenants that have left since.
   *
   * @param isKnown - whether an issuer is configured, or a tenant that is known now.
   */
  all(isKnown: (issuer: string) => boolean): readonly IssuerRow[] {
    for (const issuer of this.tenants.keys()) if (!isKnown(issuer)) this.tenants.delete(issuer);
    return [...this.configured.values(), ...this.tenants.values()];
  }

  private addTenant(issuer: string): IssuerRow {
    const row = createRow(issuer, false);
    this.tenants.set(issuer, row);
    return row;
  }
}

function createRow(issuer: string, configured: boolean): IssuerRow {
  return { issuer, configured, results: new ResultCounts(), denials: new DenialCounts(), generation: 0 };
}
