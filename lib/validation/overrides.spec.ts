import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../options/resolve-options.js';
import { assertSatisfiable, readOverrides, tighten } from './overrides.js';
import { configuredRules, type ValidationRules } from './validation-rules.js';

const ISSUER = 'https://id.example.com';

function rulesOf(options: object = {}): ValidationRules {
  const resolved = resolveOptions({ issuer: ISSUER, audience: 'orders-api', ...options }, {});
  const [issuer] = resolved.issuers;
  if (issuer === undefined) throw new Error('no issuer');
  return configuredRules(issuer, resolved);
}
const wrong = (problem: string): unknown =>
  expect.objectContaining({
    code: 'invalid_override',
    message: `The overrides of this validation are wrong: ${problem}.`,
  });

describe('readOverrides', () => {
  it('demands nothing if nothing is given', () => {
    const nothing = {
      issuers: undefined,
      audience: undefined,
      algorithms: undefined,
      tokenTypes: undefined,
      requiredClaims: [],
      scopes: [],
      clockToleranceMs: Infinity,
      hooks: [],
    };
    expect(readOverrides({})).toEqual(nothing);
    expect(readOverrides({ issuer: undefined, clockToleranceMs: undefined, validate: undefined })).toEqual(
      nothing,
    );
  });

  it('reads each demand', () => {
    const validate = (): boolean => true;
    expect(
      readOverrides({
        issuer: ISSUER,
        audience: 'a',
        algorithms: ['RS256', 'EdDSA'],
        tokenTypes: ['AT+JWT', 'application/jwt', null],
        requiredClaims: ['sub'],
        scopes: ['orders:read'],
        clockToleranceMs: 0,
        validate,
      }),
    ).toEqual({
      issuers: [ISSUER],
      audience: ['a'],
      algorithms: ['RS256', 'EdDSA', 'Ed25519'],
      tokenTypes: ['at+jwt', 'jwt', null],
      requiredClaims: ['sub'],
      scopes: ['orders:read'],
      clockToleranceMs: 0,
      hooks: [validate],
    });
    expect(readOverrides({ issuer: ['a', 'b'], audience: ['c'], clockToleranceMs: 1.5 })).toMatchObject({
      issuers: ['a', 'b'],
      audience: ['c'],
      clockToleranceMs: 1.5,
    });
  });

  const list = (name: string): string => `"${name}" must be a non-empty list of strings`;
  const TOLERANCE = '"clockToleranceMs" must be a number of milliseconds, 0 or more';
  const TYPES = '"tokenTypes" must hold strings, or null for an absent type';
  it.each<[unknown, string]>([
    [null, 'expected an object'],
    ['text', 'expected an object'],
    [[], 'expected an object'],
    [{ audiences: 'a' }, '"audiences" is not known; did you mean "audience"?'],
    [{ issuer: '' }, list('issuer')],
    [{ issuer: [] }, list('issuer')],
    [{ audience: 1 }, list('audience')],
    [{ audience: '' }, list('audience')],
    [{ algorithms: 'RS256' }, list('algorithms')],
    [{ requiredClaims: 'sub' }, list('requiredClaims')],
    [{ scopes: 'a b' }, list('scopes')],
    [{ tokenTypes: [] }, '"tokenTypes" must be a non-empty list'],
    [{ tokenTypes: 'jwt' }, '"tokenTypes" must be a non-empty list'],
    [{ tokenTypes: ['jwt', ''] }, TYPES],
    [{ tokenTypes: [1] }, TYPES],
    [{ clockToleranceMs: -1 }, TOLERANCE],
    [{ clockToleranceMs: Number.NaN }, TOLERANCE],
    [{ clockToleranceMs: '5' }, TOLERANCE],
    [{ validate: true }, '"validate" must be a function'],
  ])('refuses %j', (overrides, problem) => {
    expect(() => readOverrides(overrides)).toThrow(wrong(problem));
  });
});

describe('tighten', () => {
  it('leaves the rules as they are if nothing is demanded', () => {
    const rules = rulesOf({ validate: () => true, requiredClaims: ['sub'] });
    expect(tighten(rules, readOverrides({}))).toEqual(rules);
  });

  it('adds claims, scopes and checks, each once, and takes the smaller tolerance', () => {
    const [first, second] = [(): boolean => true, (): boolean => true];
    const rules = { ...rulesOf({ validate: first, requiredClaims: ['sub'] }), scopes: ['a'] };
    const tightened = tighten(
      rules,
      readOverrides({
        requiredClaims: ['sub', 'x'],
        scopes: ['b', 'a'],
        validate: second,
        clockToleranceMs: 1,
      }),
    );
    expect(tightened.tokenRules.requiredClaims).toEqual([...rules.tokenRules.requiredClaims, 'x']);
    expect(tightened.scopes).toEqual(['a', 'b']);
    expect(tightened.hooks).toEqual([...rules.hooks, second]);
    expect(tightened.tokenRules.clockToleranceMs).toBe(1);
  });

  it('takes the audience of the call if the configuration accepts any', () => {
    const rules = rulesOf();
    const any = { ...rules, tokenRules: { ...rules.tokenRules, audience: null } };
    expect(tighten(any, readOverrides({ audience: 'x' })).tokenRules.audience).toEqual(['x']);
    expect(tighten(any, readOverrides({})).tokenRules.audience).toBeNull();
  });
});

describe('assertSatisfiable', () => {
  const tightened = (overrides: object, options: object = {}): ValidationRules =>
    tighten(rulesOf(options), readOverrides(overrides));

  it('passes rules by which some token of one issuer is accepted', () => {
    const impossible = tightened({ audience: 'x' });
    expect(() => assertSatisfiable([impossible, tightened({})])).not.toThrow();
    const rules = rulesOf();
    const any = { ...rules, tokenRules: { ...rules.tokenRules, audience: null } };
    expect(() => assertSatisfiable([any])).not.toThrow();
  });

  it.each([
    [{ audience: 'x' }, 'audience'],
    [{ algorithms: ['ES256K'] }, 'algorithms'],
    [{ tokenTypes: ['x'] }, 'tokenTypes'],
  ])('refuses %j, which leaves nothing for any issuer', (overrides, name) => {
    const none = tightened(overrides, { algorithms: ['RS256'] });
    expect(() => assertSatisfiable([none, none])).toThrow(
      wrong(`"${name}" and the configured one have nothing in common`),
    );
  });

  it('refuses a call that names no configured issuer', () => {
    expect(() => assertSatisfiable([])).toThrow(wrong('none of the named issuers is configured'));
  });
});
