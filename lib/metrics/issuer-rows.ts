import { LRUCache } from 'lru-cache';
import { DenialCounts } from './denials.js';
import { ResultCounts } from './validation-results.js';

/** What is counted for one issuer. */
export interface IssuerRow {
  readonly issuer: string;
  readonly configured: boolean;
  readonly results: ResultCounts;
  readonly denials: DenialCounts;
  /** How many different key sets there have been. */
  generation: number;
}

/**
 * Rows of issuers: those that are configured have theirs for good, tenants as long as they are known.
 * What names no issuer of ours goes into one row, so nobody makes rows by making up names.
 */
export class IssuerRows {
  readonly other = new ResultCounts();
  /** Of requests without a token that could name an issuer. */
  readonly otherDenials = new DenialCounts();
  private readonly configured: ReadonlyMap<string, IssuerRow>;
  private readonly tenants: LRUCache<string, IssuerRow>;

  /** @param isHeld - whether an issuer is configured, or a tenant that is known now. */
  constructor(
    configured: readonly string[],
    maxTenants: number,
    private readonly isHeld: (issuer: string) => boolean,
  ) {
    this.configured = new Map(configured.map((issuer) => [issuer, createRow(issuer, true)]));
    this.tenants = new LRUCache({ max: maxTenants });
  }

  /** @param issuer - one that was accepted as ours. */
  of(issuer: string): IssuerRow {
    return this.configured.get(issuer) ?? this.tenants.get(issuer) ?? this.addTenant(issuer);
  }

  /** Tenants that have left since take their rows along. */
  all(): readonly IssuerRow[] {
    for (const issuer of this.tenants.keys()) if (!this.isHeld(issuer)) this.tenants.delete(issuer);
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
