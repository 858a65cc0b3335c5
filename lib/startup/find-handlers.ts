import type { ModulesContainer } from '@nestjs/core';
import { isGraphqlDriver, type GraphqlDriver } from './graphql-contexts.js';
import type { HostModule } from './visible-provider.js';

/** Nest's own metadata keys, of methods that are called from outside. */
// As text: the packages that define them (microservices, graphql, websockets) are optional, and an import would demand them.
const MESSAGE = 'microservices:pattern';
const FIELD = 'graphql:resolve_property';
/** What a gateway of federation asks for: to Nest a field like any other. */
const REFERENCE = 'graphql:resolve_reference';
const SOCKET_MESSAGE = 'websockets:message_mapping';
const RESOLVER = 'graphql:resolver_type';
const GATEWAY = 'websockets:is_gateway';
/** `path` is that of all HTTP methods and of Server-Sent Events. */
const HANDLERS = ['path', MESSAGE, SOCKET_MESSAGE, RESOLVER, FIELD, REFERENCE];
/** Nest never runs guards on the resolver of this name. */
const TYPE_NAME = '__resolveType';
/** Where GraphQLModule keeps its options. */
const GRAPHQL_OPTIONS = 'GqlModuleOptions';

export type Class = abstract new (...args: never[]) => object;

/** A class of an application and the module that it is built in. */
export interface HostedClass {
  readonly type: Class;
  readonly host: HostModule;
  /** Whether Nest makes it anew for each request, which a request-scoped global guard of controllers and resolvers brings about. */
  readonly isPerRequest: boolean;
}

/** A method that is called from outside. */
export interface Handler {
  readonly name: string;
  readonly method: object;
  readonly kind: 'route' | 'message' | 'socket' | 'operation' | 'field' | 'reference' | 'type';
}

/** Controllers, gateways and resolvers, and the providers whose methods or class `isMarked` names. */
export function classesOf(
  modules: ModulesContainer,
  isMarked: (type: Class) => boolean,
): readonly HostedClass[] {
  const found: HostedClass[] = [];
  for (const host of modules.values()) {
    const types = new Map<Class, Provider>();
    for (const wrapper of host.controllers.values()) {
      if (typeof wrapper.metatype === 'function') types.set(wrapper.metatype as Class, wrapper);
    }
    for (const wrapper of host.providers.values()) {
      const type = classOf(wrapper);
      if (type === undefined || types.has(type)) continue;
      if (isGateway(type) || isResolver(type) || isMarked(type)) types.set(type, wrapper);
    }
    for (const [type, wrapper] of types) {
      found.push({ type, host, isPerRequest: !wrapper.isDependencyTreeStatic() });
    }
  }
  return found;
}

/** Nest looks for resolvers in what factories have made, too. */
function classOf({ metatype, instance, isNotMetatype }: Provider): Class | undefined {
  if (!isNotMetatype) return typeof metatype === 'function' ? (metatype as Class) : undefined;
  // Not its own "constructor": what a factory has made may be a proxy that throws.
  const prototype: unknown =
    typeof instance === 'object' && instance !== null ? Object.getPrototypeOf(instance) : undefined;
  const made: unknown = Reflect.get(Object(prototype) as object, 'constructor');
  return typeof made === 'function' && made !== Object ? (made as Class) : undefined;
}

type Provider = HostModule['providers'] extends Map<unknown, infer Each> ? Each : never;

export function isGateway(type: Class): boolean {
  return Reflect.hasMetadata(GATEWAY, type);
}

function isResolver(type: Class): boolean {
  return Reflect.hasMetadata(RESOLVER, type) || handlersOf(type).some(({ kind }) => RESOLVER_KINDS.has(kind));
}

const RESOLVER_KINDS: ReadonlySet<Handler['kind']> = new Set(['operation', 'field', 'reference', 'type']);

/** Those that a class shows, inherited ones included: an override without a decorator is none. */
export function handlersOf(type: Class): readonly Handler[] {
  const seen = new Set<string>(['constructor']);
  const found: Handler[] = [];
  for (const prototype of prototypesOf(type)) {
    for (const name of Object.getOwnPropertyNames(prototype)) {
      const method = methodOf(prototype, name);
      if (seen.has(name) || method === undefined) continue;
      seen.add(name);
      const kind = kindOf(name, method);
      if (kind !== undefined) found.push({ name, method, kind });
    }
  }
  return found;
}

/** What the method overrides in parent classes, the closest first. */
export function overriddenBy(type: Class, { name, method }: Handler): readonly object[] {
  return prototypesOf(type)
    .map((prototype) => methodOf(prototype, name))
    .filter((each): each is object => each !== undefined && each !== method);
}

/** A method may carry several marks, as a field of a resolver does: the most special one decides. */
function kindOf(name: string, method: object): Handler['kind'] | undefined {
  const marks = HANDLERS.filter((key) => Reflect.hasMetadata(key, method));
  if (marks.length === 0) return undefined;
  if (marks.includes(REFERENCE)) return 'reference';
  if (marks.includes(FIELD)) return name === TYPE_NAME ? 'type' : 'field';
  if (marks.includes(RESOLVER)) return 'operation';
  if (marks.includes(SOCKET_MESSAGE)) return 'socket';
  return marks.includes(MESSAGE) ? 'message' : 'route';
}

/** From the class up to its oldest parent: the first method of a name is the one that is called. */
function prototypesOf(type: Class): readonly object[] {
  const found: object[] = [];
  let at: unknown = type.prototype;
  while (typeof at === 'object' && at !== null && at !== Object.prototype) {
    found.push(at);
    at = Object.getPrototypeOf(at);
  }
  return found;
}

function methodOf(prototype: object, name: string): object | undefined {
  const method: unknown = Object.getOwnPropertyDescriptor(prototype, name)?.value;
  return typeof method === 'function' ? method : undefined;
}

/** What the GraphQLModules of an application serve with. */
export function graphqlDrivers(modules: ModulesContainer): readonly GraphqlDriver[] {
  return [...modules.values()]
    .filter(({ providers }) => providers.has(GRAPHQL_OPTIONS))
    .flatMap(({ providers }) => [...providers.values()].map(({ instance }): unknown => instance))
    .filter(isGraphqlDriver);
}

/** Nest runs guards on the fields of GraphQL objects only if every GraphQLModule is configured to. */
export function runsGuardsOnFields(modules: ModulesContainer): boolean {
  const options = [...modules.values()].flatMap(({ providers }) => providers.get(GRAPHQL_OPTIONS) ?? []);
  return options.every(({ instance }) => {
    const enhancers: unknown = Reflect.get(Object(instance) as object, 'fieldResolverEnhancers');
    return Array.isArray(enhancers) && enhancers.includes('guards');
  });
}
