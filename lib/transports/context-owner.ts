/**
 * Whose a GraphQL context is. The option `context` of an application makes it, and may put the request of another caller
 * in there: by handing out one object for all, or by changing it while requests wait for each other.
 */

/** On the context itself, enumerable: Apollo copies it for each operation. */
const OWNER = Symbol('nestjs-identity-model: the request that a GraphQL context was made for');

/** The request or socket that a context object was made for first. */
const OWNERS = new WeakMap<object, object>();

/** The same of what a token is read from. */
const OWNER_OF_PART = new WeakMap<object, object>();

/** Where contexts keep what a token is read from. */
const PLACES = ['req', 'reply', 'request', 'extra', 'connectionParams'];

/**
 * Notes what belongs to a request, or to the socket of graphql-ws. To be called before a context is made for it: others may
 * be made meanwhile.
 */
export function noteParts(owner: object): void {
  for (const part of partsOf(owner)) OWNER_OF_PART.set(part, owner);
}

/** Notes whose context it is. @returns false if it is the context of another one already. */
export function claimContext(context: object, owner: object): boolean {
  const known = OWNERS.get(context) ?? owner;
  OWNERS.set(context, known);
  // Not of a frozen one, which nobody can put another request into.
  Reflect.set(context, OWNER, known);
  return known === owner;
}

/** Whether a context has what a token is read from. */
export function mayHoldToken(context: object): boolean {
  return PLACES.some((place) => member(context, place) !== undefined);
}

/** Whether all that a token is read from belongs to the one that the context was made for. */
export function isOwnContext(context: object): boolean {
  const owner: unknown = Reflect.get(context, OWNER);
  if (owner === undefined) return true;
  return PLACES.every((place) => {
    const part = member(context, place);
    const found = part && ownerOf(part);
    return found === undefined || found === owner;
  });
}

/** By what a request keeps, too: applications make a new object of its headers. */
function ownerOf(part: object): object | undefined {
  const all = [part, member(part, 'request'), member(part, 'headers')];
  return all.map((each) => each && OWNER_OF_PART.get(each)).find((each) => each !== undefined);
}

/** Fastify's request keeps Node's own inside; graphql-ws has the upgrade request in `extra`. */
function partsOf(owner: object): readonly object[] {
  const extra = member(owner, 'extra');
  const upgrade = extra && member(extra, 'request');
  const headers = [owner, upgrade].map((each) => each && member(each, 'headers'));
  const parts = [owner, member(owner, 'raw'), member(owner, 'connectionParams'), extra, upgrade, ...headers];
  return parts.filter((part) => part !== undefined);
}

function member(value: object, name: string): object | undefined {
  const found: unknown = Reflect.get(value, name);
  return typeof found === 'object' && found !== null ? found : undefined;
}
