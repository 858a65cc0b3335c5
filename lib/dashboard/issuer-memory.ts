import { LRUCache } from 'lru-cache';

/**
 * One value for each issuer. Configured ones keep theirs for good; of tenants, whose names come with tokens, the
 * last ones are remembered, and they drive out each other alone.
 */
export class IssuerMemory<V extends object> {
  private readonly configured = new Map<string, V>();
  private readonly tenants: LRUCache<string, V>;

  constructor(
    private readonly isConfigured: (issuer: string) => boolean,
    maxTenants: number,
  ) {
    this.tenants = new LRUCache({ max: maxTenants });
  }

  /** Without being a use of it. */
  get(issuer: string): V | undefined {
    return this.configured.get(issuer) ?? this.tenants.peek(issuer);
  }

  set(issuer: string, value: V): void {
    if (this.isConfigured(issuer)) this.configured.set(issuer, value);
    else this.tenants.set(issuer, value);
  }

  delete(issuer: string): void {
    this.configured.delete(issuer);
    this.tenants.delete(issuer);
  }
}
