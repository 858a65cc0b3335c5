import { createParamDecorator } from '@nestjs/common';
import { readConfirmation } from '../tokens/read-confirmation.js';
import { tokenOfHandler } from './token-of-handler.js';

/** What proved that the sender of a token may use it. */
export interface SenderProof {
  /** A DPoP proof (RFC 9449). */
  readonly kind: 'dpop';
  /** SHA-256 thumbprint (RFC 7638) of the key of the client, which is the same for all tokens that it binds to this key. */
  readonly jkt: string;
}

/**
 * What proved that the sender of the token has the key which it is bound to; undefined for a bearer token, and on a public or optional
 * route without a token.
 *
 * @throws {IdentityError} `guard_missing`, if no IdentityAuthGuard ran.
 * @example
 * `@Post('transfer') transfer(@Proof() proof: SenderProof) { this.audit.log(proof.jkt); }`
 */
export const Proof: ReturnType<typeof createParamDecorator<undefined>> = createParamDecorator<undefined>(
  (_, context): SenderProof | undefined => {
    const claims = tokenOfHandler(context, 'Proof')?.claims;
    // A bound token is validated only with a proof.
    const confirmation = claims && readConfirmation(claims);
    return confirmation ? { kind: 'dpop', jkt: confirmation.jkt } : undefined;
  },
);
