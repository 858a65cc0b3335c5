import type { Credentials } from '../model/credentials.js';
import type { ResolvedOptions } from '../options/resolved-options.js';
import { ProofNonces } from '../proofs/proof-nonces.js';
import type { TestKey } from './test-key.js';
import { signProof } from './test-proof.js';

/**
 * A token as a client would present it where only tokens are accepted that are bound to a key: with a proof, for a request that is as
 * good as any, because nothing compares it with the real one.
 */
export function boundCredentials(
  token: string,
  key: TestKey,
  { publicUrl = '', dpop }: ResolvedOptions,
  nowMs: number,
): Credentials {
  const base = publicUrl.replace(/\/$/, '');
  const { nonce: rules, clockToleranceMs } = dpop;
  const nonce = rules && new ProofNonces({ ...rules, clockToleranceMs, publicUrl: base }).current(nowMs);
  const proof = signProof({ method: 'GET', url: `${base}/`, token, key, options: { nonce }, nowMs });
  // Several guards look at one request, and are handed the same credentials.
  return { scheme: 'DPoP', token, proof, method: 'GET', url: '/', carrier: {} };
}
