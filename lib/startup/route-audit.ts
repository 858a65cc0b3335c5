import { countDemands, demandsOfClass, saysAnything } from '../requirements/access-metadata.js';
import {
  inheritedMode,
  isContradictory,
  isReportedInVain,
  lostRequirements,
  neverEnforced,
} from '../requirements/find-contradictions.js';
import { hasGuard, hasOwnGuard } from './bound-guards.js';
import { isGateway, overriddenBy } from './find-handlers.js';
import type { Route, RouteClass } from './route-scanner.js';

/** What is wrong with the routes of an application, or has to be compared with the options. One rule for each member. */
export interface RouteFindings {
  readonly contradictions: readonly string[];
  readonly unguarded: readonly string[];
  readonly messagesGuardedGlobally: readonly string[];
  readonly openFields: readonly string[];
  readonly requiredIssuers: readonly string[];
  readonly routesWithRoles: readonly string[];
  /** Routes that only tokens get into which are bound to a key. */
  readonly routesWithBinding: readonly string[];
  /** Routes that name a protected resource. */
  readonly routesOfResources: readonly Pick<Route, 'name' | 'resource'>[];
}

/** Looks at the routes once, at start. */
export function auditRoutes(classes: readonly RouteClass[]): RouteFindings {
  const routes = classes.flatMap((each) => each.routes);
  return {
    contradictions: classes.flatMap((each) => [...contradictionsOf(each)]),
    unguarded: classes.flatMap((each) => [...unguardedIn(each)]),
    messagesGuardedGlobally: routes.filter(isMessageGuardedGlobally).map(({ name }) => name),
    openFields: routes.filter(isOpenField).map(({ name }) => name),
    requiredIssuers: [...new Set(routes.flatMap(issuersOf))],
    routesOfResources: routes.filter(({ resource }) => resource !== undefined),
    routesWithRoles: routes
      .filter(({ requirements }) => requirements.some(({ requirement }) => requirement.readsRoles === true))
      .map(({ name }) => name),
    routesWithBinding: routes
      .filter(({ requirements }) =>
        requirements.some(({ requirement }) => requirement.needsBoundToken === true),
      )
      .map(({ name }) => name),
  };
}

function issuersOf({ requirements }: Route): readonly string[] {
  return requirements.flatMap(({ requirement }) => requirement.issuers ?? []);
}

/** Public or optional and demanding at once, or decorators that another one or a subclass has swallowed. */
function* contradictionsOf({ type, handlers }: RouteClass): Iterable<string> {
  if (isContradictory(type)) yield type.name;
  for (const name of lostRequirements(type)) {
    yield `${type.name}.${name} (a decorator above the requirement replaced the method)`;
  }
  for (const handler of handlers) {
    const name = `${type.name}.${handler.name}`;
    if (isContradictory(handler.method)) yield name;
    if (isReportedInVain(handler.method, type)) {
      yield `${name} (its class is public, so no token is looked at and nothing is reported: put @OptionalAuth() on it)`;
    }
    const overridden = overriddenBy(type, handler).find(saysAnything);
    if (overridden === undefined || saysAnything(handler.method)) continue;
    if (countDemands(overridden) === 0) continue;
    yield `${name} (it overrides a method with requirements, which do not count for it: repeat them, or put others on it)`;
  }
  const parent = hasOwnGuard(type) ? undefined : inheritedMode(type);
  if (parent !== undefined && handlers.some(({ method }) => !saysAnything(method))) {
    yield (
      `${type.name} (it extends ${parent.name}, whose @${parent.decorator}() does not count for it: put the decorator ` +
      'on it as well, or @UseGuards(IdentityAuthGuard) if its routes need a token)'
    );
  }
}

/** Requirements that no IdentityAuthGuard is asked about. */
function* unguardedIn(each: RouteClass): Iterable<string> {
  yield* neverAsked(each);
  for (const route of each.routes) {
    const reason = whyUnguarded(route);
    if (reason !== undefined) yield `${route.name}${reason}`;
  }
}

/** Requirements of methods and classes that are no routes. */
function* neverAsked({ type, handlers, isAsked }: RouteClass): Iterable<string> {
  for (const name of neverEnforced(type, new Set(handlers.map(({ method }) => method)))) {
    yield `${type.name}.${name} (no handler, so no guard is asked: take the decorator away)`;
  }
  if (!demandsOfClass(type)) return;
  // References have a line of their own.
  if (isAsked || handlers.some(({ kind }) => kind === 'reference')) return;
  if (handlers.some(({ kind }) => kind === 'field')) {
    yield `${type.name} (it has fields only, and fieldResolverEnhancers lacks 'guards')`;
  } else if (isGateway(type)) {
    yield (
      `${type.name} (a gateway without @SubscribeMessage: guards are asked about messages only, so check what a client ` +
      'may be sent in handleConnection)'
    );
  } else yield `${type.name} (no handler, so no guard is asked: take the decorator away)`;
}

/** Why no guard is asked about what a route demands, to stand behind its name; undefined if all is well. */
function whyUnguarded(route: Route): string | undefined {
  const { kind, handler, controller, guards, mode, isAsked, requirements, resource } = route;
  // Without a requirement as well: where Nest asks a global guard, it lets nobody in without a token.
  if (guards === 'missed' && mode !== 'public' && isAsked) return whyMissed(route);
  // Whoever says which tokens are good for a route means that one is needed.
  const demands = mode !== 'public' && (requirements.length > 0 || resource !== undefined);
  if (!demands) {
    const isLost =
      guards === 'nowhere' &&
      !saysAnything(handler.method) &&
      overriddenBy(controller, handler).some(hasGuard);
    return isLost
      ? ' (it overrides a method with @UseGuards(IdentityAuthGuard), which does not count for it)'
      : undefined;
  }
  if (kind === 'type') return ' (Nest runs no guards on it)';
  if (!isAsked)
    return " (set fieldResolverEnhancers: ['guards'] in GraphQLModule: without it Nest asks no guard about fields)";
  return guards === 'nowhere' ? '' : undefined;
}

function whyMissed({ kind, globalGuards }: Route): string {
  const remedy = `@UseGuards(${globalGuards.join(', ')}) on the class, or @Public() if it needs no token`;
  return kind === 'socket'
    ? ` (the global guard is not asked about messages of gateways, which takes NestJS 12 and a guard without a scope: put ${remedy})`
    : ` (the global guard has a scope, and Nest does not ask such a one about it: bind it without, or put ${remedy})`;
}

/** Whether a guard reads the token of its calls from a GraphQL context. */
export function readsGraphqlContext({ kind, guards, mode, isAsked }: Route): boolean {
  const isGraphql = kind === 'operation' || kind === 'field' || kind === 'reference';
  return isGraphql && isAsked && mode !== 'public' && (guards === 'here' || guards === 'everywhere');
}

/** Whether a message is refused if it carries no token. */
export function needsTokenOfMessage({ kind, guards, mode }: Route): boolean {
  return kind === 'message' && mode === 'required' && (guards === 'here' || guards === 'everywhere');
}

/** A message handler with a global guard only: a hybrid application has none for its microservices, unless it is told to. */
function isMessageGuardedGlobally({ kind, guards, mode }: Route): boolean {
  return kind === 'message' && guards === 'everywhere' && mode !== 'public';
}

/** A field that no guard is asked about: operations of other resolvers may lead past what its class demands. */
function isOpenField({ kind, isAsked, controller }: Route): boolean {
  return kind === 'field' && !isAsked && demandsOfClass(controller);
}
