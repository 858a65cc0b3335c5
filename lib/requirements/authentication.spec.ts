import { describe, expect, it } from 'vitest';
import { ScopeHierarchy } from '../model/scope-hierarchy.js';
import type { ValidatedToken } from '../model/token.js';
import { RequireAuthentication, AuthenticationRequirement } from './authentication.js';
import { findUnmetRequirement } from './find-unmet-requirement.js';
import type { AuthenticationRules, AuthorizedCall, Requirement } from './requirement.js';

/** No requirement here looks at the call. */
const CALL = {} as AuthorizedCall;
const NOW_MS = 1_700_000_000_000;
const NOW_SEC = NOW_MS / 1000;
const RULES: AuthenticationRules = { acrOrder: [], stepUp: 'rfc9470' };

/** What is answered for claims: the code and the parameters of the challenge; undefined if all is met. */
function judge(
  claims: object,
  demanded: AuthenticationRequirement | readonly Requirement[],
  rules: Partial<AuthenticationRules> = {},
  clockToleranceMs = 0,
): unknown {
  const token: ValidatedToken = {
    claims: { iss: 'https://id.example.com', exp: 1, ...claims },
    header: { alg: 'RS256' },
    issuer: 'https://id.example.com',
    token: 'a.b.c',
  };
  const found = findUnmetRequirement(
    token,
    Array.isArray(demanded) ? demanded : [demanded],
    {
      scopeClaim: ['scope'],
      scopeImplies: ScopeHierarchy.NONE,
      audienceClaimOf: () => 'aud',
      rolesClaimOf: () => undefined,
      authenticationOf: (issuer) => (issuer === token.issuer ? { ...RULES, ...rules } : RULES),
      nowMs: () => NOW_MS,
      clockToleranceMs,
    },
    CALL,
  );
  return found === undefined ? undefined : [found.error.code, found.challenge];
}

const acr = (...values: string[]): AuthenticationRequirement =>
  new AuthenticationRequirement(values, undefined);
const maxAge = (ms: number): AuthenticationRequirement => new AuthenticationRequirement([], ms);
const insufficient = (challenge: object): unknown => ['authentication_insufficient', challenge];

describe('the authentication context', () => {
  it('is one of those that are demanded, compared exactly', () => {
    for (const held of ['phr', 'phrh']) expect(judge({ acr: held }, acr('phrh', 'phr'))).toBeUndefined();
    for (const held of ['PHR', 'phr phrh', 'ph', 'phrhh']) {
      expect(judge({ acr: held }, acr('phrh', 'phr'))).toEqual(insufficient({ acr_values: 'phrh phr' }));
    }
  });

  it.each([undefined, null, '', []])('that is not said (%j) does not meet it', (held) => {
    expect(judge({ acr: held }, acr('phr'))).toEqual(insufficient({ acr_values: 'phr' }));
  });

  it.each([1, 0, true, false, ['phr'], { phr: true }])(
    'of another type (%j) is a malformed claim',
    (held) => {
      expect(judge({ acr: held }, acr('phr'))).toEqual(['claim_invalid', undefined]);
      // Nobody reads it if only the age counts.
      expect(judge({ acr: held, auth_time: NOW_SEC }, maxAge(0))).toBeUndefined();
    },
  );

  it('that comes later in acrOrder stands for all before it', () => {
    const acrOrder = ['bronze', 'silver', 'gold'];
    const ask = (held: string, demanded: string): unknown =>
      judge({ acr: held }, acr(demanded), { acrOrder });
    expect(ask('gold', 'silver')).toBeUndefined();
    expect(ask('silver', 'silver')).toBeUndefined();
    expect(ask('gold', 'bronze')).toBeUndefined();
    expect(ask('bronze', 'silver')).toEqual(insufficient({ acr_values: 'silver' }));
    expect(ask('unknown', 'bronze')).toEqual(insufficient({ acr_values: 'bronze' }));
    // A demand that is not in the order has nothing above it.
    expect(ask('gold', 'platinum')).toEqual(insufficient({ acr_values: 'platinum' }));
    expect(ask('platinum', 'platinum')).toBeUndefined();
  });
});

describe('the age of the login', () => {
  it('is at most the demanded one, to the millisecond', () => {
    expect(judge({ auth_time: NOW_SEC - 60 }, maxAge(60_000))).toBeUndefined();
    expect(judge({ auth_time: NOW_SEC - 60.001 }, maxAge(60_000))).toEqual(insufficient({ max_age: '60' }));
  });

  it('has the leeway of the clocks on both sides', () => {
    expect(judge({ auth_time: NOW_SEC - 90 }, maxAge(60_000), {}, 30_000)).toBeUndefined();
    expect(judge({ auth_time: NOW_SEC - 90.001 }, maxAge(60_000), {}, 30_000)).toBeDefined();
    expect(judge({ auth_time: NOW_SEC + 30 }, maxAge(60_000), {}, 30_000)).toBeUndefined();
    expect(judge({ auth_time: NOW_SEC + 30.001 }, maxAge(60_000), {}, 30_000)).toEqual(
      insufficient({ max_age: '60' }),
    );
  });

  it('may be demanded to be 0 (RFC 9470 section 5)', () => {
    expect(judge({ auth_time: NOW_SEC }, maxAge(0))).toBeUndefined();
    expect(judge({ auth_time: NOW_SEC - 1 }, maxAge(0))).toEqual(insufficient({ max_age: '0' }));
  });

  it.each([undefined, null, '', []])('that is not said (%j) does not meet it', (time) => {
    expect(judge({ auth_time: time }, maxAge(1000))).toEqual(insufficient({ max_age: '1' }));
  });

  it.each([String(NOW_SEC), -1, true, [NOW_SEC], { at: NOW_SEC }, Infinity, NaN])(
    'of another type (%j) is a malformed claim',
    (time) => {
      expect(judge({ auth_time: time }, maxAge(1000))).toEqual(['claim_invalid', undefined]);
      expect(judge({ auth_time: time, acr: 'phr' }, acr('phr'))).toBeUndefined();
    },
  );
});

it('both may be demanded, and the challenge names what is missing only', () => {
  const both = new AuthenticationRequirement(['phr'], 60_000);
  const now = { auth_time: NOW_SEC };
  const old = { auth_time: NOW_SEC - 61 };
  expect(judge({ acr: 'phr', ...now }, both)).toBeUndefined();
  expect(judge({ acr: 'x', ...now }, both)).toEqual(insufficient({ acr_values: 'phr' }));
  expect(judge({ acr: 'phr', ...old }, both)).toEqual(insufficient({ max_age: '60' }));
  expect(judge({ acr: 'x', ...old }, both)).toEqual(insufficient({ acr_values: 'phr', max_age: '60' }));
  expect(judge({}, both)).toEqual(insufficient({ acr_values: 'phr', max_age: '60' }));
});

it('of several decorators, one challenge names all that is missing', () => {
  const several = [acr('phr'), maxAge(60_000), maxAge(600_000)];
  expect(judge({}, several)).toEqual(insufficient({ acr_values: 'phr', max_age: '60' }));
  expect(judge({ acr: 'phr', auth_time: NOW_SEC - 100 }, several)).toEqual(insufficient({ max_age: '60' }));
  expect(judge({ acr: 'phr', auth_time: NOW_SEC - 1 }, several)).toBeUndefined();
});

describe("with stepUp: 'entra'", () => {
  const entra = (claims: object, demanded: AuthenticationRequirement): unknown =>
    judge(claims, demanded, { stepUp: 'entra' });
  const claimsOf = (answer: unknown): unknown => {
    const [code, { error, cc_type, claims }] = answer as [string, Record<string, string>];
    return [code, error, cc_type, JSON.parse(Buffer.from(claims ?? '', 'base64').toString()) as unknown];
  };

  it('contexts are in "acrs", and "acr" counts for nothing', () => {
    expect(entra({ acrs: ['c1', 'c2'] }, acr('c2'))).toBeUndefined();
    expect(entra({ acrs: 'c2' }, acr('c2'))).toBeUndefined();
    expect(claimsOf(entra({ acr: 'c2' }, acr('c2')))).toEqual([
      'authentication_insufficient',
      'insufficient_claims',
      'authcontext',
      { access_token: { acrs: { essential: true, value: 'c2' } } },
    ]);
    expect(claimsOf(entra({ acrs: ['c1'] }, acr('c2', 'c3')))).toEqual([
      'authentication_insufficient',
      'insufficient_claims',
      'authcontext',
      { access_token: { acrs: { essential: true, values: ['c2', 'c3'] } } },
    ]);
  });

  it.each([1, true, [1], ['c1', 2], { c1: true }])('what is no list of strings (%j) is malformed', (acrs) => {
    expect(entra({ acrs }, acr('c1'))).toEqual(['claim_invalid', undefined]);
  });

  it('the age is demanded as RFC 9470 says', () => {
    expect(entra({}, maxAge(60_000))).toEqual(insufficient({ max_age: '60' }));
  });
});

describe('@RequireAuthentication', () => {
  it.each<[string, unknown, string]>([
    ['nothing', {}, 'expects "acr" or "maxAgeMs"'],
    ['an empty list', { acr: [] }, 'an empty list as "acr"'],
    ['an empty list beside an age', { acr: [], maxAgeMs: 0 }, 'an empty list as "acr"'],
    ['an empty string', { acr: '' }, 'printable ASCII'],
    ['a space', { acr: 'a b' }, 'printable ASCII'],
    ['a quote', { acr: ['a', 'b"'] }, 'printable ASCII'],
    ['a backslash', { acr: String.raw`a\b` }, 'printable ASCII'],
    ['a line break', { acr: 'a\r\nX: y' }, 'printable ASCII'],
    ['a number', { acr: 1 }, 'printable ASCII'],
    ['seconds', { maxAgeMs: 300 }, 'whole seconds'],
    ['a negative age', { maxAgeMs: -1000 }, 'whole seconds'],
    ['no number', { maxAgeMs: '1000' }, 'whole seconds'],
    ['NaN', { maxAgeMs: NaN }, 'whole seconds'],
    ['Infinity', { maxAgeMs: Infinity }, 'whole seconds'],
  ])('refuses %s', (_what, demand, message) => {
    expect(() => RequireAuthentication(demand as object)).toThrow(message);
  });

  it('takes one value, several, and an age', () => {
    for (const demand of [{ acr: 'urn:mace:incommon:iap:silver' }, { acr: ['a', 'b'] }, { maxAgeMs: 0 }]) {
      expect(() => RequireAuthentication(demand)).not.toThrow();
    }
  });
});
