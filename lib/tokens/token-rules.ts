import type { Profile } from '../options/options.types.js';

/** What the tokens of all issuers have to be. */
export interface CommonRules {
  /** Normalized; null stands for an absent `typ`. */
  readonly tokenTypes: readonly (string | null)[];
  readonly acceptIdTokens: boolean;
  readonly acceptEventsClaim: boolean;
  readonly requiredClaims: readonly string[];
  readonly clockToleranceMs: number;
}

/** What a token of one issuer has to be, for one call. */
export interface TokenRules extends CommonRules {
  readonly issuer: string;
  /** null accepts any. */
  readonly audience: readonly string[] | null;
  readonly audienceClaim: string;
  readonly algorithms: readonly string[];
  readonly profile: Profile;
}
