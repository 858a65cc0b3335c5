import type { ChallengeParameters } from '../errors/challenge.js';
import type { RequirementCode } from '../errors/error-codes.js';
import type { ValidatedToken } from '../model/token.js';
import type { ClaimSource } from '../options/options.types.js';

/**
 * What a route demands of a token that is valid already. A new kind is one file beside this one, with its decorator, an
 * export in index.ts, and a row in errors/error-codes.ts.
 */
export interface Requirement {
  /** The error of a token that does not meet it. */
  readonly code: RequirementCode;
  /** What the route demands, from its decorator: nothing of the token. */
  readonly demand: string;

  /** @throws what a function of the application throws; `metadata_unavailable`. */
  isMet(token: ValidatedToken, rights: RightsSources): boolean;

  /**
   * Parameters of the challenge: what a client has to ask for.
   *
   * @param all - the requirements of the route, this one included.
   */
  challenge?(all: readonly Requirement[]): ChallengeParameters;

  /** Scopes that every token for the route needs. */
  readonly scopes?: readonly string[];
  /** Issuers that the start checks must find configured. */
  readonly issuers?: readonly string[];
  /** Whether the start checks must find a `rolesClaim`. */
  readonly readsRoles?: boolean;
}

/** Where the rights of a token stand. */
export interface RightsSources {
  readonly scopeClaim: readonly ClaimSource[];
  /** undefined for issuers whose tokens have no roles. Asked only if roles are demanded. */
  readonly rolesClaimOf: (issuer: string) => ClaimSource | undefined;
}
