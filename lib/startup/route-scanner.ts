import { Inject, Injectable } from '@nestjs/common';
import { IdentityStrategy } from '../auth/identity.strategy.js';
import { demandsOfClass, type PlacedRequirement } from '../requirements/access-metadata.js';
import { neverEnforced } from '../requirements/find-contradictions.js';
import { readAccessPlan, type AccessPlan } from '../requirements/read-access-plan.js';
import { bareServers, type BareServer } from './bare-servers.js';
import { globalGuards, hasGuard, type GlobalGuards } from './bound-guards.js';
import {
  classesOf,
  graphqlDrivers,
  handlersOf,
  isGateway,
  runsGuardsOnFields,
  type Class,
  type Handler,
  type HostedClass,
} from './find-handlers.js';
import { gatewaysAskGlobalGuards } from './gateway-probe.js';
import type { GraphqlDriver } from './graphql-contexts.js';
import { HostApplication } from './host-application.js';
import { providerSeenFrom } from './visible-provider.js';

/** A method that is called from outside, and what an IdentityAuthGuard has to say about it. */
export interface Route {
  /** `Class.method`, for messages. */
  readonly name: string;
  readonly kind: Handler['kind'];
  readonly handler: Handler;
  readonly controller: Class;
  /**
   * Where a guard is bound: on the method or its class, to the whole application alone, or nowhere. `missed`: to the
   * whole application, and Nest does not ask it about this handler.
   */
  readonly guards: 'here' | 'everywhere' | 'missed' | 'nowhere';
  /** Names of those that are bound to the whole application. */
  readonly globalGuards: readonly string[];
  readonly mode: AccessPlan['mode'];
  readonly plan: AccessPlan;
  /** Whether Nest asks guards about it at all. */
  readonly isAsked: boolean;
  /** Those that are only reported included. */
  readonly requirements: readonly PlacedRequirement[];
  /** The protected resource that it names. */
  readonly resource: string | undefined;
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

  /** Whether clients can show a certificate to the server of the application itself. */
  get asksForCertificates(): boolean {
    return this.application.asksForCertificates;
  }

  /** What answers GraphQL operations; empty without GraphQL. */
  get graphqlDrivers(): readonly GraphqlDriver[] {
    return graphqlDrivers(this.application.modules);
  }

  /** Servers of microservices to which no client can send a token outside of the payload. */
  async bareServers(): Promise<readonly BareServer[]> {
    return bareServers(this.application.modules);
  }

  /**
   * The routes that this module's guard decides about, and those that see no module at all. With several modules each
   * judges its own.
   */
  async scan(): Promise<readonly RouteClass[]> {
    const { modules, config } = this.application;
    const globals = globalGuards(config, modules);
    const strategies = [...globals.single, ...globals.scoped, ...globals.lost, ...globals.possible];
    const hosted = classesOf(modules, isMarked);
    const areFieldsGuarded = runsGuardsOnFields(modules);
    const areSocketsAsked =
      strategies.length > 0 &&
      hosted.some(({ type }) => isGateway(type)) &&
      (await gatewaysAskGlobalGuards());
    const binding: GuardBinding = { globals, areFieldsGuarded, areSocketsAsked };
    const found = new Map<Class, RouteClass>();
    for (const each of hosted) {
      const { type, host } = each;
      const local = providerSeenFrom(host, IdentityStrategy);
      if (found.has(type) || !this.isMine([local, ...strategies])) continue;
      const handlers = handlersOf(type);
      const routes = handlers
        .map((handler) => routeOf(each, handler, binding))
        // A guard on the route is that of its own module; a global one decides besides.
        .filter(({ guards }) =>
          this.isMine(guards === 'everywhere' || guards === 'missed' ? strategies : [local, ...strategies]),
        );
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

/** How guards are bound in the application, and which of its handlers Nest asks them about. */
interface GuardBinding {
  readonly globals: GlobalGuards;
  readonly areFieldsGuarded: boolean;
  /** Whether global guards are asked about messages of gateways. */
  readonly areSocketsAsked: boolean;
}

function routeOf(hosted: HostedClass, handler: Handler, binding: GuardBinding): Route {
  const { type } = hosted;
  const isAsked = isAskedAbout(handler, binding.areFieldsGuarded);
  // What the class of a field demands, its operations demand, unless guards are run for fields. A reference has none.
  const isAlone = handler.kind === 'field' && !isAsked;
  const plan = readAccessPlan(handler.method, isAlone ? NoClass : type);
  return {
    name: `${type.name}.${handler.name}`,
    kind: handler.kind,
    handler,
    controller: type,
    guards: hasGuard(handler.method) || hasGuard(type) ? 'here' : globalGuardOf(hosted, handler, binding),
    globalGuards: binding.globals.names,
    mode: plan.mode,
    plan,
    isAsked,
    requirements: plan.placed,
    resource: plan.resource,
  };
}

/** Whether one of the guards of the whole application is asked about a handler. */
function globalGuardOf(
  { isPerRequest }: HostedClass,
  { kind }: Handler,
  { globals: { single, scoped, lost, possible }, areSocketsAsked }: GuardBinding,
): Route['guards'] {
  const known = [...single, ...scoped, ...lost];
  if (known.length === 0 && possible.length === 0) return 'nowhere';
  const isSingleAsked = kind !== 'socket' || areSocketsAsked;
  // A request-scoped one Nest asks about what it makes for each request, and gateways it takes for singletons. Whether a
  // transient one is asked differs between handlers and versions: it counts for nothing.
  const isScopedAsked = kind !== 'socket' && isPerRequest;
  if ((single.length > 0 && isSingleAsked) || (scoped.length > 0 && isScopedAsked)) return 'everywhere';
  // One that may be of this package meets no requirement, and one that is not asked may have been meant.
  return known.length === 0 && isScopedAsked ? 'nowhere' : 'missed';
}

function isAskedAbout({ kind }: Handler, areFieldsGuarded: boolean): boolean {
  return kind !== 'type' && (areFieldsGuarded || (kind !== 'field' && kind !== 'reference'));
}

/** Of providers that are neither gateways nor resolvers: Nest asks no guard about their methods. */
function isMarked(type: Class): boolean {
  return demandsOfClass(type) || neverEnforced(type, new Set()).length > 0;
}

/** Stands for a class without requirements. */
// oxlint-disable-next-line typescript/no-extraneous-class
class NoClass {}
