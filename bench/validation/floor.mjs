// The floor: what the signature alone costs, everything else made ready before.
import { constants, verify } from 'node:crypto';

/**
 * Tokens are looked up by their text, which costs nothing worth speaking of.
 *
 * @param {{ algorithm: import('../support/tokens.mjs').Algorithm, publicKey: import('node:crypto').KeyObject }} issuer
 * @param {readonly string[]} tokens
 */
export function floor({ algorithm, publicKey }, tokens) {
  const prepared = new Map(
    tokens.map((token) => {
      const end = token.lastIndexOf('.');
      return [token, [Buffer.from(token.slice(0, end)), Buffer.from(token.slice(end + 1), 'base64url')]];
    }),
  );
  const digest = algorithm === 'EdDSA' ? null : 'sha256';
  const key =
    algorithm === 'ES256'
      ? { key: publicKey, dsaEncoding: /** @type {const} */ ('ieee-p1363') }
      : algorithm === 'PS256'
        ? { key: publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
        : publicKey;
  const none = Buffer.alloc(0);
  return {
    name: 'crypto.verify (the floor)',
    one: (/** @type {string} */ token) => {
      const [data = none, signature = none] = prepared.get(token) ?? [];
      if (!verify(digest, data, key, signature)) throw new Error('invalid');
    },
  };
}
