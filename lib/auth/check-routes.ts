import type { ApplicationConfig, ModulesContainer } from '@nestjs/core';
import {
  isContradictory,
  lostRequirements,
  neverEnforced,
  readAccessPlan,
} from '../decorators/access-metadata.js';
import { IdentityError } from '../errors/identity-error.js';
import { IdentityAuthGuard } from './identity-auth.guard.js';

/** Nest's own metadata keys, of `@UseGuards` and of what is called from outside. */
const GUARDS = '__guards__';
const MESSAGE = 'microservices:pattern';
const FIELD = 'graphql:resolve_property';
/** What a gateway of federation asks for: to Nest a field like any other. */
const REFERENCE = 'graphql:resolve_reference';
/** Nest never runs guards on the resolver of this name. */
const TYPE_NAME = '__resolveType';
const CONTROLLER_HANDLERS = ['path', MESSAGE];
const RESOLVER = 'graphql:resolver_type';
const PROVIDER_HANDLERS = ['websockets:message_mapping', RESOLVER, FIELD, REFERENCE];
/** Of classes of providers whose methods are called from outside. */
const PROVIDER_CLASSES = ['websockets:is_gateway', RESOLVER];
/** Where GraphQLModule keeps its options. */
const GRAPHQL_OPTIONS = 'GqlModuleOptions';

/** What is wrong with the routes of an application: with its gateways, resolvers and message handlers as well. */
export interface RouteFindings {
  /** Public or optional and demanding at once, or demands that another decorator has swallowed. */
  readonly contradictions: readonly string[];
  /** Demanding, with no IdentityAuthGuard. */
  readonly unguarded: readonly string[];
  /**
   * Demanding message handlers with a global guard only: a hybrid application has none for its microservices,
   * unless it is told to inherit it.
   */
  readonly messagesGuardedGlobally: readonly string[];
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
  const messagesGuardedGlobally: string[] = [];
  const guardedGlobally = hasGlobalGuard(config);
  const fieldsAreGuarded = areFieldsGuarded(modules);
  for (const controller of classesOf(modules)) {
    if (isContradictory(controller)) contradictions.push(controller.name);
    for (const name of lostRequirements(controller)) {
      contradictions.push(
        `${controller.name}.${name} (a decorator above the requirement replaced the method)`,
      );
    }
    const routes = [...routesOf(controller)];
    for (const name of neverEnforced(controller, new Set(routes.map(([, handler]) => handler)))) {
      unguarded.push(
        `${controller.name}.${name} (no handler, so no guard is asked: take the decorator away)`,
      );
    }
    for (const [name, handler] of routes) {
      const route = `${controller.name}.${name}`;
      if (isContradictory(handler)) contradictions.push(route);
      const isReference = Reflect.hasMetadata(REFERENCE, handler);
      const isField = isReference || Reflect.hasMetadata(FIELD, handler);
      // What the class of a field resolver demands, its queries demand: guards are not for fields by default.
      // A reference is asked for without any of them.
      const { requirements } = readAccessPlan(handler, isField && !isReference ? NoClass : controller);
      for (const requirement of requirements) {
        if (requirement.kind === 'issuer') for (const issuer of requirement.issuers) issuers.add(issuer);
      }
      if (requirements.some(({ kind }) => kind === 'roles')) demandingRoles.push(route);
      if (requirements.length === 0) continue;
      const guardedHere = hasGuard(handler) || hasGuard(controller);
      if (isField && name === TYPE_NAME) unguarded.push(`${route} (Nest runs no guards on it)`);
      else if (isField && !fieldsAreGuarded)
        unguarded.push(`${route} (fieldResolverEnhancers lacks 'guards')`);
      else if (!guardedGlobally && !guardedHere) unguarded.push(route);
      else if (!guardedHere && Reflect.hasMetadata(MESSAGE, handler)) messagesGuardedGlobally.push(route);
    }
  }
  return { contradictions, unguarded, messagesGuardedGlobally, issuers, demandingRoles };
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

/** Controllers, and the providers that are gateways or resolvers. */
function classesOf(modules: ModulesContainer): ReadonlySet<Class> {
  const classes = new Set<Class>();
  for (const { controllers, providers } of modules.values()) {
    for (const { metatype } of controllers.values()) {
      if (typeof metatype === 'function') classes.add(metatype as Class);
    }
    for (const { metatype } of providers.values()) {
      if (typeof metatype !== 'function') continue;
      const [first] = routesOf(metatype as Class, PROVIDER_HANDLERS);
      const isCalled = PROVIDER_CLASSES.some((kind) => Reflect.hasMetadata(kind, metatype));
      if (first !== undefined || isCalled) classes.add(metatype as Class);
    }
  }
  return classes;
}

/** Nest runs guards on the fields of GraphQL objects only where every GraphQLModule is told to. */
function areFieldsGuarded(modules: ModulesContainer): boolean {
  const options = [...modules.values()].flatMap(({ providers }) => providers.get(GRAPHQL_OPTIONS) ?? []);
  return options.every(({ instance }) => {
    const enhancers: unknown = Reflect.get(Object(instance) as object, 'fieldResolverEnhancers');
    return Array.isArray(enhancers) && enhancers.includes('guards');
  });
}

// oxlint-disable-next-line typescript/no-extraneous-class
class NoClass {}

function* routesOf(
  controller: Class,
  kinds: readonly string[] = [...CONTROLLER_HANDLERS, ...PROVIDER_HANDLERS],
): Iterable<[name: string, handler: object]> {
  const seen = new Set<string>();
  let at: unknown = controller.prototype;
  while (typeof at === 'object' && at !== null && at !== Object.prototype) {
    for (const name of Object.getOwnPropertyNames(at)) {
      const handler: unknown = Object.getOwnPropertyDescriptor(at, name)?.value;
      if (seen.has(name) || typeof handler !== 'function') continue;
      seen.add(name);
      if (name === 'constructor' || !kinds.some((kind) => Reflect.hasMetadata(kind, handler))) continue;
      yield [name, handler];
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
