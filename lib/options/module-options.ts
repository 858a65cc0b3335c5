import {
  CACHE_GROUP,
  DISCOVERY_GROUP,
  JWKS_GROUP,
  TOKEN_CACHE_GROUP,
  type CacheOptions,
  type JwksOptions,
  type LifetimeOptions,
  type TokenCacheOptions,
} from './cache-options.js';
import { ONE_ISSUER_OPTIONS, SHARED_ISSUER_OPTIONS } from './issuer-options.js';
import {
  boolean,
  bytes,
  callback,
  duration,
  nested,
  nestedOrOff,
  number,
  oneOf,
  optionalGroup,
  quotable,
} from './kinds.js';
import {
  allowedIssuers,
  clientNames,
  issuers,
  requiredClaims,
  scopeClaim,
  tokenTypes,
} from './module-kinds.js';
import { store } from './identity-store.js';
import { publicUrl, resource, resources, scopeImplies } from './resource-kinds.js';
import { DPOP_GROUP, type DpopOptions } from './dpop-options.js';
import { MTLS_GROUP, type MtlsOptions } from './mtls-options.js';
import type { JwtFromRequest, MapUser, SenderConstrained } from './options.types.js';
import type { GivenOf, ValueOf } from './schema.js';
import { TRANSPORT_GROUP, type TransportOptions } from './transport-options.js';

/** Which issuers there are, if they are several. */
export const SEVERAL_ISSUERS_OPTIONS = {
  /** Several issuers, instead of `issuer`; or a function that names them, together with `allowedIssuers`. */
  issuers: issuers(),
  /** What a function `issuers` may be asked for: a list, or a predicate over the unverified string. */
  allowedIssuers: allowedIssuers(),
};

export type SeveralIssuersValues = ValueOf<typeof SEVERAL_ISSUERS_OPTIONS>;

/** What is set once, for all issuers. */
export const COMMON_OPTIONS = {
  /** Accepted `typ` header values, case-insensitive; null stands for an absent one. @default ['at+jwt', 'JWT', null] */
  tokenTypes: tokenTypes(['at+jwt', 'JWT', null]),
  /** Accepts ID tokens, which are otherwise detected and rejected. @default false */
  acceptIdTokens: boolean(false),
  /**
   * Accepts your own claim `events`. Without it the claim marks a security event (RFC 8417 section 2.2);
   * logout tokens are refused in either case. @default false
   */
  acceptEventsClaim: boolean(false),
  /** Claims that must be present in addition to `iss`, `exp` and the audience. @default ['exp'] */
  requiredClaims: requiredClaims(['exp']),
  /** Tolerance for `exp`, `nbf` and `iat`, in milliseconds. @default 30000 */
  clockToleranceMs: duration(30_000, { max: 600_000 }),
  /** What becomes `request.user`; find users by `issuer` and `claims.sub` together. @default the claims */
  mapUser: callback<MapUser>(),
  /** Longer tokens are refused before any parsing, in bytes. @default 16384 */
  maxTokenBytes: bytes(16_384, { min: 256, max: 1_048_576 }),
  /** Takes the token out of a request. @default a strict reader of the Authorization header (RFC 6750 section 2.1) */
  jwtFromRequest: callback<JwtFromRequest>(),
  /** `realm` of the challenge (RFC 9110 section 11.5). @default 'api' */
  realm: quotable('api'),
  /** Where the scopes are: a claim, a path or a function. @default ['scope', 'scp'] */
  scopeClaim: scopeClaim(['scope', 'scp']),
  /**
   * What to do with tokens that are bound to a key of the client (RFC 7800 `cnf`): `reject` refuses them, `accept` takes them with a
   * DPoP proof (RFC 9449) beside bearer tokens, `require` takes no others. Proofs name a URL, so that `publicUrl` is
   * needed, unless `dpop` is `false`. With `mtls`, tokens that are bound to a certificate are accepted, too. @default 'reject'
   */
  senderConstrained: oneOf<SenderConstrained>('reject', ['reject', 'accept', 'require']),
  /** What DPoP proofs must be, with `senderConstrained`; `false` accepts no tokens that are bound to the key of such proofs. */
  dpop: nestedOrOff<DpopOptions>()(DPOP_GROUP),
  /**
   * Where certificates of clients are found, for tokens that are bound to one (RFC 8705), with `senderConstrained`; even an empty
   * object switches it on. @default off
   */
  mtls: optionalGroup<MtlsOptions>()(MTLS_GROUP),
  /** The origin by which clients reach this API, with the prefix that a proxy adds: for resources that are given as paths. @default none */
  publicUrl: publicUrl(),
  /**
   * What a scope includes: `{ 'notes:write': ['notes:read'], 'notes:admin': ['notes:*'] }`. A `*` at the end stands for any end.
   * Implications are transitive; a cycle is an error at startup. Without it, scopes are compared exactly.
   * @default none
   */
  scopeImplies: scopeImplies(),
  /**
   * What replicas share, so that a proof that was used at one is refused at the next: `redisStore(client)` of
   * `nestjs-identity-model/redis`, or your own object. @default none: each replica decides by itself
   */
  store: store(),
  /** `await` holds the start until all keys are there, or fails it; `off` fetches on first use. @default 'background' */
  warmUp: oneOf('background', ['background', 'await', 'off']),
  /** Bounds of the caches of metadata and keys. */
  cache: nested<CacheOptions>()(CACHE_GROUP),
  /** Spares the signature check of tokens that come again; every other check is made on every use. @default off */
  tokenCache: optionalGroup<TokenCacheOptions>()(TOKEN_CACHE_GROUP),
  /** What differs outside of HTTP. */
  transports: nested<TransportOptions>()(TRANSPORT_GROUP),
  /** How long metadata of a provider is believed. */
  discovery: nested<LifetimeOptions>()(DISCOVERY_GROUP),
  /** How long keys of a provider are believed, and when they are fetched again. */
  jwks: nested<JwksOptions>()(JWKS_GROUP),
  /** Part of a lifetime after which a renewal runs in the background, between 0.1 and 1. @default 0.8 */
  refreshAheadRatio: number(0.8, { min: 0.1, max: 1 }),
  /**
   * Whether requirements of routes deny access, or only report what they would have denied. What a decorator says of itself
   * (`{ mode: 'enforce' }`, `{ mode: 'report' }`) wins. Tokens are needed and validated in either case. @default 'enforce'
   */
  requirementMode: oneOf('enforce', ['enforce', 'report']),
  /**
   * Names of clients in what is reported, by client id: `{ '0oa1b2c3': 'web shop' }`. Clients without a name are counted
   * together, as `other`. Several ids may have one name; 100 ids at the most. @default none
   */
  clientNames: clientNames(),
  /** What to do about a route that has requirements but no IdentityAuthGuard. @default 'error' */
  unguarded: oneOf('error', ['error', 'warn', 'off']),
  /**
   * Logs each rejected token, request and denied access with its code and reason, without token data: 60 lines per minute at
   * the most, then their number. For the time of a diagnosis. @default false
   */
  logRejections: boolean(false),
};

/** What clients know this API as (RFC 9728). */
const RESOURCE_MODULE_OPTIONS = {
  /**
   * The protected resource that this API is; its metadata is served, and challenges point to it (RFC 9728). It is the audience
   * of tokens, too, unless `audience` says otherwise. @default none
   */
  resource: resource(),
  /**
   * Several protected resources, instead of `resource`: a token for one is not accepted at another. The first is that of all
   * routes without `@ProtectedResource`. @default none
   */
  resources: resources(),
};

/** All options of the module. */
export const MODULE_OPTIONS = {
  ...ONE_ISSUER_OPTIONS,
  ...SHARED_ISSUER_OPTIONS,
  ...SEVERAL_ISSUERS_OPTIONS,
  ...COMMON_OPTIONS,
  ...RESOURCE_MODULE_OPTIONS,
};

export const MODULE_HINTS = {
  resourceMetadataUrl:
    'is replaced by "resource": { url }, whose metadata the module serves and names in challenges',
  isGlobal: 'belongs beside "useFactory", "useClass" or "useExisting" in forRootAsync, not into its result',
  clockTolerance: 'unknown option; it is "clockToleranceMs", in milliseconds',
};

// Each table by itself: in .d.ts files the compiler drops the comments of members that come out of another file by `...`.
/** Options of `IdentityModule.forRoot`. */
export interface IdentityModuleOptions
  extends
    GivenOf<typeof ONE_ISSUER_OPTIONS>,
    GivenOf<typeof SHARED_ISSUER_OPTIONS>,
    GivenOf<typeof SEVERAL_ISSUERS_OPTIONS>,
    GivenOf<typeof RESOURCE_MODULE_OPTIONS>,
    GivenOf<typeof COMMON_OPTIONS> {}

/** For `forRootAsync({ useClass })` and `useExisting`. */
export interface IdentityOptionsFactory {
  createIdentityOptions(): IdentityModuleOptions | Promise<IdentityModuleOptions>;
}
