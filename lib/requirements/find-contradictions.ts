import {
  classRequirements,
  countDemands,
  notedMethods,
  ownMode,
  ownRequirements,
  ownResource,
} from './access-metadata.js';

type Class = abstract new (...args: never[]) => object;

/** Whether one target is public or optional, and has requirements at once; or is public, and names a resource. */
export function isContradictory(target: object): boolean {
  const mode = ownMode(target);
  if (mode === 'public' && ownResource(target) !== undefined) return true;
  return mode !== undefined && ownRequirements(target).length > 0;
}

/**
 * Methods whose requirements are gone, all or some: a decorator further up put another function in the
 * method's place without its metadata, so that the route would stand open.
 */
export function lostRequirements(controller: Class): readonly string[] {
  const lost: string[] = [];
  for (let at: unknown = controller.prototype; isObject(at); at = Object.getPrototypeOf(at)) {
    for (const [name, count] of notedMethods(at)) {
      const method: unknown = Object.getOwnPropertyDescriptor(at, name)?.value;
      if (!isObject(method) || countDemands(method) < count) lost.push(String(name));
    }
  }
  return lost;
}

/**
 * Methods that were given a requirement and are none of the handlers, so that no guard is ever asked about them:
 * hooks, helpers and static ones. Those that a subclass has replaced count no more.
 */
export function neverEnforced(controller: Class, handlers: ReadonlySet<unknown>): readonly string[] {
  const found: string[] = [];
  for (const visible of [controller.prototype as object, controller]) {
    for (let at: unknown = visible; isObject(at); at = Object.getPrototypeOf(at)) {
      for (const name of notedMethods(at).keys()) {
        const method: unknown = Object.getOwnPropertyDescriptor(at, name)?.value;
        if (method === Reflect.get(visible, name) && !handlers.has(method)) found.push(String(name));
      }
    }
  }
  return found;
}

/**
 * The parent class whose `@Public()` or `@OptionalAuth()` somebody may expect to count for a class that says nothing
 * itself; undefined if there is none, or if something is required.
 */
export function inheritedMode(
  controller: object,
): { readonly name: string; readonly decorator: string } | undefined {
  if (ownMode(controller) !== undefined || classRequirements(controller).length > 0) return undefined;
  let at: unknown = Object.getPrototypeOf(controller);
  while (typeof at === 'function') {
    const mode = ownMode(at);
    if (mode !== undefined) {
      return { name: at.name, decorator: mode === 'public' ? 'Public' : 'OptionalAuth' };
    }
    at = Object.getPrototypeOf(at);
  }
  return undefined;
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
