import { refuse } from '../errors/identity-error.js';
import type { Credentials } from '../model/credentials.js';
import type { Sender } from '../metrics/sender-counts.js';
import type { ValidatedToken } from '../model/token.js';
import { readConfirmation } from '../tokens/read-confirmation.js';
import type { Use } from '../store/replay-guard.js';
import type { AskStore, SenderVerifier } from '../validation/run-context.js';
import { assertNotForged, checkCertificate } from './check-certificate.js';
import type { CheckedProof, DpopVerifier } from './dpop-verifier.js';

/** Injection token of the {@link SenderProofs}; null if bound tokens are not accepted. */
export const SENDER_PROOFS = Symbol('nestjs-identity-model: sender proofs');

/** What became of a proof, for each verifier that has found it in order. */
type Uses = Map<SenderProofs, Use | Promise<Use>>;

/** A proof that a request or a connection has used. */
interface UsedProof {
  readonly token: string;
  readonly proof: string;
  /** A nonce of now, if that in the proof ends soon. */
  readonly freshNonce: string | undefined;
  readonly uses: Uses;
}

/** Is told how each valid token came. */
type CountSender = (sender: Sender, validated: ValidatedToken) => void;

/** For the whole process: several modules may guard one request, and share a store. */
const USED = new WeakMap<object, UsedProof>();

/**
 * Decides by the claim `cnf` of a token and by the way it came whether its sender may use it (RFC 9449 sections 7.1 and 7.2, RFC 8705
 * section 3): a token that is bound to a key and to a certificate needs both. A proof is checked once for the request, or for the connection, that it came with; guards behind the first one, and later
 * messages, see no replay of their own.
 */
export class SenderProofs implements SenderVerifier {
  /**
   * @param dpop - undefined if no proofs are accepted.
   * @param store - what tells the store that replicas share from others; undefined for none.
   * @param count - for metrics.
   */
  constructor(
    private readonly dpop: DpopVerifier | undefined,
    private readonly store: object | undefined,
    private readonly count: CountSender = () => undefined,
  ) {}

  verify(validated: ValidatedToken, presented: Credentials | undefined): AskStore | undefined {
    const confirmation = readConfirmation(validated.claims);
    if (confirmation === null) throw refuse('sender_constrained');
    assertNotForged(presented?.certificate);
    const { jkt, x5tS256 } = confirmation ?? {};
    if (jkt === undefined) {
      // RFC 9449 section 7.1: who uses the scheme relies on the binding.
      if (presented?.scheme === 'DPoP') throw refuse('sender_unconstrained');
      if (x5tS256 !== undefined) checkCertificate(x5tS256, presented?.certificate);
      this.count(x5tS256 === undefined ? 'bearer' : 'mtls', validated);
      return undefined;
    }
    // Section 7.2: a token that is bound to a key is, as a bearer token, a stolen one, whatever else came along.
    if (presented?.scheme !== 'DPoP') throw refuse('sender_constrained');
    if (x5tS256 !== undefined) checkCertificate(x5tS256, presented.certificate);
    const askStore = this.verifyProof(jkt, presented);
    if (askStore !== undefined) return async () => askStore().then(() => this.count('dpop', validated));
    this.count('dpop', validated);
    return undefined;
  }

  /** The nonce that proofs need from now on; undefined if they need none. */
  get nonce(): string | undefined {
    return this.dpop?.nonce;
  }

  /** A new nonce for a client whose proof, which was accepted, had one that ends soon. */
  freshNonceFor({ carrier }: Credentials): string | undefined {
    return carrier === undefined ? undefined : USED.get(carrier)?.freshNonce;
  }

  private verifyProof(jkt: string, presented: Credentials): AskStore | undefined {
    const { token, method, url, carrier } = presented;
    const { dpop } = this;
    // The check of the claims has refused these already.
    if (dpop === undefined) throw refuse('sender_constrained');
    if (method === undefined || url === undefined) throw refuse('sender_constrained', NO_REQUEST);
    const proofs = valuesOf(presented.proof);
    const used = carrier === undefined ? undefined : findUsed(carrier, token, proofs);
    const uses: Uses = used?.uses ?? new Map<SenderProofs, Use | Promise<Use>>();
    const begun = uses.get(this);
    if (begun instanceof Promise) return async () => dpop.assertFirst(await begun);
    if (begun !== undefined) {
      dpop.assertFirst(begun);
      return undefined;
    }
    const checked = dpop.check(jkt, { token, proofs, method, url });
    const asksStore = this.store !== undefined && dpop.refusesReplays;
    if (!asksStore) {
      const use = dpop.use(checked) as Use;
      dpop.assertFirst(use);
      uses.set(this, use);
    }
    if (used === undefined && carrier !== undefined) {
      const { proof, freshNonce } = checked;
      USED.set(carrier, { token, proof, freshNonce, uses });
    }
    return asksStore ? async () => this.useOnce(dpop, checked, uses) : undefined;
  }

  /** Of several guards that look at one request, the first one asks the store. */
  private async useOnce(dpop: DpopVerifier, checked: CheckedProof, uses: Uses): Promise<void> {
    const begun = uses.get(this);
    const use = begun ?? dpop.use(checked, this.useOfOthers(uses));
    uses.set(this, use);
    const decided = await use;
    // Undecided is no decision: a connection must not keep the answer of a store that was down.
    if (decided === 'undecided' && uses.get(this) === use) uses.delete(this);
    dpop.assertFirst(decided);
  }

  /** What another module has told the store of the same request must not look like a replay. */
  private useOfOthers(uses: Uses): Use | Promise<Use> | undefined {
    for (const [other, use] of uses) {
      if (other.store === this.store && other.dpop?.refusesReplays === true) return use;
    }
    return undefined;
  }
}

function findUsed(carrier: object, token: string, proofs: readonly unknown[]): UsedProof | undefined {
  const used = USED.get(carrier);
  const isSame = used?.token === token && proofs.length === 1 && used.proof === proofs[0];
  return isSame ? used : undefined;
}

function valuesOf(proof: unknown): readonly unknown[] {
  if (proof === undefined) return [];
  return Array.isArray(proof) ? (proof as unknown[]) : [proof];
}

const NO_REQUEST =
  'The token is bound to a key, and came in a way for which no proof is defined: a DPoP proof is for an HTTP request.';
