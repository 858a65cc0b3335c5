import type { Requirement } from './requirement.js';

/** Whether a token is welcome, or not looked at; without either, it is required. */
export type AccessMode = 'public' | 'optional';

const MODE = Symbol('nestjs-identity-model: access mode');
const NOTED = Symbol('nestjs-identity-model: methods with requirements');
const REQUIREMENTS = Symbol('nestjs-identity-model: requirements');
const KEYS: readonly symbol[] = [MODE, NOTED, REQUIREMENTS];

export function setMode(target: object, mode: AccessMode): void {
  Reflect.defineMetadata(MODE, mode, target);
}

/** Requirements add up: none replaces another. */
export function addRequirement(target: object, requirement: Requirement): void {
  Reflect.defineMetadata(REQUIREMENTS, [...ownRequirements(target), requirement], target);
}

/** Notes on a class that a method of it was given a requirement, whatever becomes of the function. */
export function noteMethod(prototype: object, name: string | symbol): void {
  const noted = new Map(notedMethods(prototype));
  Reflect.defineMetadata(NOTED, noted.set(name, (noted.get(name) ?? 0) + 1), prototype);
}

/** How many requirements each method was given that a class declares itself. */
export function notedMethods(prototype: object): ReadonlyMap<string | symbol, number> {
  return (
    (Reflect.getOwnMetadata(NOTED, prototype) as ReadonlyMap<string | symbol, number> | undefined) ?? NONE
  );
}

const NONE: ReadonlyMap<string | symbol, number> = new Map();

export function ownMode(target: object): AccessMode | undefined {
  return Reflect.getOwnMetadata(MODE, target) as AccessMode | undefined;
}

export function ownRequirements(target: object): readonly Requirement[] {
  return (Reflect.getOwnMetadata(REQUIREMENTS, target) as readonly Requirement[] | undefined) ?? [];
}

/** Those of a class and of all it extends: a subclass demands no less. */
export function classRequirements(controller: object): readonly Requirement[] {
  const found: Requirement[] = [];
  for (let at: unknown = controller; typeof at === 'function'; at = Object.getPrototypeOf(at)) {
    found.unshift(...ownRequirements(at));
  }
  return found;
}

/** Whether any access decorator stands on a class or method itself. */
export function saysAnything(target: object): boolean {
  return ownMode(target) !== undefined || ownRequirements(target).length > 0;
}

/**
 * Whether a decorator of another copy of this package stands on a class (its parents included), a prototype or a method. That copy's
 * keys have the same names and are other symbols, so no guard of this one reads what they demand.
 */
export function isDecoratedByOther(target: object): boolean {
  const keys: readonly unknown[] = Reflect.getMetadataKeys(target);
  return keys.some(
    (key) =>
      typeof key === 'symbol' &&
      !KEYS.includes(key) &&
      KEYS.some(({ description }) => description === key.description),
  );
}
