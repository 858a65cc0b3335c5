import type { ApplicationConfig, ModulesContainer } from '@nestjs/core';
import { isContradictory, lostRequirements, readAccessPlan } from '../decorators/access-metadata.js';
import { IdentityError } from '../errors/identity-error.js';
import { IdentityAuthGuard } from './identity-auth.guard.js';

/** Nest's own metadata keys of routes and of `@UseGuards`. */
const PATH = 'path';
const GUARDS = '__guards__';

/** What is wrong with the routes of an application. */
export interface RouteFindings {
  /** Public or optional and demanding at once, or demands that another decorator has swallowed. */
  readonly contradictions: readonly string[];
  /** Demanding, with no IdentityAuthGuard. */
  readonly unguarded: readonly string[];
  /** Issuers that routes demand. */
  readonly issuers: ReadonlySet<string>;
  /** Demanding a role. */
  readonly demandingRoles: readonly string[];
}

/** Looks at every route of the application once, at start. */
export function findRouteFaults(modules: ModulesContainer, config: ApplicationConfig): RouteFindings {
  const contradictions: string[] = [];
  const unguarded: string[] = [];
  const issuers = new Set<string>();
  const demandingRoles: string[] = [];
  const guardedGlobally = hasGlobalGuard(config);
  for (const controller of controllersOf(modules)) {
    if (isContradictory(controller)) contradictions.push(controller.name);
    for (const name of lostRequirements(controller)) {
      contradictions.push(
        `${controller.name}.${name} (a decorator above the requirement replaced the method)`,
      );
    }
    for (const [name, handler] of routesOf(controller)) {
      const route = `${controller.name}.${name}`;
      if (isContradictory(handler)) contradictions.push(route);
      const { requirements } = readAccessPlan(handler, controller);
      for (const requirement of requirements) {
        if (requirement.kind === 'issuer') for (const issuer of requirement.issuers) issuers.add(issuer);
      }
      if (requirements.some(({ kind }) => kind === 'roles')) demandingRoles.push(route);
      const guarded = guardedGlobally || hasGuard(handler) || hasGuard(controller);
      if (requirements.length > 0 && !guarded) unguarded.push(route);
    }
  }
  return { contradictions, unguarded, issuers, demandingRoles };
}

/** @throws {IdentityError} `access_contradiction`. */
export function assertNoContradiction({ contradictions }: RouteFindings): void {
  if (contradictions.length === 0) return;
  throw new IdentityError(
    'access_contradiction',
    `Public or optional, and demanding at once: ${contradictions.join(', ')}. Take away one of the decorators`,
  );
}

type Class = abstract new (...args: never[]) => object;

function controllersOf(modules: ModulesContainer): ReadonlySet<Class> {
  const classes = new Set<Class>();
  for (const module of modules.values()) {
    for (const { metatype } of module.controllers.values()) {
      if (typeof metatype === 'function') classes.add(metatype as Class);
    }
  }
  return classes;
}

function* routesOf(controller: Class): Iterable<[name: string, handler: object]> {
  const seen = new Set<string>();
  let at: unknown = controller.prototype;
  while (typeof at === 'object' && at !== null && at !== Object.prototype) {
    for (const name of Object.getOwnPropertyNames(at)) {
      const handler: unknown = Object.getOwnPropertyDescriptor(at, name)?.value;
      if (seen.has(name) || typeof handler !== 'function') continue;
      seen.add(name);
      if (name !== 'constructor' && Reflect.hasMetadata(PATH, handler)) yield [name, handler];
    }
    at = Object.getPrototypeOf(at);
  }
}

function hasGuard(target: object): boolean {
  const guards = Reflect.getMetadata(GUARDS, target) as unknown;
  return Array.isArray(guards) && guards.some(isOurs);
}

function hasGlobalGuard(config: ApplicationConfig): boolean {
  return (
    config.getGlobalGuards().some(isOurs) ||
    config.getGlobalRequestGuards().some(({ metatype }) => isOurs(metatype))
  );
}

/** The guard itself, as class or instance; subclasses count. */
function isOurs(guard: unknown): boolean {
  if (guard instanceof IdentityAuthGuard || guard === IdentityAuthGuard) return true;
  return typeof guard === 'function' && guard.prototype instanceof IdentityAuthGuard;
}
