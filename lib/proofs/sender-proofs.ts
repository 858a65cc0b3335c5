import { IdentityError, refuse } from '../errors/identity-error.js';
import type { Credentials } from '../model/credentials.js';
import type { Sender } from '../metrics/sender-counts.js';
import type { ValidatedToken } from '../model/token.js';
import { readConfirmation } from '../tokens/read-confirmation.js';
import type { SenderVerifier } from '../validation/run-context.js';
import type { CheckedProof, DpopVerifier } from './dpop-verifier.js';

/** Injection token of the {@link SenderProofs}; null if bound tokens are not accepted. */
export const SENDER_PROOFS = Symbol('nestjs-identity-model: sender proofs');

/** A proof that a request or a connection has used. */
interface UsedProof {
  readonly token: string;
  readonly proof: string;
  /** A nonce of now, if that in the proof ends soon. */
  readonly freshNonce: string | undefined;
  /** What became of it, for each verifier that has found it in order: undefined if that was known at once. */
  readonly uses: Map<SenderProofs, Promise<void> | undefined>;
}

/** Is told how each valid token came. */
type CountSender = (sender: Sender, validated: ValidatedToken) => void;

/** For the whole process: several modules may guard one request, and share a store. */
const USED = new WeakMap<object, UsedProof>();

/**
 * Decides by the claim `cnf` of a token and by the way it came whether its sender may use it (RFC 9449 sections 7.1 and 7.2). A proof
 * is checked once for the request, or for the connection, that it came with; guards behind the first one, and later
 * messages, see no replay of their own.
 */
export class SenderProofs implements SenderVerifier {
  /**
   * @param store - what replicas share, to know it again; undefined for none.
   * @param count - for metrics.
   */
  constructor(
    private readonly dpop: DpopVerifier,
    private readonly store: object | undefined,
    private readonly count: CountSender = () => undefined,
  ) {}

  verify(validated: ValidatedToken, presented: Credentials | undefined): Promise<void> | undefined {
    const confirmation = readConfirmation(validated.claims);
    if (confirmation === null) throw refuse('sender_constrained');
    const isDpop = presented?.scheme === 'DPoP';
    if (confirmation === undefined) {
      // Section 7.1: who uses the scheme relies on the binding.
      if (isDpop) throw refuse('sender_unconstrained');
      this.count('bearer', validated);
      return undefined;
    }
    // Section 7.2: a bound token as a bearer token is a stolen one, whatever else came along.
    if (!isDpop) throw refuse('sender_constrained');
    const later = this.verifyProof(confirmation.jkt, presented);
    if (later === undefined) this.count('dpop', validated);
    return later?.then(() => this.count('dpop', validated));
  }

  /** The nonce that proofs need from now on; undefined if they need none. */
  get nonce(): string | undefined {
    return this.dpop.nonce;
  }

  /** A new nonce for a client whose proof, which was accepted, had one that ends soon. */
  freshNonceFor({ carrier }: Credentials): string | undefined {
    return carrier === undefined ? undefined : USED.get(carrier)?.freshNonce;
  }

  private verifyProof(jkt: string, presented: Credentials): Promise<void> | undefined {
    const { token, method, url, carrier } = presented;
    if (method === undefined || url === undefined) throw refuse('sender_constrained', NO_REQUEST);
    const proofs = valuesOf(presented.proof);
    const used = carrier === undefined ? undefined : findUsed(carrier, token, proofs);
    if (used?.uses.has(this) === true) return used.uses.get(this);
    const checked = this.dpop.check(jkt, { token, proofs, method, url });
    const use = used === undefined ? this.dpop.use(checked) : this.useAgain(checked, used.uses);
    const uses = used?.uses ?? new Map<SenderProofs, Promise<void> | undefined>();
    uses.set(this, use);
    // Undecided is no decision: a connection must not keep the answer of a store that was down.
    use?.catch((error: unknown) => isUnavailable(error) && uses.delete(this));
    if (used === undefined && carrier !== undefined) {
      const { proof, freshNonce } = checked;
      USED.set(carrier, { token, proof, freshNonce, uses });
    }
    return use;
  }

  /** Of the same request as before: what another module has told the store must not look like a replay. */
  private useAgain(checked: CheckedProof, uses: UsedProof['uses']): Promise<void> | undefined {
    if (this.store === undefined) return this.dpop.use(checked);
    for (const [other, use] of uses) {
      if (other.store !== this.store || !other.dpop.refusesReplays) continue;
      this.dpop.noteUse(checked);
      return use;
    }
    return this.dpop.use(checked);
  }
}

function findUsed(carrier: object, token: string, proofs: readonly unknown[]): UsedProof | undefined {
  const used = USED.get(carrier);
  const isSame = used?.token === token && proofs.length === 1 && used.proof === proofs[0];
  return isSame ? used : undefined;
}

function isUnavailable(error: unknown): boolean {
  return error instanceof IdentityError && error.kind === 'unavailable';
}

function valuesOf(proof: unknown): readonly unknown[] {
  if (proof === undefined) return [];
  return Array.isArray(proof) ? (proof as unknown[]) : [proof];
}

const NO_REQUEST =
  'The token is bound to a key, and came in a way for which no proof is defined: a DPoP proof is for an HTTP request.';
