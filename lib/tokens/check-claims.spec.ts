import { describe, expect, it } from 'vitest';
import { codeOf } from '../../test/support/code-of.js';
import { checkClaims } from './check-claims.js';
import type { TokenRules } from './token-rules.js';

const NOW_SEC = 1_700_000_000;
const NOW_MS = NOW_SEC * 1000;
const TOLERANCE_SEC = 30;

const RULES: TokenRules = {
  issuer: 'https://id.example.com',
  audience: ['orders-api', 'orders'],
  audienceClaim: 'aud',
  algorithms: ['RS256'],
  profile: 'any',
  tokenTypes: ['at+jwt', 'jwt', null],
  acceptIdTokens: false,
  acceptEventsClaim: false,
  senderConstrained: 'reject',
  dpop: {},
  mtls: undefined,
  requiredClaims: ['exp'],
  clockToleranceMs: TOLERANCE_SEC * 1000,
};
const CLAIMS = { iss: RULES.issuer, aud: 'orders-api', exp: NOW_SEC + 300 };

/** Claims as they come: through JSON, where undefined is absent. */
function check(claims: object, rules: Partial<TokenRules> = {}): string | undefined {
  const parsed = JSON.parse(JSON.stringify({ ...CLAIMS, ...claims })) as Record<string, unknown>;
  return codeOf(() => checkClaims(parsed, { ...RULES, ...rules }, NOW_MS));
}

function checkText(text: string, rules: Partial<TokenRules> = {}): string | undefined {
  const parsed = JSON.parse(text) as Record<string, unknown>;
  return codeOf(() => checkClaims(parsed, { ...RULES, ...rules }, NOW_MS));
}

const WRONG_NUMBERS: [string, unknown][] = [
  ['a string', String(NOW_SEC)],
  ['an empty string', ''],
  ['NaN in words', 'NaN'],
  ['null', null],
  ['true', true],
  ['a list of a number', [NOW_SEC]],
  ['an object', {}],
];

describe('checkClaims', () => {
  it('takes what is in order', () => {
    expect(check({})).toBeUndefined();
    expect(check({ sub: 'user', iat: NOW_SEC - 1, nbf: NOW_SEC - 1, jti: 'j' })).toBeUndefined();
  });

  it.each([
    ['absent', undefined],
    ['of another issuer', 'https://evil.example.com'],
    ['with a trailing slash', `${RULES.issuer}/`],
    ['in capitals', RULES.issuer.toUpperCase()],
    ['in a list', [RULES.issuer]],
    ['null', null],
  ])('refuses an issuer that is %s', (_what, iss) => {
    expect(check({ iss })).toBe('issuer_unknown');
  });

  describe('exp', () => {
    it.each(WRONG_NUMBERS.filter(([, value]) => value !== null))('refuses %s', (_what, exp) => {
      expect(check({ exp })).toBe('claim_invalid');
    });

    it('refuses its absence and null, also where nothing is required by configuration', () => {
      expect(check({ exp: undefined })).toBe('claim_missing');
      expect(check({ exp: null })).toBe('claim_missing');
      expect(check({ exp: undefined }, { requiredClaims: [] })).toBe('claim_missing');
      expect(check({ exp: null }, { requiredClaims: [] })).toBe('claim_missing');
    });

    it.each(['1e999', '-1e999'])('refuses %s, which JSON.parse makes infinite', (exp) => {
      expect(checkText(`{"iss":"${RULES.issuer}","aud":"orders","exp":${exp}}`)).toBe('claim_invalid');
    });

    it.each([
      ['in the future', NOW_SEC + 1, undefined],
      ['now, within the tolerance', NOW_SEC, undefined],
      ['one second inside the tolerance', NOW_SEC - TOLERANCE_SEC + 1, undefined],
      ['a millisecond inside the tolerance', NOW_SEC - TOLERANCE_SEC + 0.001, undefined],
      ['at the edge of the tolerance', NOW_SEC - TOLERANCE_SEC, 'token_expired'],
      ['a second past the tolerance', NOW_SEC - TOLERANCE_SEC - 1, 'token_expired'],
      ['zero', 0, 'token_expired'],
      ['negative', -1, 'token_expired'],
      ['hugely negative', -1e308, 'token_expired'],
      ['in milliseconds', NOW_MS + 300_000, undefined],
    ])('judges one %s', (_what, exp, code) => {
      expect(check({ exp })).toBe(code);
    });

    it('counts as past at its very second, where no tolerance is given', () => {
      expect(check({ exp: NOW_SEC }, { clockToleranceMs: 0 })).toBe('token_expired');
      expect(check({ exp: NOW_SEC + 1 }, { clockToleranceMs: 0 })).toBeUndefined();
    });

    it('refuses where the tolerance or the time is not a number', () => {
      expect(check({}, { clockToleranceMs: Number.NaN })).toBe('token_expired');
      expect(codeOf(() => checkClaims(CLAIMS, RULES, Number.NaN))).toBe('token_expired');
    });
  });

  describe.each([
    ['nbf', 'token_not_yet_valid'],
    ['iat', 'issued_in_future'],
  ])('%s', (name, code) => {
    it.each(WRONG_NUMBERS.filter(([, value]) => value !== null))('refuses %s', (_what, value) => {
      expect(check({ [name]: value })).toBe('claim_invalid');
    });

    it('takes null for its absence, unless it is demanded', () => {
      expect(check({ [name]: null })).toBeUndefined();
      expect(check({ [name]: null }, { requiredClaims: ['exp', name] })).toBe('claim_missing');
    });

    it('refuses infinity', () => {
      const text = `{"iss":"${RULES.issuer}","aud":"orders","exp":${String(CLAIMS.exp)},"${name}":-1e999}`;
      expect(checkText(text)).toBe('claim_invalid');
    });

    it.each([
      ['in the past', NOW_SEC - 1, undefined],
      ['now', NOW_SEC, undefined],
      ['at the edge of the tolerance', NOW_SEC + TOLERANCE_SEC, undefined],
      ['a millisecond past it', NOW_SEC + TOLERANCE_SEC + 0.001, code],
      ['in the far future', 1e308, code],
      ['in milliseconds', NOW_MS, code],
    ])('judges one %s', (_what, value, expected) => {
      expect(check({ [name]: value })).toBe(expected);
    });
  });

  describe('aud', () => {
    it.each([
      ['an accepted one', 'orders-api', undefined],
      ['another accepted one', 'orders', undefined],
      ['one in a list', ['other', 'orders'], undefined],
      ['another', 'other-api', 'audience_mismatch'],
      ['a prefix', 'orders-ap', 'audience_mismatch'],
      ['one in capitals', 'ORDERS-API', 'audience_mismatch'],
      ['two in one string', 'orders-api orders', 'audience_mismatch'],
      ['an empty string', '', 'audience_mismatch'],
      ['an empty list', [], 'audience_mismatch'],
      ['a list of others', ['a', 'b'], 'audience_mismatch'],
      ['a list with a number', ['orders-api', 1], 'claim_invalid'],
      ['a list with null', ['orders-api', null], 'claim_invalid'],
      ['a list in a list', [['orders-api']], 'claim_invalid'],
      ['null', null, 'claim_missing'],
      ['a number', 1, 'claim_invalid'],
      ['true', true, 'claim_invalid'],
      ['an object', { 'orders-api': true }, 'claim_invalid'],
      ['a list-like object', { length: 1, 0: 'orders-api' }, 'claim_invalid'],
      ['nothing', undefined, 'claim_missing'],
    ])('judges %s', (_what, aud, code) => {
      expect(check({ aud })).toBe(code);
    });

    it.each([
      ['any string', 'other-api', undefined],
      ['any list of strings', ['a', 'b'], undefined],
      ['its absence', undefined, undefined],
      ['a number', 1, 'claim_invalid'],
      ['null', null, undefined],
      ['a list with a number', ['orders-api', 1], 'claim_invalid'],
    ])('with audience null, judges %s', (_what, aud, code) => {
      expect(check({ aud }, { audience: null })).toBe(code);
    });

    it('may be another claim, as with Amazon Cognito, and then only that one', () => {
      const rules = { audienceClaim: 'client_id' };
      expect(check({ aud: undefined, client_id: 'orders-api' }, rules)).toBeUndefined();
      expect(check({ client_id: 'other' }, rules)).toBe('audience_mismatch');
      expect(check({ aud: 'orders-api' }, rules)).toBe('claim_missing');
      expect(check({ client_id: 1 }, rules)).toBe('claim_invalid');
    });

    it('takes no inherited member for a claim', () => {
      expect(check({}, { audienceClaim: 'constructor' })).toBe('claim_missing');
      expect(check({}, { requiredClaims: ['toString'] })).toBe('claim_missing');
    });

    it('accepts nothing where no audience is accepted', () => {
      expect(check({}, { audience: [] })).toBe('audience_mismatch');
    });
  });

  it.each([
    ['', 'claim_invalid'],
    [1, 'claim_invalid'],
    [null, undefined],
    [['user'], 'claim_invalid'],
    [{}, 'claim_invalid'],
    [undefined, undefined],
    ['user', undefined],
  ])('judges the subject %j', (sub, code) => {
    expect(check({ sub })).toBe(code);
  });

  it.each([{ jkt: 'x' }, { 'x5t#S256': 'x' }, {}, [], null, false, '', 0, 'x'])(
    'refuses a token bound to a key, cnf %j',
    (cnf) => {
      expect(check({ cnf })).toBe('sender_constrained');
    },
  );

  it('demands the required claims, of any value but null', () => {
    const rules = { requiredClaims: ['exp', 'tenant'] };
    expect(check({ tenant: 'acme' }, rules)).toBeUndefined();
    expect(check({ tenant: false }, rules)).toBeUndefined();
    expect(check({ tenant: '' }, rules)).toBeUndefined();
    expect(check({ tenant: null }, rules)).toBe('claim_missing');
    expect(check({}, rules)).toBe('claim_missing');
  });

  describe('with the profile of RFC 9068', () => {
    const full = { sub: 'user', client_id: 'cli', iat: NOW_SEC, jti: 'j' };
    const rules = { profile: 'rfc9068' } as const;

    it('takes a token with all its claims', () => {
      expect(check(full, rules)).toBeUndefined();
    });

    it.each(['sub', 'client_id', 'iat', 'jti', 'aud', 'exp'])('demands %s', (name) => {
      expect(check({ ...full, [name]: undefined }, rules)).toBe('claim_missing');
      expect(check({ ...full, [name]: null }, rules)).toBe('claim_missing');
      expect(check({ ...full, [name]: {} }, rules)).toBe('claim_invalid');
    });

    it('demands an audience also where any is accepted', () => {
      expect(check({ ...full, aud: undefined }, { ...rules, audience: null })).toBe('claim_missing');
    });
  });

  const SECRET = 'secret';
  it.each<[message: string, claims: object, rules?: Partial<TokenRules>]>([
    ['The claim "sub" has the wrong type or form: it must be a non-empty string.', { sub: [SECRET] }],
    [
      'The claim "exp" has the wrong type or form: it must be a number of seconds since 1970.',
      { exp: SECRET },
    ],
    [
      'The claim "nbf" has the wrong type or form: it must be a number of seconds since 1970.',
      { nbf: SECRET },
    ],
    [
      'The claim "aud" has the wrong type or form: it must be a string or a list of strings.',
      { aud: { SECRET } },
    ],
    ['The claim "tenant" is missing: "requiredClaims" requires it.', {}, { requiredClaims: ['tenant'] }],
    ['The claim "sub" is missing: the option "profile" (rfc9068) requires it.', {}, { profile: 'rfc9068' }],
    [
      'The claim "exp" is missing: a token without an end is not accepted.',
      { exp: undefined },
      { requiredClaims: [] },
    ],
    [
      'The claim "aud" is missing: the option "audience" expects "orders-api", "orders" in it.',
      { aud: undefined },
    ],
    ['The claim "aud" has none of the option "audience": "orders-api", "orders".', { aud: SECRET }],
    [
      'The claim "azp" has none of the option "audience": "a", "b", "c", "d", "e", 2 more.',
      { azp: SECRET },
      { audienceClaim: 'azp', audience: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] },
    ],
    ['"exp" is in the past by more than clockToleranceMs (30000).', { exp: 1 }],
    ['"nbf" is in the future by more than clockToleranceMs (30000).', { nbf: 1e11 }],
    ['"iat" is in the future by more than clockToleranceMs (30000).', { iat: 1e11 }],
  ])('says %s', (message, claims, rules) => {
    const parsed = JSON.parse(JSON.stringify({ ...CLAIMS, ...claims })) as Record<string, unknown>;
    expect(() => checkClaims(parsed, { ...RULES, ...rules }, NOW_MS)).toThrow(
      expect.objectContaining({ message }),
    );
  });
});
