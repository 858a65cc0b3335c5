import { describe, expect, it } from 'vitest';
import { createKey, signToken, type SigningKey } from '../../test/support/signing-key.js';
import { verifySignature } from '../tokens/verify-signature.js';
import type { CandidatesCut } from './candidate-limits.js';
import { importKeySet } from './key-set.js';
import { keyObjectOf, selectKeys, type KeyQuery } from './select-keys.js';

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

  it.each([
    ['ES256', 16],
    ['EdDSA', 16],
    ['ES384', 4],
    ['ES512', 4],
    ['ES256K', 4],
  ])(
    'finds the first keys that fit %s, %i at most, with and without kid, and says what it leaves out',
    async (alg, most) => {
      const other = alg === 'ES256' ? 'EdDSA' : 'ES256';
      const others = Array.from({ length: 3 }, (_, index) => createKey(other, `other-${String(index)}`).jwk);
      const keys = Array.from({ length: most + 2 }, (_, index) => createKey(alg, `k-${String(index)}`));
      const all = [...others, ...keys.map((key) => key.jwk)];
      const cuts: CandidatesCut[] = [];
      const onCut = (cut: CandidatesCut): number => cuts.push(cut);
      const set = await importKeySet(all, { onCut });
      for (let time = 0; time < 2; time++) expect(selectKeys(set, { alg })).toHaveLength(most);
      expect(selectKeys(set, { alg, kid: `k-${String(most + 1)}` })).toHaveLength(1);
      expect(cuts).toEqual([{ alg, kid: undefined, fitting: most + 2, tried: most }]);

      const same = all.map((jwk) => ({ ...jwk, kid: 'same' }));
      expect(selectKeys(await importKeySet(same, { onCut }), { alg, kid: 'same' })).toHaveLength(most);
      expect(cuts.slice(1)).toEqual([{ alg, kid: 'same', fitting: most + 2, tried: most }]);

      expect(await verifies(all, keys[most - 1] as SigningKey, { alg })).toBe(true);
      expect(await verifies(all, keys[most] as SigningKey, { alg })).toBe(false);
      expect(await find(all.slice(0, most + 3), { alg })).toBe(most);
    },
  );

  it('says nothing if all keys are tried', async () => {
    const keys = Array.from({ length: 16 }, (_, index) => createKey('ES256', `k-${String(index)}`).jwk);
    const cuts: CandidatesCut[] = [];
    selectKeys(await importKeySet(keys, { onCut: (cut) => cuts.push(cut) }), { alg: 'ES256' });
    expect(cuts).toEqual([]);
  });

  it.each([
    ['RS256', RSA],
    ['ES256', EC],
    ['EdDSA', ED],
  ])('hands out the key of %s for those who verify by other means', async (alg, { jwk, kid }) => {
    const set = await importKeySet([jwk]);
    const found = selectKeys(set, { alg, kid });
    if (typeof found === 'string') throw new Error(found);
    expect(found.map(keyObjectOf)).toEqual([set.keys[0]?.key]);
    expect(found.map(keyObjectOf)[0]).toBe(set.keys[0]?.key);
  });

  it('finds nothing in an empty set', async () => {
    expect(await find([], { alg: 'RS256' })).toBe('unknown');
    expect(await find([], { alg: 'RS256', kid: 'rsa' })).toBe('unknown');
  });
});
