import type { ValidatedToken } from '../model/token.js';
import type { RequirementMode } from './requirement-options.js';
import type { Requirement } from './requirement.js';

/** Whether a token is welcome, or not looked at; without either, it is required. */
export type AccessMode = 'public' | 'optional';

/** A requirement as a decorator put it on a class or a method. */
export interface PlacedRequirement {
  /** The name of the decorator, without `@`. */
  readonly decorator: string;
  readonly requirement: Requirement;
  /** undefined if the decorator leaves it to the option `requirementMode`. */
  readonly mode: RequirementMode | undefined;
}

const MODE = Symbol('nestjs-identity-model: access mode');
const TWO_MODES = Symbol('nestjs-identity-model: two access modes');
const RESOURCE = Symbol('nestjs-identity-model: protected resource');
const CLAIM_READERS = Symbol('nestjs-identity-model: claims that parameters read');
const NOTED = Symbol('nestjs-identity-model: methods with requirements');
const REQUIREMENTS = Symbol('nestjs-identity-model: requirements');
const KEYS: readonly symbol[] = [MODE, TWO_MODES, NOTED, REQUIREMENTS, RESOURCE, CLAIM_READERS];

export function setMode(target: object, mode: AccessMode): void {
  const earlier = ownMode(target);
  if (earlier !== undefined && earlier !== mode) Reflect.defineMetadata(TWO_MODES, true, target);
  Reflect.defineMetadata(MODE, mode, target);
}

export function setResource(target: object, url: string): void {
  Reflect.defineMetadata(RESOURCE, url, target);
}

/** The resource that a method or a class itself names. */
export function ownResource(target: object): string | undefined {
  return Reflect.getOwnMetadata(RESOURCE, target) as string | undefined;
}

/** That of a class, or of the nearest one that it extends. */
export function classResource(controller: object): string | undefined {
  for (let at: unknown = controller; typeof at === 'function'; at = Object.getPrototypeOf(at)) {
    const url = ownResource(at);
    if (url !== undefined) return url;
  }
  return undefined;
}

/** A claim that a parameter of a handler is made of: a token in which it is malformed never gets there. */
export interface ClaimReader {
  readonly claim: string;
  readonly isMalformed: (claims: ValidatedToken['claims']) => boolean;
}

/** Notes on a method what a parameter of it reads. */
export function noteClaimReader(reader: ClaimReader): ParameterDecorator {
  return (target, name) => {
    // Stryker disable next-line ConditionalExpression: no class has a member "undefined"
    const method: unknown = name === undefined ? undefined : Reflect.get(target, name);
    if (typeof method !== 'function') return;
    Reflect.defineMetadata(CLAIM_READERS, [...claimReaders(method), reader], method);
  };
}

export function claimReaders(method: object): readonly ClaimReader[] {
  return (Reflect.getOwnMetadata(CLAIM_READERS, method) as readonly ClaimReader[] | undefined) ?? [];
}

/** Requirements add up: none replaces another. */
export function addRequirement(target: object, requirement: PlacedRequirement): void {
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

/** Whether a class or method says of itself that it is public, and that a token is welcome: which decorator is the upper one decides. */
export function hasTwoModes(target: object): boolean {
  return Reflect.hasOwnMetadata(TWO_MODES, target);
}

export function ownRequirements(target: object): readonly PlacedRequirement[] {
  return (Reflect.getOwnMetadata(REQUIREMENTS, target) as readonly PlacedRequirement[] | undefined) ?? [];
}

/** Those of a class and of all it extends: a subclass demands no less. */
export function classRequirements(controller: object): readonly PlacedRequirement[] {
  const found: PlacedRequirement[] = [];
  for (let at: unknown = controller; typeof at === 'function'; at = Object.getPrototypeOf(at)) {
    found.unshift(...ownRequirements(at));
  }
  return found;
}

/**
 * Whether a requirement makes a token necessary. One whose own decorator says that it is only reported changes no answer: the
 * access mode is what it would be without it. The option `requirementMode` changes no access mode either: what needs a token
 * where requirements are enforced needs one where they are reported.
 */
export function needsToken({ mode }: Pick<PlacedRequirement, 'mode'>): boolean {
  return mode !== 'report';
}

/** How many decorators on a class or method itself demand something of a token: its resource counts as one. */
export function countDemands(target: object): number {
  return ownRequirements(target).length + (ownResource(target) === undefined ? 0 : 1);
}

/** Whether a class, or one that it extends, demands something of a token. */
export function demandsOfClass(controller: object): boolean {
  return classRequirements(controller).length > 0 || classResource(controller) !== undefined;
}

/** Whether any access decorator stands on a class or method itself. */
export function saysAnything(target: object): boolean {
  return ownMode(target) !== undefined || countDemands(target) > 0;
}

/**
 * Whether a decorator of another copy of this package stands on a class (its parents included), a prototype or a method. That copy's
 * keys have the same names and are other symbols, so no guard of this one reads what they demand.
 */
export function isDecoratedByOther(target: object): boolean {
  const keys: readonly unknown[] = Reflect.getMetadataKeys(target);
  return keys.some(
    (key) =>
      // Stryker disable next-line ConditionalExpression: a text has no description, as none of our keys lacks one
      typeof key === 'symbol' &&
      !KEYS.includes(key) &&
      KEYS.some(({ description }) => description === key.description),
  );
}
