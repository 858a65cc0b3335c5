import type { ValidatedToken } from '../model/token.js';
import type { MapUser } from './options.types.js';

/** Not told by `length`: functions with rest or default parameters take more than that counts. */
const shared = new WeakSet<MapUser>();

/**
 * A `mapUser` that is asked once for all fields of a GraphQL operation, and that gets the token alone, because its answer
 * is that of every field. Without it, a client decides by the number of aliases how often `mapUser` looks a user up.
 *
 * Elsewhere it changes nothing: a request of another transport calls one handler.
 *
 * @example
 * mapUser: oncePerOperation(({ issuer, claims }) => users.findOne({ issuer, subject: claims.sub }))
 */
export function oncePerOperation(map: (validated: ValidatedToken) => unknown): MapUser {
  const mapUser: MapUser = (validated) => map(validated);
  shared.add(mapUser);
  return mapUser;
}

/** Whether one answer of the function may serve all fields of an operation. */
export function isOncePerOperation(mapUser: MapUser | undefined): boolean {
  return mapUser !== undefined && shared.has(mapUser);
}
