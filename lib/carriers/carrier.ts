import type { ValidatedToken } from '../model/token.js';

/**
 * What a guard found out about one request.
 *
 * - `public`: the route is public, the token was not looked at.
 * - `anonymous`: the route is optional and no token came.
 * - `validated`: a token passed every check.
 * - `substituted`: the application's own `handleRequest` let the request pass with a user of its making.
 */
export type CarriedResult =
  | { readonly kind: 'public' | 'anonymous' | 'substituted' }
  | {
      readonly kind: 'validated';
      readonly validated: ValidatedToken;
      readonly by: object;
      /** The `handleRequest` that has had its say about it. */
      readonly handledBy: unknown;
    };

/** A constructor that returns the object it is given: what extends it puts its private fields there. */
// oxlint-disable-next-line typescript/no-extraneous-class
class Given {
  constructor(given: object) {
    return given;
  }
}

/**
 * The result as a private field of the object that lives as long as the request: never `request.user`,
 * which belongs to the application, and which anybody with the request in hand can set. A WeakMap does the
 * same, but its entries outlive the request until a full garbage collection, which shows under load.
 */
class Carried extends Given {
  #result: CarriedResult | undefined;

  static put(carrier: object, result: CarriedResult): void {
    if (#result in carrier) carrier.#result = result;
    else new Carried(carrier).#result = result;
  }

  static of(carrier: object): CarriedResult | undefined {
    return #result in carrier ? carrier.#result : undefined;
  }
}

export function carry(carrier: object, result: CarriedResult): void {
  Carried.put(carrier, result);
}

export function carriedBy(carrier: object): CarriedResult | undefined {
  return Carried.of(carrier);
}
