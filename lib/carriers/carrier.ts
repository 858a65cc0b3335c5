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
  | { readonly kind: 'validated'; readonly validated: ValidatedToken; readonly by: object };

/**
 * Results by the object that lives as long as the request: never `request.user`, which belongs to the
 * application, and which anybody with the request in hand can set.
 */
const results = new WeakMap<object, CarriedResult>();

export function carry(carrier: object, result: CarriedResult): void {
  results.set(carrier, result);
}

export function carriedBy(carrier: object): CarriedResult | undefined {
  return results.get(carrier);
}
