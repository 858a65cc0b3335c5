import { IdentityError } from '../errors/identity-error.js';
import { claimContext, mayHoldToken, noteParts } from '../transports/context-owner.js';
import { toHttpException } from '../transports/http-exceptions.js';

/** What GraphQLModule uses to serve: Apollo's, Mercurius' or another driver. None of them is imported. */
export interface GraphqlDriver {
  /** Makes the option `context` a function of the request, which puts the request into what it returns. */
  mergeDefaultOptions(options: DriverOptions, ...rest: unknown[]): Promise<DriverOptions>;
}

interface DriverOptions {
  readonly context?: unknown;
  /** Of Apollo: `graphql-ws` in there may have a `context` of its own. */
  readonly subscriptions?: unknown;
  /** Of Mercurius, which may have one as well. */
  readonly subscription?: unknown;
}

type MakeContext = (...args: unknown[]) => unknown;

const SEPARATED = new WeakSet<GraphqlDriver>();

export function isGraphqlDriver(value: unknown): value is GraphqlDriver {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof Reflect.get(value, 'mergeDefaultOptions') === 'function'
  );
}

/**
 * Keeps a driver from answering a request as the user of another one. `@nestjs/apollo` before 14.0.3 and
 * `@nestjs/mercurius` put the request into the context object of the application, and leave the one that is in there: an
 * object for all requests has that of the first caller for ever. One that a function hands out again is no better where the
 * function itself puts the request in, whatever the driver.
 *
 * To be called before the driver has read its options, which it does when its module is initialised.
 *
 * @param warn - is told of each request that is refused.
 */
export function separateContexts(driver: GraphqlDriver, warn: (line: string) => void): void {
  if (SEPARATED.has(driver)) return;
  SEPARATED.add(driver);
  const merge = driver.mergeDefaultOptions.bind(driver);
  driver.mergeDefaultOptions = async (given, ...rest) => {
    const options = withSubscriptions(given, warn);
    const { context } = options;
    if (typeof context === 'function') {
      return merge({ ...options, context: onePerRequest(context as MakeContext, warn) }, ...rest);
    }
    if (!context || (await copiesContexts(merge, options))) return merge(options, ...rest);
    throw sharedContext('is an object, and the driver keeps the first request in it');
  };
}

/** The contexts that are meant for sockets alone: drivers hand them on as they are. */
function withSubscriptions(options: DriverOptions, warn: (line: string) => void): DriverOptions {
  const { subscriptions, subscription } = options;
  return {
    ...options,
    ...(isObject(subscriptions) ? { subscriptions: withOwnContexts(subscriptions, firstOf, warn) } : {}),
    // Mercurius hands over a socket, and Fastify's request.
    ...(isObject(subscription) ? { subscription: withOwnContexts(subscription, secondOf, warn) } : {}),
  };
}

/** Of the option itself, and of each protocol in there. */
function withOwnContexts(given: Members, ownerOf: OwnerOf, warn: (line: string) => void): Members {
  const changed: Record<string, unknown> = { ...given };
  for (const [name, value] of Object.entries(given)) {
    if (name === 'context' && typeof value === 'function') {
      changed[name] = onePerRequest(value as MakeContext, warn, ownerOf);
    } else if (name === 'context' && isObject(value)) changed[name] = copyWithoutToken(value, warn);
    else if (name === 'onSubscribe' && typeof value === 'function') {
      changed[name] = claimArguments(value as MakeContext, warn);
    } else if (PROTOCOLS.has(name) && isObject(value)) changed[name] = withOwnContexts(value, ownerOf, warn);
  }
  return changed;
}

const PROTOCOLS: ReadonlySet<string> = new Set(['graphql-ws', 'subscriptions-transport-ws']);

/** An object is one for all sockets: what was put into it to say who calls may be of another one. */
function copyWithoutToken(context: object, warn: (line: string) => void): MakeContext {
  return () => {
    if (mayHoldToken(context)) throw refusal('is an object for all sockets that says who calls', warn);
    return Object.assign(Object.create(Object.getPrototypeOf(context) as object | null) as object, context);
  };
}

/** `onSubscribe` of graphql-ws may return what is executed, its context included. */
function claimArguments(onSubscribe: MakeContext, warn: (line: string) => void): MakeContext {
  return async (...args) => {
    let made: unknown;
    const contextIn = async (): Promise<unknown> => {
      made = await onSubscribe(...args);
      return isObject(made) ? made['contextValue'] : undefined;
    };
    await onePerRequest(contextIn, warn)(...args);
    return made;
  };
}

type Members = Readonly<Record<string, unknown>>;
type OwnerOf = (args: readonly unknown[]) => object | undefined;

const firstOf: OwnerOf = ([first]) => requestIn(first);
const secondOf: OwnerOf = ([first, second]) => requestIn(second) ?? requestIn(first);

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null;
}

/** By trying it: whether the second of two requests finds itself in a context object that both are given. */
async function copiesContexts(
  merge: GraphqlDriver['mergeDefaultOptions'],
  options: DriverOptions,
): Promise<boolean> {
  try {
    const { context } = await merge({ ...options, context: {} });
    if (typeof context !== 'function') return false;
    const make = context as MakeContext;
    await make({ req: {} });
    const second = { req: {} };
    const made: unknown = await make(second);
    const request: unknown = Reflect.get(Object(made) as object, 'req');
    return request === second.req || request === second;
  } catch {
    return false;
  }
}

/** An object belongs to the request, or to the socket, that it was made for first. */
function onePerRequest(make: MakeContext, warn: (line: string) => void, ownerOf = firstOf): MakeContext {
  return async (...args) => {
    const owner = ownerOf(args);
    if (owner !== undefined) noteParts(owner);
    const made: unknown = await make(...args);
    if (typeof made !== 'object' || made === null) return made;
    // What came without a request has a request of its own.
    if (claimContext(made, owner ?? args)) return made;
    throw refusal('has returned the object of another request', warn);
  };
}

/** Of Apollo on Express; the others hand over the request itself, and graphql-ws what it knows of the socket. */
function requestIn(first: unknown): object | undefined {
  if (typeof first !== 'object' || first === null) return undefined;
  const request: unknown = Reflect.get(first, 'req');
  return typeof request === 'object' && request !== null ? request : first;
}

function refusal(fact: string, warn: (line: string) => void): Error {
  const error = sharedContext(fact);
  warn(`A GraphQL request was answered with 500. ${error.message}`);
  return toHttpException(error);
}

function sharedContext(fact: string): IdentityError {
  return new IdentityError(
    'options_invalid',
    `The option "context" of GraphQLModule ${fact}: one caller could be taken for another. Let it be a function that makes a ` +
      'new object each time, such as () => ({ … })',
  );
}
