import type { SenderConstrained } from '../options/options.types.js';
import type { ResolvedIssuer } from '../options/resolved-options.js';

/** What the tokens of all issuers have to be. */
export interface CommonRules {
  /** Normalized; null stands for an absent `typ`. */
  readonly tokenTypes: readonly (string | null)[];
  readonly acceptIdTokens: boolean;
  readonly acceptEventsClaim: boolean;
  readonly requiredClaims: readonly string[];
  readonly clockToleranceMs: number;
  readonly senderConstrained: SenderConstrained;
  /** undefined if no tokens are accepted that are bound to the key of DPoP proofs. */
  readonly dpop: object | undefined;
  /** undefined if no tokens are accepted that are bound to a certificate. */
  readonly mtls: object | undefined;
}

/** Options of an issuer that are no rules for its tokens. */
type NoRules =
  | 'metadataIssuer'
  | 'discoveryUrl'
  | 'jwksUri'
  | 'jwks'
  | 'http'
  | 'validate'
  | 'rolesClaim'
  | 'acrOrder'
  | 'stepUp';

/** What a token of one issuer has to be, for one call. A new option of issuers is among them by itself. */
export interface TokenRules extends CommonRules, Omit<ResolvedIssuer, NoRules> {}
