import { generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';

/** Algorithms that the demo provider can sign access tokens with. */
export type SigningAlgorithm = 'RS256' | 'PS256' | 'ES256' | 'EdDSA';

/** Private keys made at start, one for each algorithm: nothing secret lies in the repository. */
export function createSigningKeys(): JsonWebKey[] {
  const { privateKey: rsa } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const { privateKey: pss } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const { privateKey: ec } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { privateKey: ed } = generateKeyPairSync('ed25519');
  return [toJwk(rsa, 'RS256'), toJwk(pss, 'PS256'), toJwk(ec, 'ES256'), toJwk(ed, 'EdDSA')];
}

function toJwk(key: KeyObject, alg: SigningAlgorithm): JsonWebKey {
  return { ...key.export({ format: 'jwk' }), kid: `demo-${alg.toLowerCase()}`, alg, use: 'sig' };
}
