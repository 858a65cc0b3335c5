import type { ApplicationConfig, ModulesContainer } from '@nestjs/core';
import { assertInjected } from '../auth/assert-injected.js';
import { IdentityAuthGuard } from '../auth/identity-auth.guard.js';
import { IdentityStrategy } from '../auth/identity.strategy.js';
import {
  guardBehind,
  guardsWithoutInstance,
  mayTakeAnyGuard,
  type GuardProvider,
} from './guard-providers.js';
import { providerSeenFrom } from './visible-provider.js';

/** Nest's own metadata key of `@UseGuards`. */
const GUARDS = '__guards__';

/** Whether the guard stands on a class, its parents included, or on a method. */
export function hasGuard(target: object): boolean {
  return hasOurs(Reflect.getMetadata(GUARDS, target));
}

/** Whether it stands on the class itself. */
export function hasOwnGuard(type: object): boolean {
  return hasOurs(Reflect.getOwnMetadata(GUARDS, type));
}

/** The strategies of guards that are bound to the whole application; undefined for one that cannot be determined. */
export interface GlobalGuards {
  /** Of guards that are one instance for all requests. */
  readonly single: readonly (IdentityStrategy | undefined)[];
  /** Of request-scoped and transient ones. */
  readonly scoped: readonly (IdentityStrategy | undefined)[];
  /** Of those that Nest asks about nothing, since it has no instance of them. */
  readonly lost: readonly (IdentityStrategy | undefined)[];
  /** Of factories with a scope that may give a guard of this package, or another one. */
  readonly possible: readonly (IdentityStrategy | undefined)[];
  /** Of the classes of all. */
  readonly names: readonly string[];
}

export function globalGuards(config: ApplicationConfig, modules: ModulesContainer): GlobalGuards {
  const single = config.getGlobalGuards().filter((guard) => isOurs(guard));
  const bound = config.getGlobalRequestGuards();
  const scoped = bound.flatMap((wrapper) => guardBehind(wrapper, isOurs) ?? []);
  const lost = guardsWithoutInstance(modules).flatMap((wrapper) => guardBehind(wrapper, isOurs) ?? []);
  const possible = bound.filter(
    (wrapper) => mayTakeAnyGuard(wrapper) && guardBehind(wrapper, isOurs) === undefined,
  );
  const names = [
    ...single.map((guard) => guard.constructor.name),
    ...[...scoped, ...lost].map(nameOf),
    ...possible.map(() => IdentityAuthGuard.name),
  ];
  return {
    single: single.map((guard) => strategyOf(guardIn(guard))),
    scoped: scoped.map(strategySeenFrom),
    lost: lost.map(strategySeenFrom),
    possible: possible.map(strategySeenFrom),
    names: [...new Set(names)],
  };
}

function nameOf({ metatype, isNotMetatype }: GuardProvider): string {
  return isNotMetatype ? IdentityAuthGuard.name : (metatype?.name ?? IdentityAuthGuard.name);
}

function strategySeenFrom({ host }: GuardProvider): IdentityStrategy | undefined {
  return host && providerSeenFrom(host, IdentityStrategy);
}

/** Read from the instance, since the member is protected: applications that extend the guard may use it, and nobody else. */
function strategyOf(guard: IdentityAuthGuard | undefined): IdentityStrategy | undefined {
  return guard && (Reflect.get(guard, 'strategy') as IdentityStrategy | undefined);
}

function hasOurs(guards: unknown): boolean {
  return Array.isArray(guards) && guards.some(isOurs);
}

/** The guard itself, as class or instance; subclasses count, and guards that have one injected to ask it. */
function isOurs(guard: unknown): boolean {
  if (typeof guard === 'function') return isOurClass(guard) || injectedInto(guard).some(isOurClass);
  return typeof guard === 'object' && guard !== null && guardIn(guard) !== undefined;
}

/** Subclasses count: what they change is the application's decision, and this check cannot know better. */
function isOurClass(value: unknown): boolean {
  return (
    value === IdentityAuthGuard ||
    (typeof value === 'function' && value.prototype instanceof IdentityAuthGuard)
  );
}

/**
 * The guard itself, or the one that another guard holds.
 *
 * @throws {IdentityError} `guard_missing`: it was made with "new", so that no request could be answered.
 */
function guardIn(guard: object): IdentityAuthGuard | undefined {
  // Getters are not asked: those of a guard rely on what Nest has injected.
  const held = Object.values(Object.getOwnPropertyDescriptors(guard)).map(({ value }): unknown => value);
  const found = [guard, ...held].find((each) => each instanceof IdentityAuthGuard);
  if (found !== undefined) assertInjected(found, strategyOf(found));
  return found;
}

/** Tokens of the parameters and properties of a class: the types that TypeScript notes, and those of `@Inject()`. */
function injectedInto(guard: object): readonly unknown[] {
  const read = (key: string): readonly unknown[] => (Reflect.getMetadata(key, guard) ?? []) as unknown[];
  const parameters = read('self:paramtypes') as readonly { readonly param: unknown }[];
  const properties = read('self:properties_metadata') as readonly { readonly type: unknown }[];
  return [
    ...read('design:paramtypes'),
    ...parameters.map(({ param }) => param),
    ...properties.map(({ type }) => type),
  ];
}
