import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
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

  describe('on a request whose prototype is an object, as Express makes it', () => {
    const makePrototype = (): object => Object.create(IncomingMessage.prototype) as object;
    const makeRequest = (prototype: object): object =>
      Object.setPrototypeOf(new IncomingMessage(new Socket()), prototype) as object;

    it('has them before the prototype, one object for all requests of an application', () => {
      const prototype = makePrototype();
      const leave = passportMembers();
      const [one, other] = [makeRequest(prototype), makeRequest(prototype)];
      const names = Object.keys(one);
      for (const request of [one, other, one]) leave(request);
      expect(Object.keys(one)).toEqual(names);
      const extended = Object.getPrototypeOf(one) as object;
      expect(Object.getPrototypeOf(other)).toBe(extended);
      expect(Object.getPrototypeOf(extended)).toBe(prototype);
      expect({ ...extended }).toEqual({ ...fromPassport({}), authInfo: undefined });
      expect(one).toBeInstanceOf(IncomingMessage);
    });

    it('leaves other requests of the application as they are, and those of another', () => {
      const [prototype, another] = [makePrototype(), makePrototype()];
      const unguarded = makeRequest(prototype);
      const leave = passportMembers();
      leave(makeRequest(prototype));
      const elsewhere = makeRequest(another);
      leave(elsewhere);
      expect('isAuthenticated' in unguarded).toBe(false);
      expect('isAuthenticated' in prototype).toBe(false);
      expect(Object.getPrototypeOf(Object.getPrototypeOf(elsewhere))).toBe(another);
    });

    it('leaves alone what the request itself has of the name', () => {
      const request = Object.assign(makeRequest(makePrototype()), {
        isAuthenticated: 'own',
        authInfo: 'own',
      });
      passportMembers()(request);
      expect(request).toMatchObject({ isAuthenticated: 'own', authInfo: 'own' });
      expect('logIn' in request).toBe(true);
    });

    it('is an error on a request that cannot be changed', () => {
      const request = Object.freeze(makeRequest(makePrototype()));
      expect(() => passportMembers()(request)).toThrow(TypeError);
    });
  });
});
