import type { ChallengeParameters } from '../errors/challenge.js';
import { refuse, type IdentityError } from '../errors/identity-error.js';
import type { ValidatedToken } from '../model/token.js';
import type { Requirement, RightsSources } from './requirement.js';

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
): UnmetRequirement | undefined {
  const unmet = requirements.find((requirement) => !requirement.isMet(token, rights));
  if (unmet === undefined) return undefined;
  return { error: refuse(unmet.code, unmet.demand), challenge: unmet.challenge?.(requirements) };
}
