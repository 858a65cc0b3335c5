import { describe, expect, it } from 'vitest';
import type { IdentityError } from '../errors/identity-error.js';
import { ERROR_CODES } from '../errors/error-codes.js';
import type { JsonObject } from '../model/json.js';
import { checkClaims, checkCommonClaims } from './check-claims.js';
import { CLAIM_CHECKS, type ClaimCheck } from './claim-table.js';
import type { TokenRules } from './token-rules.js';

const NOW_SEC = 1_700_000_000;
const RULES: TokenRules = {
  issuer: 'https://id.example.com',
  audience: ['orders-api', 'orders'],
  audienceClaim: 'aud',
  algorithms: ['RS256'],
  profile: 'any',
  tokenTypes: ['at+jwt'],
  acceptIdTokens: false,
  acceptEventsClaim: false,
  senderConstrained: 'reject',
  dpop: {},
  mtls: undefined,
  requiredClaims: ['tenant'],
  clockToleranceMs: 5_000,
};
const CLAIMS = { iss: RULES.issuer, aud: 'orders', exp: NOW_SEC + 300, tenant: 'x' };
const FULL = { ...CLAIMS, sub: 's', client_id: 'c', iat: NOW_SEC, jti: 'j' };

function errorOf(run: () => void): IdentityError | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return error as IdentityError;
  }
}
const check = (claims: JsonObject, rules: Partial<TokenRules> = {}): IdentityError | undefined =>
  errorOf(() => checkClaims(claims, { ...RULES, ...rules }, NOW_SEC * 1000));

const TIME = 'a number of seconds since 1970';
const form = (claim: string, expected: string): string =>
  `The claim "${claim}" has the wrong type or form: it must be ${expected}.`;
const RFC9068 = { profile: 'rfc9068' } as const;
const PROFILE = 'the option "profile" (rfc9068) requires it';

describe('what a token with wrong claims is told', () => {
  it.each<
    [
      code: string,
      message: string,
      claim: string | undefined,
      claims: JsonObject,
      rules?: Partial<TokenRules>,
    ]
  >([
    ['issuer_unknown', ERROR_CODES.issuer_unknown.meaning, undefined, { ...CLAIMS, iss: 'x' }],
    [
      'claim_missing',
      'The claim "tenant" is missing: "requiredClaims" requires it.',
      'tenant',
      { ...CLAIMS, tenant: null },
    ],
    [
      'claim_missing',
      'The claim "exp" is missing: a token without an end is not accepted.',
      'exp',
      { ...CLAIMS, exp: null },
    ],
    ['claim_invalid', form('exp', TIME), 'exp', { ...CLAIMS, exp: '1' }],
    [
      'token_expired',
      '"exp" is in the past by more than clockToleranceMs (5000).',
      undefined,
      { ...CLAIMS, exp: NOW_SEC - 5 },
    ],
    ['claim_invalid', form('nbf', TIME), 'nbf', { ...CLAIMS, nbf: '1' }],
    [
      'token_not_yet_valid',
      '"nbf" is in the future by more than clockToleranceMs (5000).',
      undefined,
      { ...CLAIMS, nbf: NOW_SEC + 6 },
    ],
    ['claim_invalid', form('iat', TIME), 'iat', { ...CLAIMS, iat: '1' }],
    [
      'issued_in_future',
      '"iat" is in the future by more than clockToleranceMs (5000).',
      undefined,
      { ...CLAIMS, iat: NOW_SEC + 6 },
    ],
    [
      'claim_missing',
      'The claim "aud" is missing: the option "audience" expects "orders-api", "orders" in it.',
      'aud',
      { ...CLAIMS, aud: null },
    ],
    ['claim_invalid', form('aud', 'a string or a list of strings'), 'aud', { ...CLAIMS, aud: ['orders', 1] }],
    [
      'audience_mismatch',
      'The claim "aud" has none of the option "audience": "orders-api", "orders".',
      undefined,
      { ...CLAIMS, aud: ['x'] },
    ],
    ['claim_invalid', form('sub', 'a non-empty string'), 'sub', { ...CLAIMS, sub: '' }],
    ['claim_invalid', form('sub', 'a non-empty string'), 'sub', { ...CLAIMS, sub: 1 }],
    ['sender_constrained', ERROR_CODES.sender_constrained.meaning, undefined, { ...CLAIMS, cnf: null }],
    ['claim_missing', `The claim "sub" is missing: ${PROFILE}.`, 'sub', { ...FULL, sub: undefined }, RFC9068],
    [
      'claim_missing',
      `The claim "client_id" is missing: ${PROFILE}.`,
      'client_id',
      without('client_id'),
      RFC9068,
    ],
    ['claim_missing', `The claim "iat" is missing: ${PROFILE}.`, 'iat', without('iat'), RFC9068],
    ['claim_missing', `The claim "jti" is missing: ${PROFILE}.`, 'jti', without('jti'), RFC9068],
    ['claim_missing', `The claim "aud" is missing: ${PROFILE}.`, 'aud', without('aud'), RFC9068],
    ['claim_invalid', form('client_id', 'a string'), 'client_id', { ...FULL, client_id: 1 }, RFC9068],
    ['claim_invalid', form('jti', 'a string'), 'jti', { ...FULL, jti: 1 }, RFC9068],
  ])('%s: %s', (code, message, claim, claims, rules) => {
    const said = check(JSON.parse(JSON.stringify(claims)) as JsonObject, rules);
    expect([said?.code, said?.message, said?.claim]).toEqual([code, message, claim]);
  });

  it('is nothing if all is right, or the option asks for nothing', () => {
    expect(check(CLAIMS)).toBeUndefined();
    expect(check(FULL, RFC9068)).toBeUndefined();
    expect(check({ ...CLAIMS, client_id: 1, jti: 1 })).toBeUndefined();
    expect(check({ ...CLAIMS, aud: undefined }, { audience: null })).toBeUndefined();
    expect(check({ ...CLAIMS, aud: ['x', 'y'] }, { audience: null })).toBeUndefined();
    expect(check({ ...CLAIMS, client: 'orders' }, { audienceClaim: 'client' })).toBeUndefined();
    for (const name of ['nbf', 'iat', 'sub', 'cnf'])
      expect(check({ ...CLAIMS, [name]: undefined })).toBeUndefined();
  });

  it('is decided to the millisecond of the tolerance', () => {
    const at = (claims: JsonObject): string | undefined => check({ ...CLAIMS, ...claims })?.code;
    expect(at({ exp: NOW_SEC - 4.999 })).toBeUndefined();
    expect(at({ exp: NOW_SEC - 5 })).toBe('token_expired');
    expect(at({ nbf: NOW_SEC + 5 })).toBeUndefined();
    expect(at({ nbf: NOW_SEC + 5.001 })).toBe('token_not_yet_valid');
    expect(at({ iat: NOW_SEC + 5 })).toBeUndefined();
    expect(at({ iat: NOW_SEC + 5.001 })).toBe('issued_in_future');
  });
});

describe('a token that is bound to a key', () => {
  const JKT = 'A'.repeat(43);
  const codeOf = (senderConstrained: 'reject' | 'accept' | 'require', cnf: unknown): string | undefined =>
    errorOf(() => checkClaims({ ...CLAIMS, cnf }, { ...RULES, senderConstrained }, NOW_SEC * 1000))?.code;

  it('passes if the option accepts it and the binding can be checked', () => {
    for (const cnf of [{ jkt: JKT }, { jkt: JKT, 'kc-jkt-type': 'DPoP' }]) {
      expect(codeOf('reject', cnf)).toBe('sender_constrained');
      expect(codeOf('accept', cnf)).toBeUndefined();
      expect(codeOf('require', cnf)).toBeUndefined();
    }
  });

  it('passes if the options name the way to prove it: a key, a certificate, or both', () => {
    const x5t = { 'x5t#S256': JKT };
    const ways = { neither: {}, dpop: { dpop: {} }, mtls: { mtls: {} }, both: { dpop: {}, mtls: {} } };
    const passing = (cnf: object): string[] =>
      Object.entries(ways).flatMap(([name, given]) => {
        const rules = { ...RULES, dpop: undefined, ...given, senderConstrained: 'accept' as const };
        return errorOf(() => checkClaims({ ...CLAIMS, cnf }, rules, NOW_SEC * 1000))?.code ===
          'sender_constrained'
          ? []
          : [name];
      });
    expect(passing({ jkt: JKT })).toEqual(['dpop', 'both']);
    expect(passing(x5t)).toEqual(['mtls', 'both']);
    expect(passing({ ...x5t, jkt: JKT })).toEqual(['both']);
    for (const wrong of ['x', null, '', [JKT], `${JKT}=`]) {
      expect(passing({ 'x5t#S256': wrong })).toEqual([]);
      expect(passing({ jkt: JKT, 'x5t#S256': wrong })).toEqual([]);
      expect(passing({ ...x5t, jkt: wrong })).toEqual([]);
    }
    expect(passing({ ...x5t, kid: 'x' })).toEqual([]);
  });

  it.each(['accept', 'require'] as const)(
    'does not pass with %s if the binding cannot be checked',
    (option) => {
      const other = ['jwk', 'jwe', 'kid', 'jku', 'x5t#S256', 'osc'].map((name) => ({
        jkt: JKT,
        [name]: 'x',
      }));
      const wrong = [
        null,
        'x',
        7,
        [],
        [JKT],
        {},
        { jkt: null },
        { jkt: '' },
        { jkt: 'x' },
        { jkt: [JKT] },
        { JKT },
      ];
      const values = [
        ...other,
        ...wrong,
        { jkt: `${JKT}=` },
        { jkt: ` ${JKT}` },
        { 'x5t#S256': JKT },
        { jkt: JKT, jwk: null },
      ];
      for (const cnf of values) expect(codeOf(option, cnf)).toBe('sender_constrained');
    },
  );

  it('is demanded with "require"', () => {
    expect(codeOf('accept', undefined)).toBeUndefined();
    expect(codeOf('require', undefined)).toBe('sender_unconstrained');
  });

  it('does not pass where nobody says what to do with it', () => {
    expect(codeOf(undefined as unknown as 'accept', { jkt: JKT })).toBe('sender_constrained');
  });
});

it('leaves what depends on the issuer to the check of all claims', () => {
  const common = (claims: object): string | undefined =>
    errorOf(() => checkCommonClaims({ ...CLAIMS, ...claims }, RULES, NOW_SEC * 1000))?.code;
  for (const claims of [{ iss: 'x' }, { aud: 'x' }, {}]) expect(common(claims)).toBeUndefined();
  const ofProfile = { ...RULES, ...RFC9068 };
  expect(errorOf(() => checkCommonClaims(CLAIMS, ofProfile, NOW_SEC * 1000))).toBeUndefined();
  expect(common({ tenant: null })).toBe('claim_missing');
  expect(common({ exp: 1 })).toBe('token_expired');
  expect(common({ nbf: NOW_SEC + 60 })).toBe('token_not_yet_valid');
  expect(common({ iat: NOW_SEC + 60 })).toBe('issued_in_future');
  expect(common({ sub: '' })).toBe('claim_invalid');
  expect(common({ cnf: {} })).toBe('sender_constrained');
});

describe('what the doctor says', () => {
  const SHOWN = { value: 'VALUE', time: 'TIME', accepted: 'ACCEPTED' };
  const SUPPLY = 'let the provider put it into the access tokens of this API';
  const CLOCKS = 'is the clock of this machine, or of the provider, right?';
  const rowsOf = (claim: string): readonly ClaimCheck[] => CLAIM_CHECKS.filter((row) => row.claim === claim);

  it.each<[claim: string, options: string[], advice: string, codes: string[]]>([
    [
      'iss',
      ['issuer'],
      'its "iss" is VALUE, but ACCEPTED was expected: the option must be exactly that text',
      ['issuer_unknown'],
    ],
    ['*', ['requiredClaims', 'profile'], SUPPLY, ['claim_missing', 'claim_missing']],
    ['exp', ['clockToleranceMs'], 'it expired at TIME: ask the provider for a new one', ['token_expired']],
    ['nbf', ['clockToleranceMs'], `it holds from TIME: ${CLOCKS}`, ['token_not_yet_valid']],
    ['iat', ['clockToleranceMs'], `it says it was issued at TIME: ${CLOCKS}`, ['issued_in_future']],
    [
      'aud',
      ['audience'],
      'it is for VALUE, but ACCEPTED was expected: request a token for this API, or name its audience',
      ['audience_mismatch'],
    ],
    ['sub', ['requiredClaims'], SUPPLY, ['claim_invalid']],
    [
      'cnf',
      ['senderConstrained'],
      'it is bound to a key (DPoP, mTLS): ask for a plain Bearer token, or set senderConstrained: "accept", for mTLS with "mtls"',
      ['sender_constrained'],
    ],
  ])('of "%s"', (claim, options, advice, codes) => {
    expect(rowsOf(claim).map((row) => row.option)).toEqual(options);
    expect(rowsOf(claim).map((row) => row.code)).toEqual(codes);
    for (const row of rowsOf(claim)) expect(row.advice(SHOWN)).toBe(advice);
  });

  it('of a claim that is missing', () => {
    const ifMissing = (claim: string): string | undefined => rowsOf(claim)[0]?.ifMissing?.(SHOWN);
    expect(ifMissing('exp')).toBe(
      'let the provider give its access tokens an end; no option accepts tokens without one',
    );
    expect(ifMissing('aud')).toBe(
      'let the provider put this API (ACCEPTED) into "aud"; many ask for it by "audience" or "resource" in the token request',
    );
    expect(ifMissing('sub')).toBeUndefined();
  });

  it('of what would have been accepted', () => {
    const accepted = (claim: string): unknown => rowsOf(claim)[0]?.accepted?.(RULES);
    expect(accepted('iss')).toEqual([RULES.issuer]);
    expect(accepted('aud')).toEqual(RULES.audience);
    expect(accepted('exp')).toBeUndefined();
  });
});

/** The claims of RFC 9068 but one. */
function without(name: string): JsonObject {
  return { ...FULL, [name]: undefined };
}
