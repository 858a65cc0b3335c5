import { generateKeyPairSync } from 'node:crypto';
import { calculateJwkThumbprint, type JWK } from 'jose';
import { describe, expect, it } from 'vitest';
import type { PublicMembers } from './public-members.js';
import { thumbprintOf } from './thumbprint.js';

describe('thumbprintOf', () => {
  it('is that of the example in RFC 7638 section 3.1', () => {
    const members = {
      kty: 'RSA',
      n:
        '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs' +
        'tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91' +
        'CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
      e: 'AQAB',
    };
    expect(thumbprintOf(members)).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs');
  });

  it('is that of the example in RFC 8037 appendix A.3', () => {
    const members = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
    expect(thumbprintOf(members)).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
  });

  it.each<[string, PublicMembers]>([
    ['P-256', publicMembers('P-256')],
    ['P-384', publicMembers('P-384')],
    ['P-521', publicMembers('P-521')],
    ['secp256k1', publicMembers('secp256k1')],
    ['ML-DSA-44', { pub: 'cHVi', kty: 'AKP', alg: 'ML-DSA-44' }],
  ])('agrees with jose about %s', async (_name, members) => {
    expect(thumbprintOf(members)).toBe(await calculateJwkThumbprint(members as JWK, 'sha256'));
  });

  it('does not depend on the order of the members', () => {
    const { kty = '', crv = '', x = '', y = '' } = publicMembers('P-256');
    expect(thumbprintOf({ y, x, kty, crv })).toBe(thumbprintOf({ crv, kty, x, y }));
    expect(thumbprintOf({ y: x, x: y, kty, crv })).not.toBe(thumbprintOf({ crv, kty, x, y }));
  });
});

function publicMembers(namedCurve: string): PublicMembers {
  return generateKeyPairSync('ec', { namedCurve }).publicKey.export({ format: 'jwk' }) as PublicMembers;
}
