import type { Clock } from '../cache/clock.js';
import { refuse } from '../errors/identity-error.js';
import type { ReplayGuard, Use } from '../store/replay-guard.js';
import { findSigningKey, type PreparedKey } from '../tokens/verify-signature.js';
import {
  checkAge,
  checkMethod,
  checkToken,
  checkUrl,
  readProofClaims,
  type ProofClaims,
} from './check-proof-claims.js';
import { openProof, readHeader, readPayload, readSignature, type OpenedProof } from './parse-proof.js';
import { checkProofHeader, readProofKey, thumbprintOfProofKey } from './proof-header.js';
import type { ProofKeys } from './proof-keys.js';
import type { ProofNonces } from './proof-nonces.js';
import { invalidProof } from './refuse-proof.js';

export interface DpopRules {
  /** Names of accepted algorithms. */
  readonly algorithms: readonly string[];
  readonly maxAgeMs: number;
  readonly clockToleranceMs: number;
  /** The URL by which clients reach this API, without a slash at the end. */
  readonly publicUrl: string;
  /** undefined if proofs need no nonce. */
  readonly nonces: ProofNonces | undefined;
  /** undefined if a proof may be used several times. */
  readonly replay: ReplayGuard | undefined;
}

/** A request as its sender signs it. */
export interface ProvenRequest {
  readonly token: string;
  /** All values of its header field `DPoP`. */
  readonly proofs: readonly unknown[];
  readonly method: string;
  /** What it asks for: path and query, as they came. */
  readonly url: string;
}

/** A proof that is in order, if it was not used before. */
export interface CheckedProof {
  readonly proof: string;
  /** Thumbprint of its key. */
  readonly jkt: string;
  readonly jti: string;
  /** Milliseconds from now until nobody accepts it any more. */
  readonly passesForMs: number;
  /** A nonce of now, if that of the proof ends soon. */
  readonly freshNonce: string | undefined;
}

/**
 * Checks DPoP proofs (RFC 9449 section 4.3). To be asked only for a token that was verified, and is bound to a key: its thumbprint
 * is compared before anything that costs more than a hash, so that only the holder of such a token makes the server check a
 * signature. Whether the proof was used before comes last: a proof that fails uses up nothing.
 */
export class DpopVerifier {
  constructor(
    readonly rules: DpopRules,
    private readonly keys: ProofKeys,
    private readonly clock: Clock,
  ) {}

  /**
   * Everything but whether the proof was used before.
   *
   * @param jkt - the thumbprint of the key that the token is bound to (section 6.1).
   * @throws {IdentityError} `proof_missing`, `proof_malformed`, `proof_invalid`, `proof_nonce_needed`.
   */
  check(jkt: string, { token, proofs, method, url }: ProvenRequest): CheckedProof {
    if (proofs.length === 0) throw refuse('proof_missing');
    const opened = openProof(proofs);
    const known = this.keys.findByHeader(jkt, opened.headerSegment);
    const header = known === undefined ? this.checkHeader(opened, jkt) : undefined;
    const claims = readProofClaims(readPayload(opened));
    checkMethod(claims, method);
    checkUrl(claims, this.rules.publicUrl, url);
    const nowMs = this.clock.wallMs();
    const untilMs = this.untilOf(claims, token, nowMs);
    const { proof, signedLength, headerSegment } = opened;
    const key = known ?? header?.importKey();
    // Section 4.3 number 6.
    const signed = { token: proof, signedLength, signature: readSignature(opened) };
    if (key === undefined || findSigningKey([key], signed) === undefined) {
      throw invalidProof('its signature was not made with its key');
    }
    if (known === undefined) this.keys.remember(jkt, headerSegment, key);
    const freshNonce = claims.nonce === undefined ? undefined : this.rules.nonces?.after(claims.nonce, nowMs);
    return { proof, jkt, jti: claims.jti, passesForMs: untilMs - nowMs, freshNonce };
  }

  /**
   * Uses a proof, which can be done once (section 11.1). A `jti` belongs to a key, so that of another client does not collide. The
   * clocks of replicas may differ, so it is remembered for longer than it passes here.
   *
   * @param begun - its use by another module with the same store, for the same request.
   * @returns a promise if the store is asked.
   */
  use({ jkt, jti, passesForMs }: CheckedProof, begun?: Use | Promise<Use>): Use | Promise<Use> {
    const { replay, clockToleranceMs } = this.rules;
    if (replay === undefined) return 'first';
    const proof = `${jkt}.${jti}`;
    const ttlMs = passesForMs + clockToleranceMs;
    return begun === undefined ? replay.use(proof, ttlMs, jkt) : replay.follow(begun, proof, ttlMs, jkt);
  }

  /** @throws {IdentityError} `proof_replayed`, `store_unavailable`. */
  assertFirst(use: Use): void {
    if (use === 'seen') throw refuse('proof_replayed');
    if (use === 'undecided') {
      throw refuse('store_unavailable', undefined, { retryAfterMs: this.rules.replay?.retryAfterMs });
    }
  }

  /** The nonce that proofs need from now on; undefined if they need none. */
  get nonce(): string | undefined {
    return this.rules.nonces?.current(this.clock.wallMs());
  }

  /** Whether a proof can be used once only. */
  get refusesReplays(): boolean {
    return this.rules.replay !== undefined;
  }

  /** Of a header that was not seen before. */
  private checkHeader(opened: OpenedProof, jkt: string): { readonly importKey: () => PreparedKey } {
    const header = readHeader(opened);
    const jwk = readProofKey(header);
    // Section 4.3 number 12.
    if (thumbprintOfProofKey(jwk) !== jkt) {
      throw invalidProof('its key is not the one that the token is bound to ("cnf.jkt")');
    }
    const algorithm = checkProofHeader(header, jwk, this.rules.algorithms);
    return { importKey: () => this.keys.find(jkt, algorithm, jwk) };
  }

  /**
   * Until when the proof passes (section 4.3 numbers 10, 11 and 12): the time of its creation is that of our nonce, if we ask for one,
   * so that clients whose clocks are wrong get in as well (section 11.1); else that of its `iat`.
   */
  private untilOf(claims: ProofClaims, token: string, nowMs: number): number {
    const { nonces } = this.rules;
    const ofAge = nonces === undefined ? checkAge(claims, this.rules, nowMs) : undefined;
    checkToken(claims, token);
    const untilMs = ofAge ?? nonces?.acceptedUntilMs(claims.nonce ?? '', nowMs);
    if (untilMs === undefined) {
      throw refuse('proof_nonce_needed', undefined, { claim: 'nonce', dpopNonce: nonces?.current(nowMs) });
    }
    return untilMs;
  }
}
