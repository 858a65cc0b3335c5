import type { DISCOVERY_GROUP, JWKS_GROUP } from './cache-options.js';
import type { IssuerSource, IssuerValues } from './issuer-options.js';
import type { COMMON_OPTIONS } from './module-options.js';
import type { ResolvedResource } from './resource-options.js';
import type { ValueOf } from './schema.js';

/** One issuer after resolution: nothing is optional that has a default, everything is frozen. */
export interface ResolvedIssuer extends IssuerValues {
  readonly issuer: string;
  readonly metadataIssuer: string;
  /** null accepts any. */
  readonly audience: readonly string[] | null;
}

export type ResolvedLifetime = ValueOf<(typeof DISCOVERY_GROUP)['rows']>;

export type ResolvedJwks = ValueOf<(typeof JWKS_GROUP)['rows']>;

/** Issuers that are not known at start. */
export interface TenantSource {
  readonly ask: IssuerSource;
  readonly isAllowed: (unverifiedIssuer: string) => boolean;
  /**
   * Completes an answer of `ask`.
   *
   * @throws {IdentityError} `options_invalid`.
   */
  readonly resolve: (answer: unknown, unverifiedIssuer: string) => ResolvedIssuer;
  /** How long `ask` may take. */
  readonly deadlineMs: number;
}

/** The options after resolution. Those of issuers are with the issuers. */
export interface ResolvedOptions extends ValueOf<typeof COMMON_OPTIONS> {
  readonly issuers: readonly ResolvedIssuer[];
  /** The first one is that of all routes that name none; empty if none is configured. */
  readonly resources: readonly ResolvedResource[];
  /** undefined if the configuration names all issuers. */
  readonly tenants: TenantSource | undefined;
  /** What the log is told at start. */
  readonly warnings: readonly string[];
  /** The same of what a profile has decided: no warnings. */
  readonly decided: readonly string[];
}

/**
 * Cooldowns and backoffs remembered for each entry of `cache.maxEntries`: they outlive values that are driven out,
 * or naming other tenants would be the way around them.
 */
export const GUARDS_PER_ENTRY = 8;

/** Injection token of {@link ResolvedOptions}. */
export const RESOLVED_OPTIONS = Symbol('nestjs-identity-model: resolved options');
