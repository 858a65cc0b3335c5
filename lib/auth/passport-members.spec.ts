import passport from 'passport';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { passportMembers } from './passport-members.js';

/** What passport itself leaves on a request. */
function fromPassport(request: object): object {
  const strategy = { name: 'passing', authenticate: (): void => undefined };
  const middleware = passport.authenticate(strategy, { session: false }) as (
    request: object,
    response: object,
    next: () => void,
  ) => void;
  middleware(request, {}, () => undefined);
  return request;
}

function fromUs(request: object): object {
  passportMembers()(request);
  return request;
}

afterEach(() => vi.restoreAllMocks());

describe('passportMembers', () => {
  it('leaves on a request what passport leaves, the same functions', () => {
    const members = Object.entries(fromUs({}));
    expect(members).toEqual(Object.entries(fromPassport({})));
    expect(members.map(([name]) => name)).toContain('isAuthenticated');
  });

  it.each(Object.keys(fromPassport({})))('leaves alone a "%s" of the application', (name) => {
    const own = (): boolean => true;
    expect(Reflect.get(fromUs({ [name]: own }), name)).toBe(own);
    const inherited = fromUs(Object.create({ [name]: own }) as object);
    expect(Object.hasOwn(inherited, name)).toBe(false);
    expect(Reflect.get(inherited, name)).toBe(own);
  });

  it.each([
    ['more', { logIn: 1, another: 2 }],
    ['none of the names that we know', { another: 2 }],
    ['all that we know and another', { ...fromPassport({}), another: 2 }],
  ])('leaves what another passport leaves: %s', (_, members) => {
    vi.spyOn(passport, 'authenticate').mockImplementation(
      () => (request: object) => Object.assign(request, members),
    );
    const leave = passportMembers();
    const request = { another: 'own' };
    leave(request);
    expect(request).toEqual({ ...members, another: 'own' });
  });
});
