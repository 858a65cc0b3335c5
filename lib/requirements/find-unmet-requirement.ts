import type { ChallengeParameters } from '../errors/challenge.js';
import { refuse, type IdentityError } from '../errors/identity-error.js';
import type { ValidatedToken } from '../model/token.js';
import type { AuthorizedCall, Requirement, RightsSources } from './requirement.js';

/** What a token lacks for a route. */
export interface UnmetRequirement {
  readonly error: IdentityError;
  readonly challenge: ChallengeParameters | undefined;
}

/** The first requirement that a token does not meet; undefined if it meets all. */
export function findUnmetRequirement(
  token: ValidatedToken,
  requirements: readonly Requirement[],
  rights: RightsSources,
  call: AuthorizedCall,
): UnmetRequirement | undefined {
  const unmet = requirements.find((requirement) => !requirement.isMet(token, rights, call));
  if (unmet === undefined) return undefined;
  const malformed = unmet.malformedClaim?.(token, rights);
  if (malformed !== undefined) {
    return { error: malformedClaim(malformed), challenge: undefined };
  }
  return {
    error: refuse(unmet.code, unmet.demand),
    challenge: unmet.challenge?.(token, rights, requirements),
  };
}

/** A claim that the route reads and that has no form in which it could be judged. */
export function malformedClaim(claim: string): IdentityError {
  return refuse('claim_invalid', `The claim "${claim}", which the route reads, has the wrong type or form.`);
}
