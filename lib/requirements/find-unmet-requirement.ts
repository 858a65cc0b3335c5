import type { ErrorCode } from '../errors/error-codes.js';
import { refuse, type IdentityError } from '../errors/identity-error.js';
import { readPath } from '../model/json.js';
import { listOf, quoted } from '../model/printable.js';
import type { ValidatedToken } from '../model/token.js';
import { atOnce } from '../options/at-once.js';
import type { ClaimSource } from '../options/options.types.js';
import { readRoles } from './read-roles.js';
import { readScopes } from '../tokens/read-scopes.js';
import type { Requirement } from './read-access-plan.js';

/** What a token lacks for a route. */
export interface Shortfall {
  readonly error: IdentityError;
  /** Scopes for the challenge (RFC 6750 section 3): what the route demands in this respect. */
  readonly scopes: readonly string[];
}

/** Where the rights of a token stand. */
export interface RightsPlaces {
  readonly scopeClaim: readonly ClaimSource[];
  /** undefined where tokens of an issuer have no roles. Asked only where roles are demanded. */
  readonly rolesClaimOf: (issuer: string) => ClaimSource | undefined;
}

/** The first demand that a token does not meet; undefined where it meets all. */
export function findShortfall(
  validated: ValidatedToken,
  requirements: readonly Requirement[],
  places: RightsPlaces,
): Shortfall | undefined {
  const missed = requirements.find((requirement) => !isMet(requirement, validated, places));
  if (missed === undefined) return undefined;
  return {
    error: refuse(CODES[missed.kind], describeDemand(missed)),
    scopes: missed.kind === 'scopes' ? demandedScopes(requirements, missed) : [],
  };
}

const CODES = {
  scopes: 'scope_missing',
  roles: 'role_missing',
  claim: 'claim_not_met',
  issuer: 'issuer_not_met',
} as const satisfies Record<Requirement['kind'], ErrorCode>;

/** What the route demands, from its decorators: nothing of the token. */
function describeDemand(requirement: Requirement): string {
  switch (requirement.kind) {
    case 'scopes': {
      const demand = requirement.match === 'all' ? 'all of the scopes' : 'one of the scopes';
      return `The token does not have ${demand} that the route demands: ${listOf(requirement.scopes)}.`;
    }
    case 'roles': {
      const demand = requirement.match === 'all' ? 'all of the roles' : 'one of the roles';
      return `The token does not have ${demand} that the route demands: ${listOf(requirement.roles)} ("rolesClaim" says in which claim they are).`;
    }
    case 'claim':
      return `The claim ${quoted(requirement.path.join('.'))} is not what @RequireClaim of the route demands.`;
    case 'issuer':
      return `The issuer of the token is none of those that the route demands: ${listOf(requirement.issuers)}.`;
  }
}

function isMet(requirement: Requirement, validated: ValidatedToken, places: RightsPlaces): boolean {
  switch (requirement.kind) {
    case 'scopes': {
      const granted = readScopes(validated.claims, places.scopeClaim);
      const has = (scope: string): boolean => granted.has(scope);
      return requirement.match === 'all' ? requirement.scopes.every(has) : requirement.scopes.some(has);
    }
    case 'roles': {
      const held = readRoles(validated.claims, places.rolesClaimOf(validated.issuer));
      const has = (role: string): boolean => held.has(role);
      return requirement.match === 'all' ? requirement.roles.every(has) : requirement.roles.some(has);
    }
    case 'claim':
      return (
        atOnce(
          requirement.accepts(readPath(validated.claims, requirement.path), validated.claims),
          '@RequireClaim',
        ) === true
      );
    case 'issuer':
      return requirement.issuers.includes(validated.issuer);
  }
}

/** A client that asks for these gets past the demand: all that are demanded, and the alternatives where they lack. */
function demandedScopes(requirements: readonly Requirement[], missed: Requirement): readonly string[] {
  const scopes = requirements.flatMap((requirement) =>
    requirement.kind === 'scopes' && (requirement.match === 'all' || requirement === missed)
      ? requirement.scopes
      : [],
  );
  return [...new Set(scopes)];
}
