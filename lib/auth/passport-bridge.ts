import type { ExecutionContext } from '@nestjs/common';
import { IdentityError } from '../errors/identity-error.js';
import { readable } from '../errors/readable-error.js';
import type { AuthAttempt } from './auth-attempt.js';
import type { AuthOutcome } from './auth-outcome.js';
import { passportMembers } from './passport-members.js';

/**
 * All that this module knows of passport and of Nest's AuthGuard: see docs/decisions/0010-passport-bridge.md. It leads a
 * call of the guard through passport to the strategy, and brings back what came of it.
 */
export class PassportBridge {
  /** AuthGuard reads its options before its first await: the call that is being started goes in with them. */
  private starting: StrategyCall | undefined;
  /** What stands for the request if passport has none to write on. */
  private readonly standIns = new WeakMap<ExecutionContext, object>();
  /** Leaves on a request what passport leaves there before it asks a strategy, such as `isAuthenticated`. */
  readonly prepare = passportMembers();

  /** @param strategy - asked at each call: Nest injects it after the constructor of the guard. */
  constructor(
    private readonly guard: object,
    strategy: () => object,
  ) {
    lockOptions(guard, () => {
      // Passport writes the functions of a request onto the strategy object that it is handed.
      const options = { defaultStrategy: Object.create(strategy()) as unknown };
      return this.starting === undefined ? options : { ...options, [CALL]: this.starting };
    });
  }

  /**
   * @param canActivate - AuthGuard's own, to be called on the guard that it is handed.
   * @returns what the strategy found, and what the guard made of it.
   */
  async run(attempt: AuthAttempt, canActivate: (guard: object) => unknown): Promise<PassportResult> {
    let reported: Pick<PassportResult, 'request' | 'outcome'> | undefined;
    this.starting = { attempt, report: (request, outcome) => (reported = { request, outcome }) };
    const answers: GuardAnswers = { user: undefined, property: USER };
    let running: unknown;
    try {
      running = canActivate(observed(this.guard, answers));
    } finally {
      this.starting = undefined;
    }
    try {
      await running;
      return { ...reported, ...answers };
    } catch (thrown) {
      return { ...reported, ...answers, thrown: { error: readable(thrown) } };
    }
  }

  /** Passport leaves functions and results on what it is handed: without an HTTP request that is an object of its own. */
  makeStandIn(context: ExecutionContext): object {
    const standIn = { headers: {} };
    this.standIns.set(context, standIn);
    return standIn;
  }

  standInOf(context: ExecutionContext): object | undefined {
    return this.standIns.get(context);
  }

  /**
   * Leaves on a request what passport and AuthGuard leave there in the end.
   *
   * @throws {TypeError} if `user` is read-only: a request must not go on with a user of somebody else's making.
   */
  finish(request: object, outcome: AuthOutcome): void {
    const marked = request as { authInfo?: unknown; user?: unknown };
    if (outcome.kind === 'authenticated') {
      // Inherited it is there already: see passportMembers.
      if (marked.authInfo !== undefined || !('authInfo' in marked)) marked.authInfo = undefined;
      marked.user = outcome.user;
    } else {
      marked.authInfo = isRejection(outcome.error) ? outcome.error : undefined;
    }
  }
}

/** Passport's `fail` is for these, and `error` for everything else that keeps a request out. */
export function isRejection(error: unknown): error is IdentityError {
  return error instanceof IdentityError && error.status === 401;
}

/** Where AuthGuard leaves the user, unless `getAuthenticateOptions` names another property. */
export const USER = 'user';

export interface PassportResult extends Readonly<GuardAnswers> {
  /** The object that the strategy was handed as the request; undefined if passport has not asked it. */
  readonly request?: object;
  readonly outcome?: AuthOutcome;
  /** Present if AuthGuard threw, whatever it was. */
  readonly thrown?: { readonly error: unknown };
}

/** What the application's overrides of a guard answered in one call. */
interface GuardAnswers {
  /** What `handleRequest` returned; undefined if it was not asked. */
  user: unknown;
  /** The property of the request that AuthGuard leaves it in. */
  property: string;
}

/**
 * The guard as AuthGuard sees it in one call, which notes what the overrides answer. The request is no place to look for that:
 * it may have a user of somebody else's making, and fields of one GraphQL operation write on it at the same time.
 */
function observed(guard: object, answers: GuardAnswers): object {
  // Bound to the guard itself: private fields of a subclass are on no other object.
  const call = (name: string, args: readonly unknown[]): unknown =>
    (Reflect.get(guard, name) as (...all: readonly unknown[]) => unknown).apply(guard, [...args]);
  const own = {
    getRequest: (...args: unknown[]) => call('getRequest', args),
    getResponse: (...args: unknown[]) => call('getResponse', args),
    async getAuthenticateOptions(...args: unknown[]) {
      const options = (await call('getAuthenticateOptions', args)) as { property?: string } | undefined;
      // As AuthGuard reads it.
      answers.property = options?.property || USER;
      return options;
    },
    async handleRequest(...args: unknown[]) {
      return (answers.user = await call('handleRequest', args));
    },
  };
  return Object.assign(Object.create(guard) as object, own);
}

/** The way from the guard to the strategy leads through passport's options: a symbol that nobody else knows. */
const CALL = Symbol('nestjs-identity-model: call of the guard');

/** One call of a guard on its way through passport. */
export interface StrategyCall {
  readonly attempt: AuthAttempt;
  readonly report: (request: object, outcome: AuthOutcome) => void;
}

/** The call that passport's options carry; undefined behind any other guard. */
export function callIn(options: object | undefined): StrategyCall | undefined {
  return options === undefined ? undefined : (Reflect.get(options, CALL) as StrategyCall | undefined);
}

/**
 * AuthGuard's options are injected into a property after construction, so that an application which also imports
 * `PassportModule.register({ defaultStrategy: 'jwt' })` would take this guard over. Each reading hands out options anew.
 */
function lockOptions(guard: object, read: () => object): void {
  Object.defineProperty(guard, 'options', {
    get: read,
    set(_injected: unknown) {
      // What is injected here belongs to other guards.
    },
    enumerable: true,
    configurable: false,
  });
}
