// The public names of `nestjs-identity-model`. What stands here, with error codes, events, metrics and options, changes only as
// CHANGELOG.md says; everything else is internal. By name, so that nothing becomes public by accident.

// The module, and what protects routes and sockets.
export { IdentityModule } from './identity.module.js';
export { IdentityAuthGuard } from './auth/identity-auth.guard.js';
export { guardSockets, type SocketGuardOptions } from './sockets/guard-sockets.js';
export { IdentityStrategy } from './auth/identity.strategy.js';
export { rememberHandshake, type UpgradeRequest } from './transports/handshake.js';
// Decorators: whether a token is needed, what it must have, and what a handler gets of it.
export type { AccessDecorator } from './requirements/requirement-decorator.js';
export { Public } from './decorators/public.js';
export { OptionalAuth } from './decorators/optional-auth.js';
export type { RequirementMode, RequirementOptions } from './requirements/requirement-options.js';
export { RequireScopes } from './requirements/scopes.js';
export { RequireAnyScope } from './requirements/any-scope.js';
export { RequireRoles } from './requirements/roles.js';
export { RequireAnyRole } from './requirements/any-role.js';
export { RequireClaim, type ClaimPredicate } from './requirements/claim.js';
export { ProtectedResource } from './requirements/protected-resource.js';
export { RequireAuthentication, type AuthenticationDemand } from './requirements/authentication.js';
export { RequireSenderConstrained } from './requirements/sender-constrained.js';
export { RequireIssuer } from './requirements/issuer.js';
export { RefuseDelegated, RequireActor } from './requirements/actor.js';
export { RequireAuthorizationDetails, type DetailPredicate } from './requirements/authorization-details.js';
export type { AuthorizationDetail } from './requirements/read-authorization-details.js';
export { Actor } from './decorators/actor.js';
export { AuthorizationDetails } from './decorators/authorization-details.js';
export { Claims } from './decorators/claims.js';
export { Proof, type CertificateProof, type DpopProof, type SenderProof } from './decorators/proof.js';
export { Token } from './decorators/token.js';
export {
  DiscoveryService,
  DiscoveryService as IdentityDiscoveryService,
} from './issuers/discovery.service.js';
export type { ProviderMetadata } from './discovery/check-metadata.js';
export { JwksService } from './issuers/jwks.service.js';
export type { KeySet } from './jwks/key-set.js';
export type { SkippedKey, VerificationKey } from './jwks/import-key.js';
export type { KeyQuery } from './jwks/select-keys.js';
// For code that has a token and no request.
export { TokenValidationService, type ValidationStats } from './validation/token-validation.service.js';
export type { ValidationOverrides } from './validation/overrides.js';
export type { BatchProgress } from './validation/batch-results.js';
export type { BatchOptions, TokenSource } from './validation/run-batch.js';
// For operators: numbers, health, events.
export { IdentityStats } from './stats/identity-stats.js';
export type * from './stats/identity-snapshot.js';
export type * from './metrics/period-stats.js';
export type { ReportedRoute, RouteWouldDeny } from './metrics/reported-routes.js';
export type { ResourceUse } from './metrics/resource-use.js';
export type { Sender, SenderCount } from './metrics/sender-counts.js';
export type { WouldDenyCount } from './metrics/would-deny-counts.js';
export type { DurationStats } from './metrics/duration-histogram.js';
export type { DurationOutcome, ResultCount } from './metrics/validation-results.js';
export type { StoreResult, StoreResultCount } from './metrics/store-counts.js';
export type { ValidationResult } from './metrics/validation-recorder.js';
export type { RequestOutcome } from './http/request-recorder.js';
export {
  IdentityHealthIndicator,
  type DocumentHealth,
  type IssuerHealth,
  type StoreHealth,
} from './health/identity.health.js';
export type { HealthThresholds } from './health/health-thresholds.js';
export { IdentityEvents } from './events/identity-events.js';
export type * from './events/identity-event.js';
// For code that handles errors.
export { IdentityError } from './errors/identity-error.js';
export { ERROR_CODES, type ChallengeError, type ErrorCode, type ErrorKind } from './errors/error-codes.js';
export type { CacheState } from './cache/serving-policy.js';
export type { EntryState } from './cache/value-source.js';
export type { TokenCacheStats } from './validation/token-cache.js';
export type { CacheStats } from './cache/cache-stats.js';
export type { AccessTokenClaims } from './model/claims.js';
export {
  createCredentials,
  type ClientCertificate,
  type Credentials,
  type PresentedCredentials,
} from './model/credentials.js';
export type { TokenHeader, ValidatedToken } from './model/token.js';
export { ExtractJwt, type PassportStrategy, type TokenExtractors } from './auth/passport-jwt.js';
export type { SecretOrKeyProvider } from './jwks/secret-or-key-provider.js';
export { oncePerOperation } from './options/once-per-operation.js';
export { rolesClaimOf } from './options/roles-claim.js';
export type {
  CacheOptions,
  JwksOptions,
  LifetimeOptions,
  TokenCacheOptions,
} from './options/cache-options.js';
export type { MtlsOptions } from './options/mtls-options.js';
export type { DpopNonceOptions, DpopOptions } from './options/dpop-options.js';
export type { HttpOptions, TlsOptions } from './options/http-options.js';
export type { ResourceOptions } from './options/resource-options.js';
export type { IssuerOptions } from './options/issuer-options.js';
export type { IdentityModuleOptions, IdentityOptionsFactory } from './options/module-options.js';
export type {
  ClaimSource,
  GrantedResource,
  GrantedRights,
  JwtFromRequest,
  MapUser,
  Profile,
  SenderConstrained,
  StepUp,
  ValidateHook,
} from './options/options.types.js';
export type { IdentityStore } from './options/identity-store.js';
export { memoryStore, type MemoryStoreOptions } from './store/memory-store.js';
export type { CookieTokenOptions, TransportOptions } from './options/transport-options.js';
