import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { createKey } from '../../test/support/signing-key.js';
import { importKeySet, nameOf, type ImportOptions } from './key-set.js';
import { selectKeys } from './select-keys.js';

const A = createKey('ES256', 'a').jwk;
const B = createKey('ES256', 'b').jwk;
const C = createKey('EdDSA', 'c').jwk;
const SECRET = { kty: 'oct', k: 'c2VjcmV0', kid: 'secret' };

const fingerprint = async (...jwks: unknown[]): Promise<string> => (await importKeySet(jwks)).fingerprint;

describe('importKeySet', () => {
  it('keeps the good keys and lists the others, each with its reason', async () => {
    const set = await importKeySet([A, SECRET, null, { ...B, use: 'enc' }, C]);
    expect(set.keys.map((key) => key.kid)).toEqual(['a', 'c']);
    expect(set.skipped).toEqual([
      { kid: 'secret', reason: 'it is symmetric' },
      { kid: undefined, reason: 'it is not a JSON object' },
      { kid: 'b', reason: '"use" is not "sig"' },
    ]);
  });

  it('is empty where nothing is usable', async () => {
    const set = await importKeySet([SECRET]);
    expect(set.keys).toEqual([]);
    expect(set.fingerprint).toBe('');
    expect((await importKeySet([])).keys).toEqual([]);
  });

  it('holds several keys under one kid, and a key that stands there twice once', async () => {
    const set = await importKeySet([A, { ...B, kid: 'a' }, { ...A, x5t: 'x' }]);
    expect(selectKeys(set, { alg: 'ES256', kid: 'a' })).toHaveLength(2);
    expect(new Set(set.keys.map((key) => key.thumbprint)).size).toBe(2);
    expect(set.keys).toHaveLength(2);
  });

  it('finds a key without kid under none', async () => {
    const { kid: _, ...anonymous } = A;
    const set = await importKeySet([anonymous]);
    expect(selectKeys(set, { alg: 'ES256' })).toHaveLength(1);
    expect(selectKeys(set, { alg: 'ES256', kid: 'a' })).toBe('unknown');
    expect(set.keys.map(nameOf)).toEqual([set.keys[0]?.thumbprint]);
    expect((await importKeySet([A])).keys.map(nameOf)).toEqual(['a']);
  });

  it('takes names of Object.prototype for kids like any other', async () => {
    const set = await importKeySet([
      { ...A, kid: '__proto__' },
      { ...B, kid: 'toString' },
    ]);
    expect(selectKeys(set, { alg: 'ES256', kid: '__proto__' })).toHaveLength(1);
    expect(selectKeys(set, { alg: 'ES256', kid: 'toString' })).toHaveLength(1);
    expect(selectKeys(set, { alg: 'ES256', kid: 'constructor' })).toBe('unknown');
    expect(selectKeys(set, { alg: '__proto__', kid: 'toString' })).toBe('unfit');
  });

  it('uses a bounded number of ten thousand keys, and says so', async () => {
    const many = Array.from({ length: 10_000 }, (_, index) => ({ ...A, kid: String(index) }));
    const set = await importKeySet(many);
    expect(set.keys).toHaveLength(256);
    expect(selectKeys(set, { alg: 'ES256', kid: '255' })).toHaveLength(1);
    expect(selectKeys(set, { alg: 'ES256', kid: '256' })).toBe('unknown');
    expect(set.skipped).toEqual([{ kid: undefined, reason: 'only the first 256 of 10000 keys are used' }]);
  });
});

describe('a set of as many keys as are used', () => {
  it('has nothing to say about them', async () => {
    const all = Array.from({ length: 256 }, (_, index) => ({ ...A, kid: String(index) }));
    const set = await importKeySet(all);
    expect([set.keys.length, set.skipped]).toEqual([256, []]);
  });
});

describe('importing many keys', () => {
  const distinct = (count: number, alg = 'ES256'): object[] =>
    Array.from({ length: count }, (_, index) => createKey(alg, String(index)).jwk);

  /** A clock on which each look takes some time, and how often the event loop got a turn. */
  function slices(msPerLook: number): { options: ImportOptions; turns: () => number } {
    let nowMs = 0;
    let count = 0;
    return {
      options: {
        nowMs: () => (nowMs += msPerLook),
        nextTurn: async () => {
          count++;
        },
      },
      turns: () => count,
    };
  }

  it('lets the event loop go on after every 4 ms, whether keys are taken or skipped', async () => {
    const weak = Array.from({ length: 64 }, () => ({ kty: 'RSA', n: `g${'A'.repeat(341)}`, e: 'AQAB' }));
    for (const jwks of [distinct(64), weak, Array.from({ length: 64 }, () => null)]) {
      const { options, turns } = slices(1);
      await importKeySet(jwks, options);
      // The look that ends a slice is followed by one that begins the next: 4 keys and 5 looks for each.
      expect(turns()).toBe(16);
      const fast = slices(0.05);
      await importKeySet(jwks, fast.options);
      expect(fast.turns()).toBe(0);
    }
  });

  it('goes by the clock of the process by default', async () => {
    let turns = 0;
    const nextTurn = async (): Promise<void> => {
      turns++;
    };
    let nowMs = 0;
    const now = vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
    await importKeySet([null, null], { nextTurn });
    expect(turns).toBe(0);
    now.mockImplementation(() => (nowMs += 4));
    await importKeySet([null, null], { nextTurn });
    expect(turns).toBe(2);
  });

  it('gives real turns to the event loop by default', async () => {
    let nowMs = 0;
    let turns = 0;
    let running = true;
    const countTurns = (): void => {
      turns++;
      if (running) setImmediate(countTurns);
    };
    setImmediate(countTurns);
    await importKeySet(
      Array.from({ length: 256 }, () => ({ kty: 'oct' })),
      { nowMs: () => (nowMs += 4) },
    );
    running = false;
    expect(turns).toBeGreaterThan(200);
  });

  it('does not import a key again that the previous set has', async () => {
    const jwks = distinct(3);
    const previous = await importKeySet(jwks);
    const next = await importKeySet([...distinct(1, 'EdDSA'), ...jwks.slice(1)], { previous });
    expect(next.keys.slice(1).map((key) => previous.keys.indexOf(key))).toEqual([1, 2]);
    expect(previous.keys).not.toContain(next.keys[0]);
    expect(next.fingerprint).not.toBe(previous.fingerprint);
  });

  it('skips keys without kid that no token can reach, and says so', async () => {
    const anonymous = distinct(18).map((jwk) => ({ ...jwk, kid: undefined }));
    const named = { ...createKey('ES256', 'named').jwk };
    const set = await importKeySet([...anonymous, named, ...distinct(1, 'EdDSA')]);
    const reason = 'it has no "kid", and a token without one is tried with the first 16 keys';
    expect(set.skipped).toEqual([
      { kid: undefined, reason },
      { kid: undefined, reason },
    ]);
    expect(set.keys).toHaveLength(18);
    expect(selectKeys(set, { alg: 'ES256', kid: 'named' })).toHaveLength(1);
  });

  it('keeps a key without kid that some algorithm can still reach', async () => {
    const forPs256 = Array.from({ length: 2 }, () => createKey('PS256', 'k').jwk);
    const one = forPs256[0] ?? {};
    const limited = Array.from({ length: 16 }, (_, index) => ({
      ...one,
      kid: `k-${String(index)}`,
      alg: 'RS256',
    }));
    const open = { ...forPs256[1], kid: undefined, alg: undefined };
    const set = await importKeySet([...limited, open]);
    expect(set.skipped).toEqual([]);
    expect(selectKeys(set, { alg: 'PS256' })).toHaveLength(1);
  });
});

describe('the fingerprint of a set', () => {
  it('is the same in any order, with repetitions and with unusable keys', async () => {
    const expected = await fingerprint(A, B, C);
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([A, B, C, A, SECRET, null], { minLength: 6 }), async (jwks) => {
        expect(await fingerprint(...jwks)).toBe(expected);
      }),
      { numRuns: 20 },
    );
  });

  it('does not see members that make no difference to a key', async () => {
    expect(await fingerprint({ ...A, x5t: 'x', use: 'sig' })).toBe(await fingerprint(A));
  });

  it.each([
    ['a key more', [A, B]],
    ['another key under the same kid', [{ ...B, kid: 'a' }]],
    ['the same key under another kid', [{ ...A, kid: 'x' }]],
    ['the same key without kid', [{ ...A, kid: undefined }]],
    ['the same key without alg', [{ ...A, alg: undefined }]],
  ])('changes with %s', async (_what, jwks) => {
    expect(await fingerprint(...jwks)).not.toBe(await fingerprint(A));
  });

  it('cannot be forged through the text of a kid', async () => {
    const one = await importKeySet([A]);
    const forged = `a","ES256","${one.keys[0]?.thumbprint ?? ''}"],["b`;
    expect(await fingerprint({ ...B, kid: forged })).not.toBe(await fingerprint(A, B));
    expect(await fingerprint({ ...A, kid: undefined })).not.toBe(await fingerprint({ ...A, kid: 'null' }));
  });
});
