import { refuse, type IdentityError } from '../errors/identity-error.js';
import { readPath } from '../model/json.js';
import type { ValidatedToken } from '../model/token.js';
import type { ClaimSource } from '../options/options.types.js';
import { readRoles } from './read-roles.js';
import { readScopes } from '../tokens/read-scopes.js';
import type { Requirement } from './access-metadata.js';

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
  switch (missed.kind) {
    case 'scopes':
      return { error: refuse('scope_missing'), scopes: demandedScopes(requirements, missed) };
    case 'roles':
      return { error: refuse('role_missing'), scopes: [] };
    case 'claim':
      return { error: refuse('claim_not_met'), scopes: [] };
    case 'issuer':
      return { error: refuse('issuer_not_met'), scopes: [] };
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
      return requirement.roles.every((role) => held.has(role));
    }
    case 'claim':
      return requirement.accepts(readPath(validated.claims, requirement.path), validated.claims) === true;
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
