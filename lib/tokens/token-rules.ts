import type { Profile } from '../options/options.types.js';

/** What a token of one issuer has to be, for one call. */
export interface TokenRules {
  readonly issuer: string;
  /** null accepts any. */
  readonly audience: readonly string[] | null;
  readonly audienceClaim: string;
  readonly algorithms: readonly string[];
  readonly profile: Profile;
  /** Normalized; null stands for an absent `typ`. */
  readonly tokenTypes: readonly (string | null)[];
  readonly acceptIdTokens: boolean;
  readonly requiredClaims: readonly string[];
  readonly clockToleranceMs: number;
}
