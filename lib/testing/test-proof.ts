import { createHash, randomUUID } from 'node:crypto';
import type { JsonObject } from '../model/json.js';
import { signCompact, type TestKey } from './test-key.js';

/** What a DPoP proof of a test is to say. Everything else is as a client would have it (RFC 9449 section 4.2). */
export interface TestProofOptions {
  /** The nonce that the server gave (`DPoP-Nonce`). @default none */
  readonly nonce?: string | undefined;
  /** The key that signs, with its public half in the header. @default the client key of the issuer */
  readonly key?: TestKey | undefined;
  /** Members of the claims, in front of all others; undefined removes one. */
  readonly claims?: JsonObject | undefined;
  /** Members of the JOSE header, in front of all others; undefined removes one. */
  readonly header?: JsonObject | undefined;
}

/** A request that a proof is made for, before something is made wrong with it. */
export interface ProofDraft {
  readonly method: string;
  /** Absolute, as the client sends it. */
  readonly url: string;
  readonly token: string;
  readonly key: TestKey;
  readonly options: Omit<TestProofOptions, 'key'>;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** A proof as a client makes it. */
export function signProof(draft: ProofDraft): string {
  return signCompact(draft.key, proofHeader(draft), proofClaims(draft));
}

export function proofHeader({ key, options }: ProofDraft): JsonObject {
  return { typ: 'dpop+jwt', alg: key.alg, jwk: publicHalf(key), ...options.header };
}

export function proofClaims({ method, url, token, options, nowMs }: ProofDraft): JsonObject {
  return {
    jti: randomUUID(),
    htm: method,
    // RFC 9449 section 4.2: without query and fragment.
    htu: url.replace(/[?#].*$/s, ''),
    iat: Math.floor(nowMs / 1000),
    ath: createHash('sha256').update(token).digest('base64url'),
    ...(options.nonce !== undefined && { nonce: options.nonce }),
    ...options.claims,
  };
}

/** What makes the public key, and nothing else (RFC 7638 section 3.2), in the order of its names. */
function publicHalf({ jwk }: TestKey): JsonObject {
  const { crv, e, kty, n, x, y } = jwk;
  const members = Object.entries({ crv, e, kty, n, x, y });
  return Object.fromEntries(members.filter(([, value]) => value !== undefined));
}

/** The thumbprint of a key (RFC 7638) for the claim `cnf` of a token (RFC 9449 section 6.1 `jkt`). */
export function thumbprintOfKey(key: TestKey): string {
  return createHash('sha256')
    .update(JSON.stringify(publicHalf(key)))
    .digest('base64url');
}
