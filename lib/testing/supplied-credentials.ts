import { thumbprintOfDer } from '../certificates/certificate-reading.js';
import type { Credentials } from '../model/credentials.js';
import type { JsonObject } from '../model/json.js';
import type { ResolvedOptions } from '../options/resolved-options.js';
import { ProofNonces } from '../proofs/proof-nonces.js';
import type { TestKey } from './test-key.js';
import { signProof, thumbprintOfKey } from './test-proof.js';

/** What a token is bound to where only bound ones are accepted: a key if proofs are, else a certificate. */
export function confirmationFor({ dpop }: ResolvedOptions, key: TestKey): JsonObject {
  return dpop === undefined ? { 'x5t#S256': CERTIFICATE } : { jkt: thumbprintOfKey(key) };
}

/** Of no certificate: nothing compares it with a real one. */
const CERTIFICATE = thumbprintOfDer(Buffer.from('test client'));

/**
 * A token as a client would present it where only tokens are accepted that are bound to a key: with a proof or a certificate, for a request that is as
 * good as any, because nothing compares it with the real one.
 */
export function boundCredentials(
  token: string,
  key: TestKey,
  { publicUrl = '', dpop }: ResolvedOptions,
  nowMs: number,
): Credentials {
  if (dpop === undefined) return { scheme: 'Bearer', token, certificate: { thumbprint: CERTIFICATE } };
  const base = publicUrl.replace(/\/$/, '');
  const { nonce: rules, clockToleranceMs } = dpop;
  const nonce = rules && new ProofNonces({ ...rules, clockToleranceMs, publicUrl: base }).current(nowMs);
  const proof = signProof({ method: 'GET', url: `${base}/`, token, key, options: { nonce }, nowMs });
  // Several guards look at one request, and are handed the same credentials.
  return { scheme: 'DPoP', token, proof, method: 'GET', url: '/', carrier: {} };
}
