import { classRequirements, ownRequirements, saysAnything } from '../requirements/access-metadata.js';
import {
  inheritedMode,
  isContradictory,
  lostRequirements,
  neverEnforced,
} from '../requirements/find-contradictions.js';
import { readAccessPlan, type AccessPlan } from '../requirements/read-access-plan.js';
import { IdentityError } from '../errors/identity-error.js';
import { globalStrategies, hasGuard, hasOwnGuard } from './bound-guards.js';
import {
  classesOf,
  handlersOf,
  isGateway,
  overriddenBy,
  runsGuardsOnFields,
  type Class,
  type Handler,
} from './route-scanner.js';
import type { HostApplication } from './host-application.js';
import { IdentityStrategy } from '../auth/identity.strategy.js';
import { providerSeenFrom } from './visible-provider.js';

/** What is wrong with the routes of an application: with its gateways, resolvers and message handlers as well. */
export interface RouteFindings {
  /** Public or optional and demanding at once, or decorators that another one or a subclass has swallowed. */
  readonly contradictions: readonly string[];
  /** Demanding, with no IdentityAuthGuard. */
  readonly unguarded: readonly string[];
  /**
   * Demanding message handlers with a global guard only: a hybrid application has none for its microservices,
   * unless it is told to inherit it.
   */
  readonly messagesGuardedGlobally: readonly string[];
  /** Fields that no guard is asked about, of resolvers whose class demands something of its operations. */
  readonly openFields: readonly string[];
  /** Issuers that routes demand. */
  readonly issuers: ReadonlySet<string>;
  /** Demanding a role. */
  readonly demandingRoles: readonly string[];
}

/**
 * Looks at the routes of the application once, at start: at those that one module's guard decides about, and at those that
 * see no module at all. With several modules each judges its own.
 */
export function findRouteFaults(application: HostApplication, mine: IdentityStrategy): RouteFindings {
  const findings = {
    contradictions: [] as string[],
    unguarded: [] as string[],
    messagesGuardedGlobally: [] as string[],
    openFields: [] as string[],
    issuers: new Set<string>(),
    demandingRoles: [] as string[],
  };
  const { modules, config } = application;
  const globals = globalStrategies(config);
  const setting: Setting = {
    isGuardedGlobally: globals.length > 0,
    areFieldsGuarded: runsGuardsOnFields(modules),
  };
  const isMine = (strategies: readonly (IdentityStrategy | undefined)[]): boolean =>
    strategies.includes(mine) || strategies.includes(undefined);
  const judged = new Set<Class>();
  for (const { type, host } of classesOf(modules, isMarked)) {
    const local = providerSeenFrom(host, IdentityStrategy);
    if (judged.has(type) || !isMine([local, ...globals])) continue;
    judged.add(type);
    const handlers = handlersOf(type);
    findings.contradictions.push(...contradictionsOf(type, handlers));
    findings.unguarded.push(...neverAsked(type, handlers, setting));
    for (const handler of handlers) {
      const isGuardedHere = hasGuard(handler.method) || hasGuard(type);
      // A guard on the route is that of its own module; a global one decides besides.
      if (!isMine(isGuardedHere || globals.length === 0 ? [local, ...globals] : globals)) continue;
      const route = `${type.name}.${handler.name}`;
      const { requirements } = planOf(type, handler, setting);
      if (isOpenField(type, handler, setting)) findings.openFields.push(route);
      for (const { issuers } of requirements) for (const each of issuers ?? []) findings.issuers.add(each);
      if (requirements.some(({ readsRoles }) => readsRoles === true)) findings.demandingRoles.push(route);
      const reason = whyUnguarded(type, handler, { ...setting, isGuardedHere });
      if (reason !== undefined) findings.unguarded.push(`${route}${reason}`);
      else if (requirements.length > 0 && !isGuardedHere && handler.kind === 'message') {
        findings.messagesGuardedGlobally.push(route);
      }
    }
  }
  return findings;
}

/** @throws {IdentityError} `access_contradiction`. */
export function assertNoContradiction({ contradictions }: RouteFindings): void {
  if (contradictions.length === 0) return;
  throw new IdentityError(
    'access_contradiction',
    `Access decorators that contradict each other, or that do not count: ${contradictions.join(', ')}. ` +
      'Public or optional, and demanding at once: take one of the decorators away',
  );
}

/** How guards are bound in the application. */
interface Setting {
  readonly isGuardedGlobally: boolean;
  readonly areFieldsGuarded: boolean;
}

/** Of providers that are neither gateways nor resolvers: nobody asks a guard about their methods. */
function isMarked(type: Class): boolean {
  return classRequirements(type).length > 0 || neverEnforced(type, new Set()).length > 0;
}

function* contradictionsOf(type: Class, handlers: readonly Handler[]): Iterable<string> {
  if (isContradictory(type)) yield type.name;
  for (const name of lostRequirements(type)) {
    yield `${type.name}.${name} (a decorator above the requirement replaced the method)`;
  }
  for (const handler of handlers) {
    const route = `${type.name}.${handler.name}`;
    if (isContradictory(handler.method)) yield route;
    const overridden = overriddenBy(type, handler).find(saysAnything);
    if (overridden === undefined || saysAnything(handler.method)) continue;
    if (ownRequirements(overridden).length === 0) continue;
    yield `${route} (it overrides a method with requirements, which do not count for it: repeat them, or put others on it)`;
  }
  const parent = hasOwnGuard(type) ? undefined : inheritedMode(type);
  if (parent !== undefined && handlers.some(({ method }) => !saysAnything(method))) {
    yield (
      `${type.name} (it extends ${parent.name}, whose @${parent.decorator}() does not count for it: put the decorator ` +
      'on it as well, or @UseGuards(IdentityAuthGuard) if its routes need a token)'
    );
  }
}

/** Requirements that no guard is ever asked about. */
function* neverAsked(type: Class, handlers: readonly Handler[], setting: Setting): Iterable<string> {
  for (const name of neverEnforced(type, new Set(handlers.map(({ method }) => method)))) {
    yield `${type.name}.${name} (no handler, so no guard is asked: take the decorator away)`;
  }
  if (classRequirements(type).length === 0) return;
  // References have a line of their own.
  if (handlers.some((handler) => isAsked(handler, setting) || handler.kind === 'reference')) return;
  if (handlers.some(({ kind }) => kind === 'field')) {
    yield `${type.name} (it has fields only, and fieldResolverEnhancers lacks 'guards')`;
  } else if (isGateway(type)) {
    yield (
      `${type.name} (a gateway without @SubscribeMessage: guards are asked about messages only, so check what a client ` +
      'may be sent in handleConnection)'
    );
  } else yield `${type.name} (no handler, so no guard is asked: take the decorator away)`;
}

function isAsked({ kind }: Handler, { areFieldsGuarded }: Setting): boolean {
  return kind !== 'type' && (areFieldsGuarded || (kind !== 'field' && kind !== 'reference'));
}

/** What the class of a field demands, its operations demand, unless guards are run for fields. A reference has none. */
function planOf(type: Class, handler: Handler, setting: Setting): AccessPlan {
  const isAlone = handler.kind === 'field' && !isAsked(handler, setting);
  return readAccessPlan(handler.method, isAlone ? NoClass : type);
}

// oxlint-disable-next-line typescript/no-extraneous-class
class NoClass {}

/** Whether operations of other resolvers may lead past what the class of a field demands. */
function isOpenField(type: Class, handler: Handler, setting: Setting): boolean {
  return handler.kind === 'field' && !isAsked(handler, setting) && classRequirements(type).length > 0;
}

/** Why nobody is asked about what a handler demands, to stand behind its name; undefined where all is well. */
function whyUnguarded(
  type: Class,
  handler: Handler,
  setting: Setting & { readonly isGuardedHere: boolean },
): string | undefined {
  const isGuarded = setting.isGuardedGlobally || setting.isGuardedHere;
  const { requirements } = planOf(type, handler, setting);
  if (requirements.length === 0) {
    const isLost = !isGuarded && !saysAnything(handler.method) && overriddenBy(type, handler).some(hasGuard);
    return isLost
      ? ' (it overrides a method with @UseGuards(IdentityAuthGuard), which does not count for it)'
      : undefined;
  }
  if (handler.kind === 'type') return ' (Nest runs no guards on it)';
  if (!isAsked(handler, setting)) return " (fieldResolverEnhancers lacks 'guards')";
  return isGuarded ? undefined : '';
}
