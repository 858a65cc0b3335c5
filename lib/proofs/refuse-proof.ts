import { refuse, type IdentityError } from '../errors/identity-error.js';

/** What came is no DPoP proof: its form is wrong. Nothing of it is in the message. */
export function malformedProof(problem: string): IdentityError {
  return refuse('proof_malformed', `The DPoP proof is malformed: ${problem}.`);
}

/**
 * A DPoP proof of the right form that does not fit this request, this token or this key.
 *
 * @param claim - the claim that decides, if one does.
 */
export function invalidProof(problem: string, claim?: string): IdentityError {
  return refuse('proof_invalid', `The DPoP proof does not hold: ${problem}.`, { claim });
}
