import { describe, expect, it } from 'vitest';
import { codeOf } from '../../test/support/code-of.js';
import { tokenWith } from '../../test/support/token-with.js';
import type { Credentials } from '../model/credentials.js';
import { checkSender } from './check-sender.js';

describe('checkSender', () => {
  const presented: Credentials = { scheme: 'DPoP', token: 'token', proof: 'proof', method: 'GET', url: '/' };
  const code = (claims: object, credentials?: Credentials): string | undefined =>
    codeOf(() => void checkSender(undefined, tokenWith(claims), credentials));

  it('without a verifier accepts bearer tokens alone', () => {
    expect(code({})).toBeUndefined();
    expect(code({}, { ...presented, scheme: 'Bearer' })).toBeUndefined();
    expect(code({}, presented)).toBe('sender_unconstrained');
    for (const cnf of [{}, null, { jkt: 'x' }]) {
      expect(code({ cnf })).toBe('sender_constrained');
      expect(code({ cnf }, presented)).toBe('sender_constrained');
    }
  });

  it('leaves it to the verifier', () => {
    const asked: unknown[] = [];
    const verify = (...all: unknown[]) => void asked.push(...all);
    const validated = tokenWith({});
    checkSender({ verify }, validated, presented);
    expect(asked).toEqual([validated, presented]);
  });
});
