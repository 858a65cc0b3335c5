import {
  classRequirements,
  countDemands,
  hasTwoModes,
  needsToken,
  notedMethods,
  ownMode,
  ownRequirements,
} from './access-metadata.js';
import { readAccessPlan } from './read-access-plan.js';

type Class = abstract new (...args: never[]) => object;

/**
 * Whether one target is public or optional, and has requirements at once; or is public, and names a resource; or is public and optional. Beside
 * `@OptionalAuth()` a requirement may be reported: of the tokens that come.
 */
export function isContradictory(target: object): boolean {
  if (hasTwoModes(target)) return true;
  switch (ownMode(target)) {
    case 'public':
      return countDemands(target) > 0;
    case 'optional':
      return ownRequirements(target).some(needsToken);
    case undefined:
      return false;
  }
}

/** Whether a method says of itself that something is reported, and its class that no token is looked at. */
export function isReportedInVain(method: object, controller: object): boolean {
  const { requirements, reported, resource } = readAccessPlan(method, controller);
  const isOpen = ownMode(controller) === 'public' && ownMode(method) === undefined;
  return (
    isOpen &&
    requirements.length === 0 &&
    resource === undefined &&
    reported.length > 0 &&
    ownRequirements(method).length > 0
  );
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
  if (ownMode(controller) !== undefined || classRequirements(controller).some(needsToken)) return undefined;
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
