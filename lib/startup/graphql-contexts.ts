import { IdentityError } from '../errors/identity-error.js';
import { toHttpException } from '../transports/http-exceptions.js';

/** What GraphQLModule uses to serve: Apollo's, Mercurius' or another driver. None of them is imported. */
export interface GraphqlDriver {
  /** Makes the option `context` a function of the request, which puts the request into what it returns. */
  mergeDefaultOptions(options: DriverOptions, ...rest: unknown[]): Promise<DriverOptions>;
}

interface DriverOptions {
  readonly context?: unknown;
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
 * `@nestjs/mercurius` put the request into the context object that the application has made, and leave the one that is in
 * there: an object that serves several requests has that of the first caller for ever.
 *
 * To be called before the driver has read its options, which it does when its module is initialised.
 *
 * @param warn - is told of each request that is refused.
 */
export function separateContexts(driver: GraphqlDriver, warn: (line: string) => void): void {
  if (SEPARATED.has(driver)) return;
  SEPARATED.add(driver);
  const merge = driver.mergeDefaultOptions.bind(driver);
  driver.mergeDefaultOptions = async (options, ...rest) => {
    const { context } = options;
    if (!context || (await copiesContexts(merge))) return merge(options, ...rest);
    if (typeof context !== 'function') throw sharedContext('is an object');
    return merge({ ...options, context: onePerRequest(context as MakeContext, warn) }, ...rest);
  };
}

/** By trying it: whether the second of two requests finds itself in a context object that both are given. */
async function copiesContexts(merge: GraphqlDriver['mergeDefaultOptions']): Promise<boolean> {
  try {
    const shared = {};
    const { context } = await merge({ context: () => shared });
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
function onePerRequest(make: MakeContext, warn: (line: string) => void): MakeContext {
  const owners = new WeakMap<object, unknown>();
  return async (...args) => {
    const made: unknown = await make(...args);
    if (typeof made !== 'object' || made === null) return made;
    const owner = requestIn(args[0]);
    if (!owners.has(made)) owners.set(made, owner);
    if (owner !== undefined && owners.get(made) === owner) return made;
    const error = sharedContext('has returned the same object again');
    warn(`A GraphQL request was answered with 500. ${error.message}`);
    throw toHttpException(error);
  };
}

/** Of Apollo on Express; the others hand over the request itself, and graphql-ws what it knows of the socket. */
function requestIn(first: unknown): object | undefined {
  if (typeof first !== 'object' || first === null) return undefined;
  const request: unknown = Reflect.get(first, 'req');
  return typeof request === 'object' && request !== null ? request : first;
}

function sharedContext(fact: string): IdentityError {
  return new IdentityError(
    'options_invalid',
    `The option "context" of GraphQLModule ${fact}, and its driver keeps the first request in there: everybody after it would ` +
      'be taken for that caller. Let it be a function that makes a new object each time, such as () => ({ … }); ' +
      '@nestjs/apollo 14.0.3 and later make a copy for each request',
  );
}
