import { Inject, Injectable } from '@nestjs/common';
import { IdentityStrategy } from '../auth/identity.strategy.js';
import { classRequirements } from '../requirements/access-metadata.js';
import { neverEnforced } from '../requirements/find-contradictions.js';
import { readAccessPlan } from '../requirements/read-access-plan.js';
import type { Requirement } from '../requirements/requirement.js';
import { globalStrategies, hasGuard } from './bound-guards.js';
import { classesOf, handlersOf, runsGuardsOnFields, type Class, type Handler } from './find-handlers.js';
import { HostApplication } from './host-application.js';
import { providerSeenFrom } from './visible-provider.js';

/** A method that is called from outside, and what an IdentityAuthGuard has to say about it. */
export interface Route {
  /** `Class.method`, for messages. */
  readonly name: string;
  readonly kind: Handler['kind'];
  readonly handler: Handler;
  readonly controller: Class;
  /** Where a guard is bound: on the method or its class, to the whole application alone, or nowhere. */
  readonly guards: 'here' | 'everywhere' | 'nowhere';
  /** Whether Nest asks guards about it at all. */
  readonly isAsked: boolean;
  readonly requirements: readonly Requirement[];
}

/** A class with routes, or with requirements that nothing enforces. */
export interface RouteClass {
  readonly type: Class;
  readonly handlers: readonly Handler[];
  /** Whether Nest asks guards about any of its methods. */
  readonly isAsked: boolean;
  /** Those that this module decides about. */
  readonly routes: readonly Route[];
}

/** Finds the routes of the application: its gateways, resolvers and message handlers as well. */
@Injectable()
export class RouteScanner {
  constructor(
    @Inject(HostApplication) private readonly application: HostApplication,
    @Inject(IdentityStrategy) private readonly strategy: IdentityStrategy,
  ) {}

  /** Whether the application serves HTTP, alone or beside microservices. */
  get servesHttp(): boolean {
    return this.application.hasHttp;
  }

  /**
   * The routes that this module's guard decides about, and those that see no module at all. With several modules each
   * judges its own.
   */
  scan(): readonly RouteClass[] {
    const { modules, config } = this.application;
    const globals = globalStrategies(config);
    const areFieldsGuarded = runsGuardsOnFields(modules);
    const found = new Map<Class, RouteClass>();
    for (const { type, host } of classesOf(modules, isMarked)) {
      const local = providerSeenFrom(host, IdentityStrategy);
      if (found.has(type) || !this.isMine([local, ...globals])) continue;
      const handlers = handlersOf(type);
      const routes = handlers
        .map((handler) => routeOf(type, handler, { isGuardedGlobally: globals.length > 0, areFieldsGuarded }))
        // A guard on the route is that of its own module; a global one decides besides.
        .filter(({ guards }) => this.isMine(guards === 'everywhere' ? globals : [local, ...globals]));
      const isAsked = handlers.some((handler) => isAskedAbout(handler, areFieldsGuarded));
      found.set(type, { type, handlers, isAsked, routes });
    }
    return [...found.values()];
  }

  /** Includes routes whose guard cannot be determined: two modules that complain are better than none. */
  private isMine(strategies: readonly (IdentityStrategy | undefined)[]): boolean {
    return strategies.includes(this.strategy) || strategies.includes(undefined);
  }
}

/** How guards are bound in the application. */
interface GuardBinding {
  readonly isGuardedGlobally: boolean;
  readonly areFieldsGuarded: boolean;
}

function routeOf(
  type: Class,
  handler: Handler,
  { isGuardedGlobally, areFieldsGuarded }: GuardBinding,
): Route {
  const isGuardedHere = hasGuard(handler.method) || hasGuard(type);
  const isAsked = isAskedAbout(handler, areFieldsGuarded);
  // What the class of a field demands, its operations demand, unless guards are run for fields. A reference has none.
  const isAlone = handler.kind === 'field' && !isAsked;
  return {
    name: `${type.name}.${handler.name}`,
    kind: handler.kind,
    handler,
    controller: type,
    guards: isGuardedHere ? 'here' : isGuardedGlobally ? 'everywhere' : 'nowhere',
    isAsked,
    requirements: readAccessPlan(handler.method, isAlone ? NoClass : type).requirements,
  };
}

function isAskedAbout({ kind }: Handler, areFieldsGuarded: boolean): boolean {
  return kind !== 'type' && (areFieldsGuarded || (kind !== 'field' && kind !== 'reference'));
}

/** Of providers that are neither gateways nor resolvers: Nest asks no guard about their methods. */
function isMarked(type: Class): boolean {
  return classRequirements(type).length > 0 || neverEnforced(type, new Set()).length > 0;
}

/** Stands for a class without requirements. */
// oxlint-disable-next-line typescript/no-extraneous-class
class NoClass {}
