import passport from 'passport';

/**
 * What passport puts on every request that it sees, such as `isAuthenticated`: asked of passport itself, once, by a
 * strategy that lets a blank request pass.
 */
export function readPassportMembers(): readonly (readonly [name: string, member: unknown])[] {
  const blank = {};
  const passing = { name: 'blank', authenticate: (): void => undefined };
  const middleware = passport.authenticate(passing, { session: false }) as Middleware;
  middleware(blank, {}, () => undefined);
  return Object.entries(blank);
}

type Middleware = (request: object, response: object, next: () => void) => void;
