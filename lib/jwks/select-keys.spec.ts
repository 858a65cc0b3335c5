import { describe, expect, it } from 'vitest';
import { createKey, signToken, type SigningKey } from '../../test/support/signing-key.js';
import { verifySignature } from '../tokens/verify-signature.js';
import { importKeySet } from './key-set.js';
import { selectKeys, type KeyQuery } from './select-keys.js';

const RSA = createKey('RS256', 'rsa');
const EC = createKey('ES256', 'ec');
const ED = createKey('EdDSA', 'ed');

/** What is found: how many keys, or which word. */
async function find(jwks: readonly object[], query: KeyQuery): Promise<number | string> {
  const found = selectKeys(await importKeySet(jwks), query);
  return typeof found === 'string' ? found : found.length;
}

async function verifies(jwks: readonly object[], key: SigningKey, query: KeyQuery): Promise<boolean> {
  const found = selectKeys(await importKeySet(jwks), query);
  const [header, payload, signature] = signToken(key, {}).split('.') as [string, string, string];
  const data = Buffer.from(`${header}.${payload}`);
  if (typeof found === 'string') return false;
  return found.some((candidate) => verifySignature(candidate, data, Buffer.from(signature, 'base64url')));
}

describe('selectKeys', () => {
  const jwks = [RSA.jwk, EC.jwk, ED.jwk];

  it.each([
    ['the named key', { alg: 'RS256', kid: 'rsa' }, 1],
    ['nothing for an unknown kid', { alg: 'RS256', kid: 'new' }, 'unknown'],
    ['nothing for an empty kid', { alg: 'RS256', kid: '' }, 'unknown'],
    ['nothing for a kid of Object.prototype', { alg: 'RS256', kid: '__proto__' }, 'unknown'],
    ['nothing for an EC key that is asked for RS256', { alg: 'RS256', kid: 'ec' }, 'unfit'],
    ['nothing for an RSA key that is asked for ES256', { alg: 'ES256', kid: 'rsa' }, 'unfit'],
    ['nothing for an RS256 key that is asked for PS256', { alg: 'PS256', kid: 'rsa' }, 'unfit'],
    ['nothing for HS256, whatever the key', { alg: 'HS256', kid: 'rsa' }, 'unfit'],
    ['nothing for none', { alg: 'none', kid: 'rsa' }, 'unfit'],
    ['an Ed25519 key by its old name', { alg: 'EdDSA', kid: 'ed' }, 1],
    ['an Ed25519 key by its new name', { alg: 'Ed25519', kid: 'ed' }, 1],
    ['the key that fits, where no kid is given', { alg: 'ES256' }, 1],
    ['nothing without kid, where none fits', { alg: 'ES384' }, 'unknown'],
    ['nothing without kid for HS256', { alg: 'HS256' }, 'unknown'],
    ['nothing without kid for none', { alg: 'none' }, 'unknown'],
  ])('finds %s', async (_what, query, found) => {
    expect(await find(jwks, query)).toBe(found);
  });

  it('finds a key without alg for RS and PS alike, each with its own padding', async () => {
    const { alg: _, ...open } = RSA.jwk;
    for (const name of ['RS256', 'PS256', 'RS512', 'PS512']) {
      expect(await find([open], { alg: name, kid: 'rsa' })).toBe(1);
    }
    expect(await verifies([open], RSA, { alg: 'RS256', kid: 'rsa' })).toBe(true);
    expect(await verifies([open], RSA, { alg: 'PS256', kid: 'rsa' })).toBe(false);
    expect(await find([open], { alg: 'ES256', kid: 'rsa' })).toBe('unfit');
  });

  it('finds all keys that share a kid, of the fitting type only', async () => {
    const twin = createKey('RS256', 'rsa');
    const same = [RSA.jwk, twin.jwk, { ...EC.jwk, kid: 'rsa' }];
    expect(await find(same, { alg: 'RS256', kid: 'rsa' })).toBe(2);
    expect(await find(same, { alg: 'ES256', kid: 'rsa' })).toBe(1);
    expect(await verifies(same, twin, { alg: 'RS256', kid: 'rsa' })).toBe(true);
  });

  it('finds keys without kid only for tokens without kid', async () => {
    const { kid: _, ...anonymous } = RSA.jwk;
    expect(await find([anonymous], { alg: 'RS256' })).toBe(1);
    expect(await find([anonymous], { alg: 'RS256', kid: 'rsa' })).toBe('unknown');
  });

  it('finds four at most, with and without kid, and those that fit', async () => {
    const others = Array.from({ length: 6 }, (_, index) => ({
      ...createKey('ES384', `other-${String(index)}`).jwk,
    }));
    const keys = Array.from({ length: 6 }, (_, index) => createKey('ES256', `k-${String(index)}`));
    const set = [...others, ...keys.map((key) => key.jwk)];
    expect(await find(set, { alg: 'ES256' })).toBe(4);
    expect(
      await find(
        set.map((jwk) => ({ ...jwk, kid: 'same' })),
        { alg: 'ES256', kid: 'same' },
      ),
    ).toBe(4);
    expect(await verifies(set, keys[3] as SigningKey, { alg: 'ES256' })).toBe(true);
    expect(await verifies(set, keys[4] as SigningKey, { alg: 'ES256' })).toBe(false);
  });

  it('finds nothing in an empty set', async () => {
    expect(await find([], { alg: 'RS256' })).toBe('unknown');
    expect(await find([], { alg: 'RS256', kid: 'rsa' })).toBe('unknown');
  });
});
