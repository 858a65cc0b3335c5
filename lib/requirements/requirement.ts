import type { ExecutionContext } from '@nestjs/common';
import type { ChallengeParameters } from '../errors/challenge.js';
import type { RequirementCode } from '../errors/error-codes.js';
import type { ScopeHierarchy } from '../model/scope-hierarchy.js';
import type { ValidatedToken } from '../model/token.js';
import type { ClaimSource, StepUp } from '../options/options.types.js';

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
  isMet(token: ValidatedToken, rights: RightsSources, call: AuthorizedCall): boolean;

  /**
   * Parameters of the challenge: what a client has to ask for.
   *
   * @param all - the requirements of the route, this one included.
   */
  challenge?(token: ValidatedToken, rights: RightsSources, all: readonly Requirement[]): ChallengeParameters;

  /** The claim that the requirement reads and that has no form in which it could be judged: the token is rejected for it. */
  malformedClaim?(token: ValidatedToken, rights: RightsSources): string | undefined;

  /** Scopes that every token for the route needs. */
  readonly scopes?: readonly string[];
  /** Issuers that the start checks must find configured. */
  readonly issuers?: readonly string[];
  /** Whether the start checks must find a `rolesClaim`. */
  readonly readsRoles?: boolean;
  /** Whether the start checks must find that tokens bound to a key are accepted. */
  readonly needsBoundToken?: boolean;
}

/** The call that is to be authorized. */
export interface AuthorizedCall {
  readonly context: ExecutionContext;
  /** The identifier of the protected resource that the route belongs to; undefined if none is configured. */
  readonly resource: string | undefined;
}

/** Where the rights of a token stand. */
export interface RightsSources {
  readonly scopeClaim: readonly ClaimSource[];
  readonly scopeImplies: ScopeHierarchy;
  /** undefined for issuers whose tokens have no roles. Asked only if roles are demanded. */
  readonly rolesClaimOf: (issuer: string) => ClaimSource | undefined;
  /** How tokens of an issuer name the audience. Asked only if a route belongs to one of several resources. */
  readonly audienceOf: (issuer: string) => AudienceRule;
  /** How an issuer says how its users logged in. Asked only if that is demanded. */
  readonly authenticationOf: (issuer: string) => AuthenticationRules;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  readonly clockToleranceMs: number;
}

/** Of one issuer. */
export interface AudienceRule {
  /** The claim that names the audience. */
  readonly claim: string;
  /** What its tokens may be for; null for anything. */
  readonly accepted: readonly string[] | null;
}

/** Of one issuer. */
export interface AuthenticationRules {
  /** Authentication contexts, the weakest first; empty if none stands for another. */
  readonly acrOrder: readonly string[];
  readonly stepUp: StepUp;
}
