// Keys, tokens of about 900 bytes, and an issuer on loopback that publishes the keys.
import { constants, generateKeyPairSync, sign } from 'node:crypto';
import { createServer } from 'node:http';

/** @typedef {'RS256' | 'PS256' | 'ES256' | 'EdDSA'} Algorithm */

export const AUDIENCE = 'orders-api';
export const KID = 'key-2026-01';

/** @param {Algorithm} algorithm */
function generate(algorithm) {
  switch (algorithm) {
    case 'RS256':
    case 'PS256':
      return generateKeyPairSync('rsa', { modulusLength: 2048 });
    case 'ES256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' });
    case 'EdDSA':
      return generateKeyPairSync('ed25519');
  }
}

/** @param {object} value */
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/**
 * A key that signs, and what an issuer publishes of it.
 *
 * @param {Algorithm} algorithm
 */
export function createSigner(algorithm) {
  const { publicKey, privateKey } = generate(algorithm);
  const digest = algorithm === 'EdDSA' ? null : 'sha256';
  const input =
    algorithm === 'ES256'
      ? { key: privateKey, dsaEncoding: /** @type {const} */ ('ieee-p1363') }
      : algorithm === 'PS256'
        ? { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
        : privateKey;
  return {
    algorithm,
    publicKey,
    /** @param {string} kid */
    jwk: (kid) => ({ ...publicKey.export({ format: 'jwk' }), kid, alg: algorithm, use: 'sig' }),
    /** @param {object} header beside `alg` @param {object} claims */
    sign: (header, claims) => {
      const data = `${encode({ alg: algorithm, ...header })}.${encode(claims)}`;
      return `${data}.${sign(digest, Buffer.from(data), input).toString('base64url')}`;
    },
  };
}

/** @param {Algorithm} algorithm */
export async function createIssuer(algorithm) {
  const signer = createSigner(algorithm);
  const jwk = signer.jwk(KID);
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    const isKeySet = request.url === '/jwks';
    response.end(JSON.stringify(isKeySet ? { keys: [jwk] } : { issuer, jwks_uri: `${issuer}/jwks` }));
  });
  await new Promise((resolve) => server.listen(0, 'localhost', () => resolve(undefined)));
  server.unref();
  const address = server.address();
  const issuer = `http://localhost:${address !== null && typeof address === 'object' ? address.port : 0}`;

  /** @param {number} index @param {object} [own] @param {object} [header] */
  const token = (index, own = {}, header = {}) => {
    const nowSec = Math.floor(Date.now() / 1000);
    const claims = {
      iss: issuer,
      sub: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
      aud: [AUDIENCE, 'https://graph.example.com'],
      client_id: 'orders-web',
      scope: 'openid profile orders:read orders:write',
      iat: nowSec - 10,
      exp: nowSec + 86_400,
      jti: `jti-${index}`,
      realm_access: { roles: ['offline_access', 'user', 'buyer'] },
      email: `user-${index}@example.com`,
      name: 'A User of the Benchmark',
      ...own,
    };
    return signer.sign({ typ: 'at+jwt', kid: KID, ...header }, claims);
  };
  return { algorithm, issuer, jwk, publicKey: signer.publicKey, server, token };
}

/** @typedef {Awaited<ReturnType<typeof createIssuer>>} Issuer */
