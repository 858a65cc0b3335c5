import type { ApplicationConfig } from '@nestjs/core';
import { IdentityAuthGuard } from './identity-auth.guard.js';
import type { IdentityStrategy } from './identity.strategy.js';
import { strategySeenFrom } from './visible-strategy.js';

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

/** The strategies of guards that are bound to the whole application; undefined for one that cannot be told. */
export function globalStrategies(config: ApplicationConfig): readonly (IdentityStrategy | undefined)[] {
  const bound = config.getGlobalGuards().filter((guard) => isOurs(guard));
  const perRequest = config.getGlobalRequestGuards().filter(({ metatype }) => isOurs(metatype));
  return [
    ...bound.map((guard) => Reflect.get(guard, 'strategy') as IdentityStrategy | undefined),
    ...perRequest.map(({ host }) => host && strategySeenFrom(host)),
  ];
}

function hasOurs(guards: unknown): boolean {
  return Array.isArray(guards) && guards.some(isOurs);
}

/** The guard itself, as class or instance; subclasses count. */
function isOurs(guard: unknown): boolean {
  if (guard instanceof IdentityAuthGuard || guard === IdentityAuthGuard) return true;
  return typeof guard === 'function' && guard.prototype instanceof IdentityAuthGuard;
}
