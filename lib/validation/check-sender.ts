import { refuse } from '../errors/identity-error.js';
import type { Credentials } from '../model/credentials.js';
import type { ValidatedToken } from '../model/token.js';
import type { AskStore, SenderVerifier } from './run-context.js';

/**
 * Whether the sender of a token may use it.
 *
 * @param verifier - undefined if bound tokens are not accepted at all.
 * @param presented - undefined for a token that came without a request.
 * @returns undefined if that is decided; otherwise what is left to do, which rejects with the same errors.
 * @throws {IdentityError} `sender_constrained`, `sender_unconstrained`, the codes of proofs.
 */
export function checkSender(
  verifier: SenderVerifier | undefined,
  validated: ValidatedToken,
  presented: Credentials | undefined,
): AskStore | undefined {
  if (verifier !== undefined) return verifier.verify(validated, presented);
  // The check of the claims has refused these already: nobody may take that away unnoticed.
  if (validated.claims['cnf'] !== undefined) throw refuse('sender_constrained');
  if (presented?.scheme === 'DPoP') throw refuse('sender_unconstrained');
  return undefined;
}
