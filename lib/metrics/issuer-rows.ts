import { LRUCache } from 'lru-cache';
import { ClientNames } from '../model/client-names.js';
import { DenialCounts } from './denials.js';
import { SenderCounts } from './sender-counts.js';
import { ResultCounts } from './validation-results.js';
import { WouldDenyCounts } from './would-deny-counts.js';

/** The counts of one issuer. */
export interface IssuerRow {
  readonly issuer: string;
  readonly configured: boolean;
  readonly results: ResultCounts;
  readonly denials: DenialCounts;
  readonly wouldDeny: WouldDenyCounts;
  readonly senders: SenderCounts;
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
  /** Calls without a token that were let in. */
  readonly otherWouldDeny: WouldDenyCounts;
  private readonly configured: ReadonlyMap<string, IssuerRow>;
  private readonly tenants: LRUCache<string, IssuerRow>;

  /** @param clients - names under which clients are counted. */
  constructor(
    configured: readonly string[],
    maxTenants: number,
    private readonly clients: readonly string[] = ClientNames.NONE.all,
  ) {
    this.otherWouldDeny = new WouldDenyCounts(clients);
    this.configured = new Map(configured.map((issuer) => [issuer, this.createRow(issuer, true)]));
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
    const row = this.createRow(issuer, false);
    this.tenants.set(issuer, row);
    return row;
  }

  private createRow(issuer: string, configured: boolean): IssuerRow {
    return {
      issuer,
      configured,
      results: new ResultCounts(),
      denials: new DenialCounts(),
      wouldDeny: new WouldDenyCounts(this.clients),
      senders: new SenderCounts(this.clients),
      generation: 0,
    };
  }
}
