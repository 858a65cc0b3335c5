import { describe, expect, it } from 'vitest';
import { callOf, NO_RIGHTS } from '../../test/support/rights.js';
import { tokenWith } from '../../test/support/token-with.js';
import {
  AuthorizationDetailsRequirement,
  RequireAuthorizationDetails,
  type DetailPredicate,
} from './authorization-details.js';
import { findUnmetRequirement } from './find-unmet-requirement.js';
import { readAccessPlan } from './read-access-plan.js';
import { detailsOfType, readAuthorizationDetails } from './read-authorization-details.js';

const FIELD: PropertyDescriptor = { value: 1 };

const API = 'https://api.example.com';

function judge(
  details: unknown,
  accepts: DetailPredicate = () => true,
  resource?: string,
): string | undefined {
  const requirement = new AuthorizationDetailsRequirement('payment', accepts);
  const token = tokenWith(details === undefined ? {} : { authorization_details: details });
  return findUnmetRequirement(token, [requirement], NO_RIGHTS, callOf(resource))?.error.code;
}

describe('authorization details', () => {
  it.each<[details: unknown, code: string | undefined]>([
    [undefined, 'details_not_met'],
    [null, 'details_not_met'],
    [[], 'details_not_met'],
    [[{ type: 'payment' }], undefined],
    [[{ type: 'account' }, { type: 'payment' }], undefined],
    [[{ type: 'Payment' }], 'details_not_met'],
    [{ type: 'payment' }, 'claim_invalid'],
    ['payment', 'claim_invalid'],
    [[{ type: 'payment' }, 'payment'], 'claim_invalid'],
    [[{ type: 'payment' }, {}], 'claim_invalid'],
    [[{ type: '' }], 'claim_invalid'],
    [[{ type: ['payment'] }], 'claim_invalid'],
    [[['payment']], 'claim_invalid'],
    [[null], 'claim_invalid'],
  ])('%j', (details, code) => {
    expect(judge(details)).toBe(code);
  });

  it('are handed to the function one by one, with the call, and one must fit entirely', () => {
    const seen: unknown[] = [];
    const details = [
      { type: 'payment', n: 1 },
      { type: 'other' },
      { type: 'payment', n: 2 },
      { type: 'payment', n: 3 },
    ];
    const fits: DetailPredicate = (detail, context) => {
      seen.push(detail['n'], context.getType());
      return detail['n'] === 2;
    };
    expect(judge(details, fits)).toBeUndefined();
    expect(seen).toEqual([1, 'http', 2, 'http']);
  });

  it.each(['yes', 1, {}, undefined, null])('are not met by a function that answers %j', (answer) => {
    expect(judge([{ type: 'payment' }], () => answer as boolean)).toBe('details_not_met');
  });

  it('are not judged by a function that answers with a promise', () => {
    const later = (async () => Promise.resolve(true)) as unknown as DetailPredicate;
    expect(() => judge([{ type: 'payment' }], later)).toThrow(
      'The function of @RequireAuthorizationDetails answered with a promise',
    );
  });

  it.each<[locations: unknown, resource: string | undefined, met: boolean]>([
    [[API], API, true],
    [['https://b.test', API], API, true],
    [[`${API}/`], API, false],
    [['https://b.test'], API, false],
    [[], API, false],
    [API, API, false],
    [null, API, false],
    [[API], undefined, false],
    [[undefined], undefined, false],
  ])('with the locations %j count at %s: %s', (locations, resource, met) => {
    expect(judge([{ type: 'payment', locations }], () => true, resource)).toBe(
      met ? undefined : 'details_not_met',
    );
  });

  it('are read by type', () => {
    const all = readAuthorizationDetails(
      tokenWith({ authorization_details: [{ type: 'a' }, { type: 'b' }] }).claims,
    );
    expect(detailsOfType(all ?? [], 'b', undefined)).toEqual([{ type: 'b' }]);
    expect(readAuthorizationDetails(tokenWith({}).claims)).toEqual([]);
  });

  it('that are malformed are named in the message', () => {
    const requirement = new AuthorizationDetailsRequirement('payment', () => true);
    const token = tokenWith({ authorization_details: 'x' });
    expect(findUnmetRequirement(token, [requirement], NO_RIGHTS, callOf())?.error.message).toBe(
      'The claim "authorization_details", which the route reads, has the wrong type or form.',
    );
    expect(requirement.malformedClaim(tokenWith({ authorization_details: [] }))).toBeUndefined();
  });

  it('are named by their type in the message', () => {
    expect(new AuthorizationDetailsRequirement('payment', () => true).demand).toBe(
      'No authorization detail of the type "payment" in the token is what @RequireAuthorizationDetails of the route requires.',
    );
  });
});

describe('@RequireAuthorizationDetails', () => {
  it('without a function is content with the type', () => {
    class Routes {
      @RequireAuthorizationDetails('payment') pay(): void {}
    }
    const { requirements } = readAccessPlan(Reflect.get(Routes.prototype, 'pay'), Routes);
    const token = tokenWith({ authorization_details: [{ type: 'payment' }] });
    expect(requirements).toHaveLength(1);
    expect(findUnmetRequirement(token, requirements, NO_RIGHTS, callOf())).toBeUndefined();
  });

  it('stands on methods only, and says its name', () => {
    expect(() => RequireAuthorizationDetails('payment')({}, 'field', FIELD)).toThrow(
      /^@RequireAuthorizationDetails stands on "field"/,
    );
  });

  it('takes a type, and a function', () => {
    expect(() => RequireAuthorizationDetails('payment')).not.toThrow();
    expect(() => RequireAuthorizationDetails('payment', () => true)).not.toThrow();
  });

  it.each<[string, readonly unknown[], string]>([
    ['no type', [''], 'expects the "type" of an authorization detail'],
    ['a number', [1], 'expects the "type" of an authorization detail'],
    ['no function', ['payment', true], 'expects a function behind the type'],
    ['null', ['payment', null], 'expects a function behind the type'],
  ])('refuses %s', (_what, args, message) => {
    const decorate = RequireAuthorizationDetails as (...given: readonly unknown[]) => unknown;
    expect(() => decorate(...args)).toThrow(`@RequireAuthorizationDetails ${message}`);
  });
});
