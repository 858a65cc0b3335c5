import { describe, expect, it } from 'vitest';
import { createKey } from '../../test/support/signing-key.js';
import { importKeySet } from './key-set.js';
import { rotationOf } from './rotation.js';

const A = createKey('ES256', 'a').jwk;
const B = createKey('ES256', 'b').jwk;
const C = createKey('EdDSA', 'c').jwk;

describe('the rotation of a key set', () => {
  const between = async (before: readonly object[], after: readonly object[]): Promise<unknown> =>
    rotationOf(await importKeySet(before), await importKeySet(after));

  it('is none if the same keys are there, in any order', async () => {
    expect(await between([A, B], [B, A])).toBeUndefined();
    expect(await between([], [])).toBeUndefined();
  });

  it('names what came and what went, in the order of the sets', async () => {
    expect(await between([A, B], [B, C])).toEqual({ added: ['c'], removed: ['a'] });
    expect(await between([A], [C, B, A])).toEqual({ added: ['c', 'b'], removed: [] });
    expect(await between([C, B, A], [A])).toEqual({ added: [], removed: ['c', 'b'] });
    expect(await between([], [A, B])).toEqual({ added: ['a', 'b'], removed: [] });
  });

  it('names a key that was replaced under its id as come and gone', async () => {
    expect(await between([A, C], [{ ...B, kid: 'a' }, C])).toEqual({ added: ['a'], removed: ['a'] });
  });

  it('names a key without an id by its thumbprint', async () => {
    const { kid: _, ...anonymous } = A;
    const [key] = (await importKeySet([anonymous])).keys;
    expect(await between([B], [B, anonymous])).toEqual({ added: [key?.thumbprint], removed: [] });
  });
});
