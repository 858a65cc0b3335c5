import { describe, expect, it } from 'vitest';
import { codeOf } from '../../test/support/code-of.js';
import { normalizeTokenType } from '../model/token-type.js';
import { checkTokenType } from './check-token-type.js';
import type { TokenRules } from './token-rules.js';

const RULES: TokenRules = {
  issuer: 'https://id.example.com',
  audience: ['orders-api'],
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
  clockToleranceMs: 30_000,
};

function check(
  typ: string | undefined,
  claims: object = {},
  rules: Partial<TokenRules> = {},
): string | undefined {
  const type = typ === undefined ? null : normalizeTokenType(typ);
  return codeOf(() => checkTokenType(type, claims as Record<string, unknown>, { ...RULES, ...rules }));
}

describe('checkTokenType', () => {
  it.each([
    'at+jwt',
    'AT+JWT',
    'application/at+jwt',
    'Application/AT+JWT',
    'JWT',
    'jwt',
    'application/jwt',
    undefined,
  ])('takes the type %s', (typ) => {
    expect(check(typ)).toBeUndefined();
  });

  it.each([
    'dpop+jwt',
    'logout+jwt',
    'secevent+jwt',
    'token-introspection+jwt',
    'application/logout+jwt',
    'refresh+jwt',
    'id+jwt',
    'JOSE',
    '',
    ' at+jwt',
    'at+jwt ',
    'at+jwt;v=1',
    'application/',
    'application/application/at+jwt',
    'text/at+jwt',
    'null',
  ])('refuses the type %j', (typ) => {
    expect(check(typ)).toBe('token_type_not_accepted');
  });

  it('takes an absent type only where null is on the list', () => {
    expect(check(undefined, {}, { tokenTypes: ['at+jwt'] })).toBe('token_type_not_accepted');
    expect(check('jwt', {}, { tokenTypes: [null] })).toBe('token_type_not_accepted');
  });

  const ID_MARKS: object[] = [
    { typ: 'ID' },
    { typ: 'id' },
    { token_use: 'id' },
    { at_hash: 'x' },
    { at_hash: null },
    { c_hash: 'x' },
    { s_hash: 'x' },
  ];
  const OTHER_MARKS: object[] = [
    { typ: 'Refresh' },
    { typ: 'REFRESH' },
    { typ: 'Offline' },
    { typ: 'Logout' },
    { token_use: 'refresh' },
    { token_use: 'Access' },
    { token_use: '' },
    { token_use: null },
    { token_use: ['access'] },
    { events: {} },
    { events: null },
    { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } },
    { htm: 'GET', htu: 'https://api.example.com/' },
    { htm: null, htu: null },
  ];

  it.each(ID_MARKS)('refuses an ID token, %j, unless they are accepted', (claims) => {
    expect(check('JWT', claims)).toBe('not_an_access_token');
    expect(check('JWT', claims, { acceptIdTokens: true })).toBeUndefined();
  });

  it.each(OTHER_MARKS)('refuses %j, also where ID tokens are accepted', (claims) => {
    expect(check('JWT', claims)).toBe('not_an_access_token');
    expect(check('JWT', claims, { acceptIdTokens: true })).toBe('not_an_access_token');
    expect(check('JWT', { ...claims, at_hash: 'x' }, { acceptIdTokens: true })).toBe('not_an_access_token');
  });

  it('takes a claim "events" of the application where it says so, and a logout token never', () => {
    const rules = { acceptEventsClaim: true };
    for (const events of [['created'], 'created', {}, { created: 1 }, null]) {
      expect(check('JWT', { events })).toBe('not_an_access_token');
      expect(check('JWT', { events }, rules)).toBeUndefined();
      expect(check('JWT', { events, htm: 'GET', htu: 'x' }, rules)).toBe('not_an_access_token');
    }
    const logout = { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } };
    expect(check('JWT', logout, rules)).toBe('not_an_access_token');
  });

  it.each<[message: string, type: string | null, claims: object, rules?: Partial<TokenRules>]>([
    ['The header "typ" is not one of the option "tokenTypes": "at+jwt", "jwt", none.', 'secret', {}],
    [
      'The header has no "typ"; expected is one of the option "tokenTypes": "at+jwt".',
      null,
      {},
      { tokenTypes: ['at+jwt'] },
    ],
    [
      'The claim "at_hash" marks an ID token. Send the access token; the option "acceptIdTokens" accepts both.',
      null,
      { at_hash: 'secret' },
    ],
    ['The header "typ" is not one of the option "tokenTypes": none.', 'secret', {}, { tokenTypes: [null] }],
    [
      'The header "typ" is not one of the option "tokenTypes": "at+jwt", "jwt", none.',
      'secret',
      {},
      { tokenTypes: ['at+jwt', 'jwt', null] },
    ],
    ['The header "typ" is not one of the option "tokenTypes": "jwt".', 'secret', {}, { tokenTypes: ['jwt'] }],
    ...(
      [
        ['typ', { typ: 'ID' }],
        ['token_use', { token_use: 'id' }],
        ['c_hash', { c_hash: 'secret' }],
        ['s_hash', { s_hash: 'secret' }],
      ] as const
    ).map(([name, claims]): [string, null, object] => [
      `The claim "${name}" marks an ID token. Send the access token; the option "acceptIdTokens" accepts both.`,
      null,
      claims,
    ]),
    ['The claim "token_use" is not "access".', null, { token_use: 'secret' }],
    ['The claim "typ" marks a refresh or logout token.', null, { typ: 'Refresh' }],
    ['The claims "htm" and "htu" mark a DPoP proof.', null, { htm: 'secret', htu: 'secret' }],
    [
      'The claim "events" marks a logout token or a security event; the option "acceptEventsClaim" is for your own claim.',
      null,
      { events: 'secret' },
    ],
  ])('says %s', (message, type, claims, rules) => {
    expect(() => checkTokenType(type, claims as Record<string, unknown>, { ...RULES, ...rules })).toThrow(
      expect.objectContaining({ message }),
    );
  });

  it.each([
    { nonce: 'x' },
    { typ: 'Bearer' },
    { typ: 1 },
    { token_use: 'access' },
    { htm: 'GET' },
    { htu: 'https://api.example.com/' },
    { azp: 'cli', sid: 's', auth_time: 1 },
  ])('takes %j, which is no mark', (claims) => {
    expect(check('JWT', claims)).toBeUndefined();
  });
});
