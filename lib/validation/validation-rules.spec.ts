import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../options/resolve-options.js';
import { configuredRules, type ValidationRules } from './validation-rules.js';
import { assertSatisfiable, readOverrides, tighten } from './overrides.js';

const MINIMAL = { issuer: 'https://id.example.com', audience: 'orders-api' };

function planOf(options: object = {}): ValidationRules {
  const resolved = resolveOptions({ ...MINIMAL, ...options }, {});
  const [issuer] = resolved.issuers;
  if (issuer === undefined) throw new Error('no issuer');
  return configuredRules(issuer, resolved);
}

describe('configuredRules', () => {
  it('takes nothing but at+jwt with the profile of RFC 9068', () => {
    expect(planOf().tokenRules.tokenTypes).toEqual(['at+jwt', 'jwt', null]);
    expect(planOf({ profile: 'rfc9068' }).tokenRules.tokenTypes).toEqual(['at+jwt']);
    expect(planOf({ profile: 'rfc9068', tokenTypes: ['AT+JWT', 'id'] }).tokenRules.tokenTypes).toEqual([
      'at+jwt',
    ]);
  });
});

describe('tighten', () => {
  const tightened = (options: object, overrides: object): ValidationRules =>
    tighten(planOf(options), readOverrides(overrides));

  it.each([{ profile: 'any' }, { profile: 'rfc9068' }])('narrows the token types with %j', (options) => {
    expect(tightened(options, { tokenTypes: ['at+jwt'] }).tokenRules.tokenTypes).toEqual(['at+jwt']);
    expect(tightened(options, { tokenTypes: ['at+jwt', 'x'] }).tokenRules.tokenTypes).toEqual(['at+jwt']);
    expect(tightened(options, { tokenTypes: ['x'] }).tokenRules.tokenTypes).toEqual([]);
  });

  it('accepts nothing that the configuration does not, whatever is asked for', () => {
    const { tokenRules: rules } = tightened(
      { profile: 'rfc9068', algorithms: ['ES256'], clockToleranceMs: 5 },
      {
        tokenTypes: ['JWT', 'at+jwt', null],
        algorithms: ['RS256', 'ES256'],
        audience: ['x', 'orders-api'],
        clockToleranceMs: 60_000,
        requiredClaims: ['sub'],
      },
    );
    expect(rules).toMatchObject({
      tokenTypes: ['at+jwt'],
      algorithms: ['ES256'],
      audience: ['orders-api'],
      clockToleranceMs: 5,
      requiredClaims: ['exp', 'sub'],
      profile: 'rfc9068',
    });
  });

  it('says which override leaves nothing to accept', () => {
    const plan = tightened({ profile: 'rfc9068' }, { tokenTypes: ['JWT'] });
    expect(() => assertSatisfiable([plan])).toThrow('"tokenTypes"');
  });
});
