import { describe, expect, it } from 'vitest';
import { KeysOfTest, PipelineOfTest } from '../../test/support/pipeline.js';
import { createKey } from '../../test/support/signing-key.js';
import type { IdentityModuleOptions } from '../options/module-options.js';
import { RuleSets } from './rule-sets.js';
import type { KnownIssuer } from './run-context.js';

const KEY = createKey('ES256', 'k1');
const ISSUER = 'https://id.example.com';
const OTHER = 'https://other.example.com';
const TENANTS: Partial<IdentityModuleOptions> = {
  issuer: undefined,
  allowedIssuers: (issuer) => issuer === ISSUER,
  issuers: (issuer) => ({ issuer }),
};

function create(
  options: Partial<IdentityModuleOptions> = {},
  configured: (issuer: KnownIssuer) => readonly KnownIssuer[] = (issuer) => [issuer],
): { readonly sets: RuleSets; readonly issuer: KnownIssuer; readonly other: KnownIssuer } {
  const { issuer, context } = new PipelineOfTest(KEY, new KeysOfTest(KEY), options);
  const other = { ...issuer, options: { ...issuer.options, issuer: OTHER } };
  const isPossible = (name: string): boolean => name === ISSUER;
  return {
    sets: new RuleSets(context.options, { configured: configured(issuer), isPossible }),
    issuer,
    other,
  };
}

describe('RuleSets', () => {
  it('has the rules of the issuer for a call without overrides', () => {
    const { sets, issuer } = create();
    expect(sets.configured(issuer)).toBe(issuer.rules);
  });

  it('tightens the rules of each issuer that the call accepts, once', () => {
    const { sets, issuer, other } = create();
    const rulesFor = sets.tightened({ issuer: [ISSUER], requiredClaims: ['x'] });
    expect(rulesFor(issuer)?.tokenRules.requiredClaims).toContain('x');
    expect(rulesFor(issuer)).toBe(rulesFor(issuer));
    expect(rulesFor(other)).toBeUndefined();
  });

  it('accepts each issuer if the call names none, tenants that come later included', () => {
    const { sets, issuer, other } = create();
    const rulesFor = sets.tightened({ requiredClaims: ['x'] });
    for (const each of [issuer, other]) {
      expect(rulesFor(each)?.tokenRules.requiredClaims).toContain('x');
      expect(rulesFor(each)).toBe(rulesFor(each));
    }
  });

  it('refuses overrides that no token can meet, if the configuration names all issuers', () => {
    const { sets } = create();
    expect(() => sets.tightened({ issuer: OTHER })).toThrow('none of the named issuers is configured');
    expect(() => sets.tightened({ audience: 'x' })).toThrow('"audience" and the configured one');
  });

  it('leaves them to the token if tenants may meet them, and not if none of the names may be one', () => {
    const { sets, issuer } = create(TENANTS, () => []);
    expect(sets.tightened({ audience: 'x' })(issuer)?.tokenRules.audience).toEqual([]);
    expect(() => sets.tightened({ issuer: [OTHER, ISSUER] })).not.toThrow();
    expect(() => sets.tightened({ issuer: [OTHER] })).toThrow('none of the named issuers is configured');
  });
});
