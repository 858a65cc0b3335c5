import { describe, expect, it } from 'vitest';
import { tokenWith } from '../../test/support/token-with.js';
import { SenderConstrainedRequirement } from './sender-constrained.js';

describe('@RequireSenderConstrained', () => {
  it.each<[string, object, boolean]>([
    ['a token that is bound', { cnf: { jkt: 'A'.repeat(43) } }, true],
    ['a bearer token', {}, false],
    ['a token that is bound to a certificate', { cnf: { 'x5t#S256': 'A'.repeat(43) } }, true],
    ['a binding that cannot be checked', { cnf: { kid: 'x' } }, false],
    ['no binding', { cnf: null }, false],
  ])('of %s is met: %#', (_what, claims, isMet) => {
    expect(new SenderConstrainedRequirement().isMet(tokenWith(claims))).toBe(isMet);
  });
});
