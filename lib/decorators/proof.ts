import { createParamDecorator } from '@nestjs/common';
import { readConfirmation, type Confirmation } from '../tokens/read-confirmation.js';
import { tokenOfHandler } from './token-of-handler.js';

/**
 * What proved that the sender of a token may use it: a DPoP proof (RFC 9449), or the certificate of the client (RFC 8705). A token that is
 * bound to both has needed both, and is of the kind `dpop`.
 */
export type SenderProof = DpopProof | CertificateProof;

export interface DpopProof {
  readonly kind: 'dpop';
  /** SHA-256 thumbprint (RFC 7638) of the key of the client, which is the same for all tokens that it binds to this key. */
  readonly jkt: string;
  /** SHA-256 thumbprint of the certificate of the client, if the token is bound to one as well. */
  readonly x5tS256?: string | undefined;
}

export interface CertificateProof {
  readonly kind: 'mtls';
  readonly jkt?: undefined;
  /** SHA-256 thumbprint of the certificate of the client, which is another one when the client renews it. */
  readonly x5tS256: string;
}

/**
 * What proved that the sender of the token has the key which it is bound to; undefined for a bearer token, and on a public or optional
 * route without a token.
 *
 * @throws {IdentityError} `guard_missing`, if no IdentityAuthGuard ran.
 * @example
 * `@Post('transfer') transfer(@Proof() proof: SenderProof) { this.audit.log(proof.kind, proof.jkt); }`
 */
export const Proof: ReturnType<typeof createParamDecorator<undefined>> = createParamDecorator<undefined>(
  (_, context): SenderProof | undefined => {
    const claims = tokenOfHandler(context, 'Proof')?.claims;
    // A bound token is validated only with a proof.
    const confirmation = claims && readConfirmation(claims);
    return confirmation ? proofOf(confirmation) : undefined;
  },
);

function proofOf({ jkt, x5tS256 }: Confirmation): SenderProof | undefined {
  if (jkt !== undefined)
    return x5tS256 === undefined ? { kind: 'dpop', jkt } : { kind: 'dpop', jkt, x5tS256 };
  return x5tS256 === undefined ? undefined : { kind: 'mtls', x5tS256 };
}
