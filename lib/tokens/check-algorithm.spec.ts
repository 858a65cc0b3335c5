import { describe, expect, it } from 'vitest';
import { codeOf } from '../../test/support/code-of.js';
import { checkAlgorithm } from './check-algorithm.js';

describe('checkAlgorithm', () => {
  it('takes what is on the list, exactly', () => {
    expect(codeOf(() => checkAlgorithm('RS256', ['ES256', 'RS256']))).toBeUndefined();
    for (const alg of ['rs256', 'RS256 ', '', 'none', 'HS256', '__proto__']) {
      expect(codeOf(() => checkAlgorithm(alg, ['RS256']))).toBe('algorithm_not_allowed');
    }
  });

  it.each([
    ['PS256', 'The algorithm PS256 is not in the option "algorithms": "RS256", "ES256".'],
    [
      'HS256',
      'The algorithm HS256 cannot be allowed: an access token must be signed with an asymmetric key.',
    ],
    ...['HS384', 'HS512'].map((alg): [string, string] => [
      alg,
      `The algorithm ${alg} cannot be allowed: an access token must be signed with an asymmetric key.`,
    ]),
    ['none', 'The algorithm none cannot be allowed: an access token must be signed with an asymmetric key.'],
  ])('names %s, which is well known', (alg, message) => {
    expect(() => checkAlgorithm(alg, ['RS256', 'ES256'])).toThrow(expect.objectContaining({ message }));
  });

  it('does not repeat what the sender made up', () => {
    const message = 'The header "alg" is not in the option "algorithms": "RS256".';
    for (const alg of ['secret', 'RS256\n', 'None', 'constructor']) {
      expect(() => checkAlgorithm(alg, ['RS256'])).toThrow(expect.objectContaining({ message }));
    }
  });
});
