import { describe, expect, it } from 'vitest';
import { callOf, NO_RIGHTS } from '../../test/support/rights.js';
import { tokenWith } from '../../test/support/token-with.js';
import type { ValidatedToken } from '../model/token.js';
import { RequireAuthentication, AuthenticationRequirement } from './authentication.js';
import { findUnmetRequirement } from './find-unmet-requirement.js';
import type { AuthenticationRules, Requirement, RightsSources } from './requirement.js';
import { ScopesRequirement } from './scopes.js';
import { readAuthentication } from './read-authentication.js';

const FIELD: PropertyDescriptor = { value: 1 };

const NOW_MS = 1_700_000_000_000;
const NOW_SEC = NOW_MS / 1000;
const RULES: AuthenticationRules = { acrOrder: [], stepUp: 'rfc9470' };
const RIGHTS: RightsSources = { ...NO_RIGHTS, scopeClaim: ['scope'], nowMs: () => NOW_MS };

/** What is answered for claims: the code and the parameters of the challenge; undefined if all is met. */
function judge(
  claims: object,
  demanded: AuthenticationRequirement | readonly Requirement[],
  rules: Partial<AuthenticationRules> = {},
  clockToleranceMs = 0,
): unknown {
  const token = tokenWith(claims);
  const requirements = Array.isArray(demanded) ? (demanded as Requirement[]) : [demanded as Requirement];
  const found = findUnmetRequirement(
    token,
    requirements,
    {
      ...RIGHTS,
      authenticationOf: (issuer) => (issuer === token.issuer ? { ...RULES, ...rules } : RULES),
      clockToleranceMs,
    },
    callOf(),
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
  // Requirements of other kinds have no part in it, and the order of the decorators neither.
  const mixed = [maxAge(60_000), new ScopesRequirement(['a']), acr('phr')];
  expect(judge({ scope: 'a' }, mixed)).toEqual(insufficient({ acr_values: 'phr', max_age: '60' }));
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

it('a malformed claim is one that is demanded', () => {
  const token = (claims: object): ValidatedToken => tokenWith({ acr: 1, auth_time: 'x', ...claims });
  expect(acr('a').malformedClaim(token({}), RIGHTS)).toBe('acr');
  expect(acr('a').malformedClaim(token({ acr: 'a' }), RIGHTS)).toBeUndefined();
  expect(maxAge(0).malformedClaim(token({}), RIGHTS)).toBe('auth_time');
  expect(maxAge(0).malformedClaim(token({ auth_time: 0 }), RIGHTS)).toBeUndefined();
  const both = new AuthenticationRequirement(['a'], 0);
  expect(both.malformedClaim(token({}), RIGHTS)).toBe('acr');
  expect(both.malformedClaim(token({ acr: 'a' }), RIGHTS)).toBe('auth_time');
});

it('what a token says is read as it stands', () => {
  expect(readAuthentication(tokenWith({}).claims, 'rfc9470')).toEqual({
    contexts: [],
    timeMs: undefined,
    malformed: {},
  });
  expect(readAuthentication(tokenWith({ acr: 'a', auth_time: 0 }).claims, 'rfc9470')).toEqual({
    contexts: ['a'],
    timeMs: 0,
    malformed: {},
  });
  expect(readAuthentication(tokenWith({ acrs: [1], auth_time: -1 }).claims, 'entra')).toEqual({
    contexts: [],
    timeMs: undefined,
    malformed: { context: 'acrs', time: 'auth_time' },
  });
});

it('the message names the demand', () => {
  const begin = 'The token does not prove what @RequireAuthentication of the route requires: ';
  expect(acr('a', 'b').demand).toBe(`${begin}one of the authentication contexts "a", "b".`);
  expect(maxAge(60_000).demand).toBe(`${begin}a login within the last 60000 ms.`);
  expect(new AuthenticationRequirement(['a'], 0).demand).toBe(
    `${begin}one of the authentication contexts "a" and a login within the last 0 ms.`,
  );
});

describe('@RequireAuthentication', () => {
  it('stands on methods and classes only', () => {
    expect(() => RequireAuthentication({ acr: 'a' })({}, 'field', FIELD)).toThrow(
      /^@RequireAuthentication stands on "field"/,
    );
  });

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
    ['half a second', { maxAgeMs: 1500 }, 'whole seconds'],
    ['a negative age', { maxAgeMs: -1000 }, 'whole seconds'],
    ['no number', { maxAgeMs: '1000' }, 'whole seconds'],
    ['NaN', { maxAgeMs: NaN }, 'whole seconds'],
    ['Infinity', { maxAgeMs: Infinity }, 'whole seconds'],
  ])('refuses %s', (_what, demand, message) => {
    expect(() => RequireAuthentication(demand as object)).toThrow(
      /^@RequireAuthentication (expects|was given) /,
    );
    expect(() => RequireAuthentication(demand as object)).toThrow(message);
  });

  it('takes one value, several, and an age', () => {
    for (const demand of [
      { acr: 'urn:mace:incommon:iap:silver' },
      { acr: ['a', 'b'] },
      { maxAgeMs: 0 },
      { maxAgeMs: 60_000 },
    ]) {
      expect(() => RequireAuthentication(demand)).not.toThrow();
    }
  });
});
