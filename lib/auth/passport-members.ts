import passport from 'passport';

/** What passport 0.6 and 0.7 put on a request. */
interface RequestMembers {
  logIn: unknown;
  login: unknown;
  logOut: unknown;
  logout: unknown;
  isAuthenticated: unknown;
  isUnauthenticated: unknown;
  _sessionManager: unknown;
}

const NAMES = [
  'logIn',
  'login',
  'logOut',
  'logout',
  'isAuthenticated',
  'isUnauthenticated',
  '_sessionManager',
] as const satisfies readonly (keyof RequestMembers)[];

/** Leaves on a request what passport leaves there before it asks a strategy, where the request has nothing of that name. */
export type LeaveMembers = (request: object) => void;

/** @returns a function for the passport that is installed. */
export function passportMembers(): LeaveMembers {
  const read = readMembers();
  const others = Object.entries(read).filter(([name]) => !(NAMES as readonly string[]).includes(name));
  const isKnown = others.length === 0 && NAMES.every((name) => Object.hasOwn(read, name));
  const inherit = inheritedMembers(read);
  return (request) => {
    if (inherit(request)) return;
    if (isKnown) leaveKnown(request, read as unknown as RequestMembers);
    else leaveAll(request, read);
  };
}

/**
 * Express replaces the prototype of each request. From there on V8 of Node.js 20 and 22 copies the description of all properties
 * for each that is added: seven members took 10 µs and 10 KB. A prototype that has them, made once for each application and put
 * before its own, takes one change. Only guarded requests get it.
 *
 * @returns a function that is false for a request of any other kind, and for one that cannot be changed.
 */
function inheritedMembers(members: object): (request: object) => boolean {
  /** Each that we made is its own value: a request that several guards see has it already. */
  const made = new WeakMap<object, object>();
  return (request) => {
    const own = Reflect.getPrototypeOf(request);
    // A class has a constructor, and what Express puts in its place has not.
    if (own === null || Object.hasOwn(own, 'constructor')) return false;
    let extended = made.get(own);
    if (extended === own) return true;
    if (extended === undefined) {
      extended = Object.create(own) as object;
      // What a guard leaves of a token that it lets in.
      leaveAll(extended, { ...members, authInfo: undefined });
      made.set(own, extended).set(extended, extended);
    }
    return Reflect.setPrototypeOf(request, extended);
  };
}

/** Each name written out: V8 adds all of them in the time of one that it has to look up. This runs for every request. */
function leaveKnown(request: Partial<RequestMembers>, members: RequestMembers): void {
  if (!('logIn' in request)) request.logIn = members.logIn;
  if (!('login' in request)) request.login = members.login;
  if (!('logOut' in request)) request.logOut = members.logOut;
  if (!('logout' in request)) request.logout = members.logout;
  if (!('isAuthenticated' in request)) request.isAuthenticated = members.isAuthenticated;
  if (!('isUnauthenticated' in request)) request.isUnauthenticated = members.isUnauthenticated;
  // oxlint-disable-next-line no-underscore-dangle -- passport's name
  if (!('_sessionManager' in request)) request._sessionManager = members._sessionManager;
}

/** For a passport that leaves other members. */
function leaveAll(request: object, members: object): void {
  for (const [name, member] of Object.entries(members)) {
    if (!(name in request)) Reflect.set(request, name, member);
  }
}

/** Asked of passport itself, once, by a strategy that lets a blank request pass. */
function readMembers(): object {
  const blank = {};
  const passing = { name: 'blank', authenticate: (): void => undefined };
  const middleware = passport.authenticate(passing, { session: false }) as Middleware;
  middleware(blank, {}, () => undefined);
  return blank;
}

type Middleware = (request: object, response: object, next: () => void) => void;
