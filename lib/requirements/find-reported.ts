import type { ValidatedToken } from '../model/token.js';
import { toCheckError } from '../validation/run-hooks.js';
import type { PlacedRequirement } from './access-metadata.js';
import { findUnmetRequirement } from './find-unmet-requirement.js';
import type { AuthorizedCall, RightsSources } from './requirement.js';

/** What would deny access, if it were enforced. */
export interface ReportedDenial {
  readonly decorator: string;
  /** An IdentityError, or an exception that a function of the application threw. */
  readonly error: unknown;
}

/**
 * All reported requirements that a token does not meet, each by itself: whoever is to enforce them wants to know of each. A
 * function of the application that throws denies nothing here.
 */
export function findReported(
  token: ValidatedToken,
  reported: readonly PlacedRequirement[],
  rights: RightsSources,
  call: AuthorizedCall,
): readonly ReportedDenial[] {
  return reported.flatMap(({ decorator, requirement }) => {
    try {
      const unmet = findUnmetRequirement(token, [requirement], rights, call);
      return unmet === undefined ? [] : [{ decorator, error: unmet.error }];
    } catch (error) {
      return [{ decorator, error: toCheckError(error, 'function of a requirement') }];
    }
  });
}
