import type { ValidatedToken } from '../model/token.js';

/** Whether a token is demanded, welcome, or not looked at. */
export type AccessMode = 'public' | 'optional';

/** A demand of a route on a validated token. */
export type Requirement =
  | { readonly kind: 'scopes'; readonly match: 'all' | 'any'; readonly scopes: readonly string[] }
  | { readonly kind: 'roles'; readonly match: 'all' | 'any'; readonly roles: readonly string[] }
  | {
      readonly kind: 'claim';
      readonly path: readonly string[];
      readonly accepts: (value: unknown, claims: ValidatedToken['claims']) => boolean;
    }
  | { readonly kind: 'issuer'; readonly issuers: readonly string[] };

/** What the decorators on a route and on its class add up to. */
export interface AccessPlan {
  readonly mode: 'required' | AccessMode;
  /** All of them are demanded. */
  readonly requirements: readonly Requirement[];
}

const MODE = Symbol('nestjs-identity-model: access mode');
const NOTED = Symbol('nestjs-identity-model: methods with requirements');
const REQUIREMENTS = Symbol('nestjs-identity-model: requirements');

type Target = object;

export function setMode(target: Target, mode: AccessMode): void {
  Reflect.defineMetadata(MODE, mode, target);
}

/** Requirements accumulate: none replaces another. */
export function addRequirement(target: Target, requirement: Requirement): void {
  Reflect.defineMetadata(REQUIREMENTS, [...ownRequirements(target), requirement], target);
}

/** How many requirements each method of a class was given. */
type Noted = ReadonlyMap<string | symbol, number>;

/** Notes on a class that a method of it was given a requirement, whatever becomes of the function. */
export function noteMethod(prototype: Target, name: string | symbol): void {
  const noted = new Map(Reflect.getOwnMetadata(NOTED, prototype) as Noted | undefined);
  Reflect.defineMetadata(NOTED, noted.set(name, (noted.get(name) ?? 0) + 1), prototype);
}

/**
 * Methods whose requirements are gone, all or some: a decorator further up put another function in the
 * method's place without its metadata, so that the route would stand open.
 */
export function lostRequirements(controller: abstract new (...args: never[]) => object): readonly string[] {
  const lost: string[] = [];
  for (let at: unknown = controller.prototype; isObject(at); at = Object.getPrototypeOf(at)) {
    const noted = Reflect.getOwnMetadata(NOTED, at) as Noted | undefined;
    for (const [name, count] of noted ?? []) {
      const method: unknown = Object.getOwnPropertyDescriptor(at, name)?.value;
      if (!isObject(method) || ownRequirements(method).length < count) lost.push(String(name));
    }
  }
  return lost;
}

/**
 * Methods that were given a requirement and are none of the handlers, so that no guard is ever asked about them:
 * hooks, helpers and static ones. Those that a subclass has replaced count no more.
 */
export function neverEnforced(
  controller: abstract new (...args: never[]) => object,
  handlers: ReadonlySet<unknown>,
): readonly string[] {
  const found: string[] = [];
  for (const visible of [controller.prototype as object, controller]) {
    for (let at: unknown = visible; isObject(at); at = Object.getPrototypeOf(at)) {
      const noted = Reflect.getOwnMetadata(NOTED, at) as Noted | undefined;
      for (const name of noted?.keys() ?? []) {
        const method: unknown = Object.getOwnPropertyDescriptor(at, name)?.value;
        if (method === Reflect.get(visible, name) && !handlers.has(method)) found.push(String(name));
      }
    }
  }
  return found;
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/**
 * The plan of a route. The mode of the handler wins over that of the class; where anything is
 * required, from wherever, a token is demanded. The mode of a parent class does not count: a subclass
 * that says nothing must not be open.
 */
export function readAccessPlan(handler: Target, controller: Target): AccessPlan {
  const requirements = [...classRequirements(controller), ...ownRequirements(handler)];
  const mode = ownMode(handler) ?? ownMode(controller);
  return { mode: requirements.length > 0 ? 'required' : (mode ?? 'required'), requirements };
}

/** Whether one target is public or optional and demands something at once. */
export function isContradictory(target: Target): boolean {
  return ownMode(target) !== undefined && ownRequirements(target).length > 0;
}

function ownMode(target: Target): AccessMode | undefined {
  return Reflect.getOwnMetadata(MODE, target) as AccessMode | undefined;
}

/** Whether any access decorator stands on a class or method itself. */
export function saysAnything(target: Target): boolean {
  return ownMode(target) !== undefined || ownRequirements(target).length > 0;
}

/**
 * The parent class whose `@Public()` or `@OptionalAuth()` somebody may expect to count for a class that says nothing
 * itself; undefined where nothing of that kind is, or where something is required.
 */
export function inheritedMode(
  controller: Target,
): { readonly name: string; readonly decorator: string } | undefined {
  if (ownMode(controller) !== undefined || classRequirements(controller).length > 0) return undefined;
  for (
    let at: unknown = Object.getPrototypeOf(controller);
    typeof at === 'function';
    at = Object.getPrototypeOf(at)
  ) {
    const mode = ownMode(at);
    if (mode !== undefined)
      return { name: at.name, decorator: mode === 'public' ? 'Public' : 'OptionalAuth' };
  }
  return undefined;
}

export function ownRequirements(target: Target): readonly Requirement[] {
  return (Reflect.getOwnMetadata(REQUIREMENTS, target) as readonly Requirement[] | undefined) ?? [];
}

/** Those of a class and of all it extends: a subclass demands no less. */
export function classRequirements(controller: Target): readonly Requirement[] {
  const found: Requirement[] = [];
  for (let at: unknown = controller; typeof at === 'function'; at = Object.getPrototypeOf(at)) {
    found.unshift(...ownRequirements(at));
  }
  return found;
}
