import type { ScopeHierarchy } from '../model/scope-hierarchy.js';
import type { ClaimSource, ValidateHook } from '../options/options.types.js';
import type { ResolvedIssuer, ResolvedOptions } from '../options/resolved-options.js';
import type { TokenRules } from '../tokens/token-rules.js';

/** All that one validation of one issuer's token demands. */
export interface ValidationRules {
  readonly tokenRules: TokenRules;
  /** In the order they run. */
  readonly hooks: readonly ValidateHook[];
  /** Scopes that must all be there. */
  readonly scopes: readonly string[];
  readonly scopeClaim: readonly ClaimSource[];
  readonly scopeImplies: ScopeHierarchy;
}

/** What the configuration demands of an issuer's tokens, before any override. */
export function configuredRules(issuer: ResolvedIssuer, options: ResolvedOptions): ValidationRules {
  return {
    tokenRules: {
      ...issuer,
      // RFC 9068 section 4: an access token of that profile says so.
      tokenTypes:
        issuer.profile === 'rfc9068'
          ? options.tokenTypes.filter((type) => type === 'at+jwt')
          : options.tokenTypes,
      acceptIdTokens: options.acceptIdTokens,
      acceptEventsClaim: options.acceptEventsClaim,
      requiredClaims: options.requiredClaims,
      clockToleranceMs: options.clockToleranceMs,
      senderConstrained: options.senderConstrained,
      dpop: options.dpop,
      mtls: options.mtls,
    },
    hooks: issuer.validate,
    scopes: [],
    scopeClaim: options.scopeClaim,
    scopeImplies: options.scopeImplies,
  };
}
