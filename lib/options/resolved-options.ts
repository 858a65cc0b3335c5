import type { HttpSettings } from '../http/http-settings.js';
import type { JsonObject } from '../model/json.js';
import type {
  ClaimSource,
  IssuerSource,
  JwtFromRequest,
  MapUser,
  Profile,
  ValidateHook,
} from './options.types.js';

/** One issuer after resolution: nothing is optional that has a default, everything is frozen. */
export interface ResolvedIssuer {
  readonly issuer: string;
  readonly metadataIssuer: string;
  /** null accepts any. */
  readonly audience: readonly string[] | null;
  readonly audienceClaim: string;
  readonly algorithms: readonly string[];
  readonly profile: Profile;
  readonly discoveryUrl: string | undefined;
  readonly jwksUri: string | undefined;
  readonly jwks: JsonObject | undefined;
  readonly http: HttpSettings;
  readonly validate: readonly ValidateHook[];
  /** undefined where tokens of the issuer have no roles. */
  readonly rolesClaim: ClaimSource | undefined;
}

export interface ResolvedLifetime {
  readonly ttlMs: number;
  readonly minTtlMs: number;
  readonly maxTtlMs: number;
  readonly staleIfErrorMs: number;
}

export interface ResolvedJwks extends ResolvedLifetime {
  readonly unknownKidCooldownMs: number;
  readonly unknownKidMaxWaitMs: number;
  readonly unknownKidTtlMs: number;
  readonly maxWaiting: number;
  readonly badSignatureCooldownMs: number;
}

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

/** The options after resolution. */
export interface ResolvedOptions {
  readonly issuers: readonly ResolvedIssuer[];
  /** undefined where the configuration names all issuers. */
  readonly tenants: TenantSource | undefined;
  /** In lower case, without `application/`; null stands for an absent `typ`. */
  readonly tokenTypes: readonly (string | null)[];
  readonly acceptIdTokens: boolean;
  readonly acceptEventsClaim: boolean;
  readonly requiredClaims: readonly string[];
  readonly clockToleranceMs: number;
  readonly mapUser: MapUser | undefined;
  readonly maxTokenBytes: number;
  readonly jwtFromRequest: JwtFromRequest | undefined;
  readonly realm: string;
  readonly scopeClaim: readonly ClaimSource[];
  readonly resourceMetadataUrl: string | undefined;
  readonly warmUp: 'background' | 'await' | 'off';
  readonly cache: { readonly maxEntries: number };
  /** undefined where it is off. */
  readonly tokenCache: { readonly maxEntries: number; readonly maxBytes: number } | undefined;
  readonly transports: {
    readonly tokenFromUrl: boolean;
    readonly tokenFromPayload: boolean;
    /** undefined where it is off. */
    readonly tokenFromCookie: { readonly name: string; readonly origins: readonly string[] } | undefined;
    readonly closeExpired: boolean;
  };
  readonly discovery: ResolvedLifetime;
  readonly jwks: ResolvedJwks;
  readonly refreshAheadRatio: number;
  readonly unguarded: 'error' | 'warn' | 'off';
  /** What the log is told at start. */
  readonly warnings: readonly string[];
}

/**
 * Cooldowns and backoffs remembered for each entry of `cache.maxEntries`: they outlive values that are driven out,
 * or naming other tenants would be the way around them.
 */
export const GUARDS_PER_ENTRY = 8;

/** Injection token of {@link ResolvedOptions}. */
export const RESOLVED_OPTIONS = Symbol('nestjs-identity-model: resolved options');
