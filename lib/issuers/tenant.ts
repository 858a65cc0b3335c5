import { RefreshingValue } from '../cache/refreshing-value.js';
import type { LruEntry } from '../cache/segmented-lru.js';
import type { Loaded, LoadContext, LoadFailure, RefreshRules, ValueSource } from '../cache/value-source.js';
import { refuse } from '../errors/identity-error.js';
import { Issuer } from './issuer.js';
import type { IssuerRuntime } from './issuer-document.js';
import { reuseOptions } from './same-options.js';
import type { TenantResolver } from './tenant-resolver.js';

/** What all tenants have in common. */
export interface TenantRuntime {
  readonly issuers: IssuerRuntime;
  readonly resolver: TenantResolver;
  readonly refresh: RefreshRules;
  /** The tenant has a value: an answer of the application, or a document of its provider. */
  readonly onKept: (tenant: Tenant) => void;
  readonly onFailed: (error: unknown) => void;
}

/** Those who wait while the options change come again: rules of before must not meet keys of now. */
const COME_AGAIN_MS = 1_000;

/** A name that the application is asked for: its answer, and the issuer that was made of it. null: it is no tenant now. */
export class Tenant implements LruEntry, ValueSource<Issuer | null> {
  readonly answer: RefreshingValue<Issuer | null>;
  private proven = false;
  /** The last one that was made. It outlives the answer, with its backoffs and cooldowns. */
  private made: Issuer | undefined;

  constructor(
    readonly name: string,
    private readonly runtime: TenantRuntime,
  ) {
    this.answer = new RefreshingValue(this, runtime.refresh, false);
  }

  /** A token of it was verified, as long as it is remembered. */
  get isProven(): boolean {
    return this.proven;
  }

  /** The issuer with what is cached of it, whether or not the answer of the application is known now. */
  get issuer(): Issuer | undefined {
    return this.made;
  }

  async load({ previous, signal }: LoadContext<Issuer | null>): Promise<Loaded<Issuer | null>> {
    const { resolver, issuers } = this.runtime;
    const options = await resolver.ask(this.name);
    // Cleared meanwhile: a later answer may be here already.
    signal.throwIfAborted();
    if (options !== undefined) {
      const value = this.issuerOf(reuseOptions(this.made?.options, options));
      return { value, ttlMs: issuers.options.discovery.ttlMs };
    }
    this.dismiss();
    const { unknownKidTtlMs } = issuers.options.jwks;
    // What never was a tenant is a failure, so that it takes no place among those that are.
    if (previous === undefined) throw new UnknownIssuerError(unknownKidTtlMs);
    return { value: null, ttlMs: unknownKidTtlMs };
  }

  onRefreshed(): void {
    this.runtime.onKept(this);
  }

  onFailed({ error }: LoadFailure): void {
    if (!(error instanceof UnknownIssuerError)) this.runtime.onFailed(error);
  }

  prove(): void {
    this.proven = true;
    this.made?.onProven();
  }

  /** A document of its provider was fetched. */
  onFetched(): void {
    this.runtime.onKept(this);
  }

  evict(refetchAfterMs: number): void {
    this.answer.evict(refetchAfterMs);
    this.made?.evict(refetchAfterMs);
  }

  close(why = refuse('keys_busy', TOO_MANY, { retryAfterMs: COME_AGAIN_MS })): void {
    this.answer.close();
    this.made?.close(why);
  }

  private issuerOf(options: Issuer['options']): Issuer {
    const former = this.made;
    if (former?.options === options) return former;
    const issuer = new Issuer(options, this.runtime.issuers, this);
    if (former !== undefined) issuer.succeed(former);
    this.dismiss();
    return (this.made = issuer);
  }

  private dismiss(): void {
    this.made?.close(refuse('keys_busy', OPTIONS_CHANGED, { retryAfterMs: COME_AGAIN_MS }));
    this.made = undefined;
  }
}

const OPTIONS_CHANGED = 'The options of the issuer changed while the token waited for its keys.';
const TOO_MANY = 'Tokens name more tenants than cache.maxEntries holds.';

/** The function does not know the name. */
export class UnknownIssuerError extends Error {
  override readonly name = 'UnknownIssuerError';

  constructor(readonly retryAfterMs: number) {
    super('the function "issuers" does not know it');
  }
}
